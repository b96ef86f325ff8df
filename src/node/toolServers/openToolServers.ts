import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { ConfiguredServer, JsonSchema, ServerTool, ToolServers } from '../../core/ports.ts';
import type { ToolServer } from '../../core/settings.ts';
import { resultText } from './resultText.ts';
import type { StdioTransport } from './stdioTransport.ts';

/** A server as the settings name it. `reason` says why one of them cannot be used. */
export type NamedToolServer = Pick<ConfiguredServer, 'name' | 'source' | 'from'> &
  ({ server: ToolServer } | { reason: string });

/** Milliseconds. */
const LONGEST_START = 20_000;
const LONGEST_CALL = 120_000;
const LONGEST_CALL_WITH_PROGRESS = 600_000;
const MOST_PAGES = 20;
const LONGEST_REASON = 400;

/**
 * The user's own MCP servers, for one run. A connection is made when a server is first asked; one that was lost is made
 * once more by the next call.
 * @param workspace absolute path: where servers are started, and the root that they are told
 */
export function openToolServers(
  named: readonly NamedToolServer[],
  { workspace, version, env }: { workspace: string; version: string; env: NodeJS.ProcessEnv },
): ToolServers {
  const connections = new Map<string, Promise<Client>>();
  const ended = new AbortController();

  function connection(name: string): Promise<Client> {
    const known = connections.get(name);
    if (known !== undefined) return known;
    const connecting = open(name);
    connections.set(name, connecting);
    const forget = (): void => void connections.delete(name);
    // One that is gone is connected to again by the next call.
    connecting.then((client) => {
      client.onclose = forget;
    }, forget);
    return connecting;
  }

  async function open(name: string): Promise<Client> {
    const found = named.find((one) => one.name === name);
    if (found === undefined) throw new Unavailable(`No MCP server "${name}" is configured.`);
    if ('reason' in found) throw new Unavailable(`${found.source}: ${found.reason}`);
    return connect(found.server, { workspace, version, env, signal: ended.signal });
  }

  return {
    configured: named.map(({ name, source, from, ...rest }) => ({
      name,
      source,
      from,
      reach: 'server' in rest ? reachOf(rest.server) : rest.reason,
    })),
    async tools(name, signal) {
      try {
        const client = await until(signal, connection(name));
        return { kind: 'tools', tools: await listTools(client, signal) };
      } catch (error) {
        signal.throwIfAborted();
        return { kind: 'unavailable', reason: reasonOf(error) };
      }
    },
    async call(name, tool, args, { signal, onProgress }) {
      try {
        const client = await until(signal, connection(name));
        const result = (await client.callTool({ name: tool, arguments: args }, undefined, {
          signal: ofOneRequest(signal),
          timeout: LONGEST_CALL,
          resetTimeoutOnProgress: true,
          maxTotalTimeout: LONGEST_CALL_WITH_PROGRESS,
          onprogress: ({ progress, total, message = tool }) =>
            onProgress?.({ message, done: progress, ...(total !== undefined && { total }) }),
        })) as CallToolResult;
        return { text: resultText(result), isError: result.isError === true };
      } catch (error) {
        signal.throwIfAborted();
        return { text: reasonOf(error), isError: true };
      }
    },
    async close() {
      ended.abort(new Unavailable('The run has ended.'));
      await Promise.allSettled([...connections.values()].map(async (connecting) => (await connecting).close()));
    },
  };
}

/** A reason in words of ours. */
class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

async function connect(
  server: ToolServer,
  about: { workspace: string; version: string; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<Client> {
  const [{ Client }, { ListRootsRequestSchema }] = await Promise.all([
    import('@modelcontextprotocol/sdk/client/index.js'),
    import('@modelcontextprotocol/sdk/types.js'),
  ]);
  const client = new Client({ name: 'conclave', version: about.version }, { capabilities: { roots: {} } });
  client.setRequestHandler(ListRootsRequestSchema, () => ({
    roots: [{ uri: pathToFileURL(about.workspace).href, name: 'workspace' }],
  }));
  const transport = await transportTo(server, about);
  try {
    await client.connect(transport, { timeout: LONGEST_START, signal: about.signal });
    return client;
  } catch (error) {
    await transport.close();
    const said = 'complaints' in transport ? (transport as StdioTransport).complaints() : '';
    throw new Unavailable(
      `${sentence(`${reachOf(server)} does not answer: ${messageOf(error)}`)}${said === '' ? '' : ` It said: ${said}`}`,
    );
  }
}

async function transportTo(
  server: ToolServer,
  { workspace, env }: { workspace: string; env: NodeJS.ProcessEnv },
): Promise<Transport> {
  if ('command' in server) {
    const { stdioTransport } = await import('./stdioTransport.ts');
    return stdioTransport({
      argv: [server.command, ...(server.args ?? [])],
      cwd: resolve(workspace, server.cwd ?? '.'),
      env: { ...inherited(env), ...server.env },
    });
  }
  const options = { requestInit: { ...(server.headers && { headers: server.headers }), redirect: 'error' as const } };
  const url = new URL(server.url);
  if (server.type === 'sse') {
    const { SSEClientTransport } = await import('@modelcontextprotocol/sdk/client/sse.js');
    return new SSEClientTransport(url, options);
  }
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  return new StreamableHTTPClientTransport(url, options) as Transport;
}

/** What a server needs to be started at all; whatever else it needs, its entry says. */
const INHERITED =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|LANG|LC_\w+|TMPDIR|TMP|TEMP|APPDATA|LOCALAPPDATA|HOMEDRIVE|HOMEPATH|PATHEXT|PROCESSOR_ARCHITECTURE|PROGRAMFILES|SYSTEMDRIVE|SYSTEMROOT|USERNAME|USERPROFILE|COMSPEC)$/i;

function inherited(env: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && INHERITED.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), DO_NOT_TRACK: '1', NO_COLOR: '1' };
}

async function listTools(client: Client, signal: AbortSignal): Promise<ServerTool[]> {
  const tools: ServerTool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const listed = await client.listTools(cursor === undefined ? {} : { cursor }, {
      signal: ofOneRequest(signal),
      timeout: LONGEST_START,
    });
    for (const { name, description, title, inputSchema } of listed.tools)
      tools.push({ name, description: description ?? title ?? name, schema: inputSchema as JsonSchema });
    cursor = listed.nextCursor;
    if (cursor === undefined) break;
  }
  return tools;
}

/** The SDK never takes its listeners away again: they shall not gather on the signal of a run. */
function ofOneRequest(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal]);
}

function reachOf(server: ToolServer): string {
  return 'command' in server ? [server.command, ...(server.args ?? [])].map(quoted).join(' ') : server.url;
}

function quoted(word: string): string {
  return /^[\w./:@=+,-]+$/.test(word) ? word : JSON.stringify(word);
}

function reasonOf(error: unknown): string {
  const reason = error instanceof Unavailable ? error.message : sentence(messageOf(error));
  return reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON - 1)}…` : reason;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`;
}

async function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
