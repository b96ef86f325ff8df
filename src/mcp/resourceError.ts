import { McpError } from '@modelcontextprotocol/sdk/types.js';

/** MCP's code for a resource that is not there; the SDK has no name for it. */
const NOT_FOUND = -32002;

/** A resource cannot be read, and why: a clause without a full stop. */
export class ResourceError extends McpError {
  override readonly name = 'ResourceError';

  constructor(uri: string, why: string, options?: { cause?: unknown }) {
    super(NOT_FOUND, `This resource cannot be read: ${why}.`, { uri });
    if (options) this.cause = options.cause;
  }
}
