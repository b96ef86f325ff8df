import { Client, type ClientOptions } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { CLI, type Conclave } from './conclave.ts';
import type { ServedMcp } from './mcp.ts';

/** What a client says of itself. */
export interface ClientOf {
  /** URIs of its roots, as they are when it is asked; it has no roots at all where this is absent. */
  roots?: () => readonly string[];
}

/** A client on `conclave mcp`, which it starts. */
export async function stdioClient(conclave: Conclave, workspace: string, about: ClientOf = {}): Promise<Client> {
  const client = clientOf(about);
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [CLI, 'mcp', '--workspace', workspace],
    env: Object.fromEntries(
      Object.entries(conclave.env).filter((one): one is [string, string] => one[1] !== undefined),
    ),
    stderr: 'ignore',
  });
  await client.connect(transport);
  return client;
}

/** A client on `conclave serve`. */
export async function httpClient(
  { url, token }: Pick<ServedMcp, 'url' | 'token'>,
  about: ClientOf = {},
): Promise<{ client: Client; transport: StreamableHTTPClientTransport }> {
  const client = clientOf(about);
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { Authorization: `Bearer ${token}` } },
  });
  await client.connect(transport as Transport);
  return { client, transport };
}

/** The text of a tool's result. */
export async function called(
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
): Promise<{ text: string; isError: boolean; data: unknown }> {
  const { content, isError, structuredContent } = await client.callTool({ name, arguments: args });
  const text = (content as { type: string; text?: string }[]).map((part) => part.text ?? '').join('');
  return { text, isError: isError === true, data: structuredContent };
}

function clientOf({ roots }: ClientOf): Client {
  const options: ClientOptions = { capabilities: roots ? { roots: { listChanged: true } } : {} };
  const client = new Client({ name: 'test', version: '1.0.0' }, options);
  if (roots) {
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: roots().map((uri) => ({ uri })) }));
  }
  return client;
}
