import { once } from 'node:events';
import { isIP } from 'node:net';
import type { Installation } from '../../node/openCrew.ts';
import { errorCode } from '../../node/paths.ts';
import { EXIT, UsageError } from '../exitStatus.ts';
import { type McpOptions, report, servedWorkspace } from './mcpCommand.ts';

export interface ServeOptions extends McpOptions {
  host?: string;
  mcpPort?: string;
}

/** Only this machine can reach it. */
const HOST = '127.0.0.1';
const MCP_PORT = 9001;

/** `conclave serve`: our tools over MCP on a port of this machine, until it is stopped. */
export async function serveCommand(
  installation: Installation,
  options: ServeOptions,
  signal: AbortSignal,
): Promise<number> {
  const port = portFrom(options.mcpPort);
  const { host = HOST } = options;
  if (isIP(host) === 0)
    throw new UsageError(`--host: expected the address of an interface, such as 127.0.0.1, got "${host}".`);
  const served = await servedWorkspace(installation, options);
  const { serveHttp } = await import('../../mcp/serve.ts');
  const { serverToken } = await import('../../mcp/token.ts');
  const token = await serverToken(installation.env);
  const server = await serveHttp(installation, { ...served, host, port, token: token.text, report }).catch(
    (cause: unknown) => {
      throw inWords(cause, host, port);
    },
  );
  try {
    const bearer = token.from === 'file' ? `the token in ${token.file}` : 'the token in CONCLAVE_TOKEN';
    process.stderr.write(
      [
        `Serving ${served.workspace}; stop with Ctrl-C.`,
        `MCP       ${server.url}/mcp`,
        `Tools     POST ${server.url}/api/mcp/tool {"tool": "read_file", "args": {"path": "README.md"}}`,
        `Health    ${server.url}/health`,
        `Requests need the header "Authorization: Bearer TOKEN", with ${bearer}.`,
        '',
      ].join('\n'),
    );
    if (!signal.aborted) await once(signal, 'abort');
    return EXIT.aborted;
  } finally {
    await server.close();
  }
}

function portFrom(given: string | undefined): number {
  const port = given === undefined ? MCP_PORT : Number(given);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new UsageError(`--mcp-port: expected the number of a port (0: any that is free), got "${given}".`);
}

/** What keeps the server from listening, in words; anything else as it is. */
function inWords(cause: unknown, host: string, port: number): unknown {
  switch (errorCode(cause)) {
    case 'EADDRINUSE':
      return new UsageError(
        `Port ${port} is in use by another program; perhaps a "conclave serve" runs already. Choose another one with --mcp-port PORT (0: any that is free).`,
        { cause },
      );
    case 'EACCES':
      return new UsageError(
        `Port ${port} needs more rights than this user has. Choose one above 1023 with --mcp-port PORT.`,
        { cause },
      );
    case 'EADDRNOTAVAIL':
      return new UsageError(`--host: no interface of this machine has the address ${host}.`, { cause });
    default:
      return cause;
  }
}
