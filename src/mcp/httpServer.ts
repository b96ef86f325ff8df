import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { z } from 'zod';
import type { ToolResult } from '../core/tools/tool.ts';
import { refusalOfBearer, refusalOfSource } from './gate.ts';
import { openSessions } from './sessions.ts';
import { writeJson, writeRpcError } from './wire.ts';

/** What the HTTP server needs to know. */
export interface HttpServerOptions {
  /** The address to listen on. */
  host: string;
  /** 0: any that is free. */
  port: number;
  /** What every request but the one for `/health` must bear; undefined: nobody is asked. */
  token: string | undefined;
  version: string;
  /** Gives a new MCP client a server of its own. */
  connect(transport: Transport): Promise<void>;
  /** For `POST /api/mcp/tool`; rejects with UnknownToolError. */
  callTool(tool: string, args: unknown, signal: AbortSignal): Promise<ToolResult>;
  /** Told of what nobody foresaw. */
  report(error: unknown): void;
  /** Milliseconds after which an unused session is over. */
  idle?: number;
  /** Sessions at a time. */
  most?: number;
}

export interface HttpServer {
  /** "http://127.0.0.1:9001" */
  readonly url: string;
  close(): Promise<void>;
}

const IDLE = 30 * 60 * 1000;
const MOST_SESSIONS = 64;
const LARGEST_BODY = 1024 * 1024;

const CALL = z.object({ tool: z.string(), args: z.record(z.string(), z.unknown()).optional() });

/** The tool of `POST /api/mcp/tool` is not one that there is. */
export class UnknownToolError extends Error {
  override readonly name = 'UnknownToolError';
}

/**
 * Serves MCP (Streamable HTTP) at `/mcp`, single tool calls at `POST /api/mcp/tool`, and `/health`.
 * @throws the system's error where the port cannot be had
 */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const sessions = openSessions({
    connect: options.connect,
    idle: options.idle ?? IDLE,
    most: options.most ?? MOST_SESSIONS,
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '/').split('?', 1)[0];
    const refusal =
      refusalOfSource(request, options.host) ??
      (path === '/health' ? undefined : refusalOfBearer(request, options.token));
    if (refusal) {
      const headers = refusal.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {};
      // What is not read of the body must not be taken for the next request.
      writeRpcError(response, refusal.status, -32000, refusal.message, { ...headers, Connection: 'close' });
      return;
    }
    switch (path) {
      case '/health':
        return writeJson(response, 200, { status: 'ok', name: 'conclave', version: options.version });
      case '/mcp':
        return sessions.handle(request, response);
      case '/api/mcp/tool':
        return answerToolCall(request, response, options);
      default:
        return writeJson(response, 404, { error: 'There is /mcp, POST /api/mcp/tool and /health.' });
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      options.report(error);
      if (response.headersSent) response.destroy();
      else writeRpcError(response, 500, -32603, 'A defect of Conclave stopped this request; its terminal says more.');
    });
  });
  server.listen(options.port, options.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    await sessions.close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      await sessions.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The blueprint's single call: `{tool, args}` in, `{tool, text, isError, data?}` out. */
async function answerToolCall(
  request: IncomingMessage,
  response: ServerResponse,
  { callTool }: Pick<HttpServerOptions, 'callTool'>,
): Promise<void> {
  if (request.method !== 'POST') {
    return writeJson(response, 405, { error: 'Tools are called with POST.' }, { Allow: 'POST' });
  }
  const body = await readBody(request);
  const call = CALL.safeParse(body === undefined ? undefined : parsed(body));
  if (!call.success) {
    return writeJson(
      response,
      400,
      { error: 'The body must be JSON, at most 1 MB: {"tool": "read_file", "args": {"path": "README.md"}}.' },
      { Connection: 'close' },
    );
  }
  const stop = new AbortController();
  response.once('close', () => stop.abort(new Error('the client has gone')));
  try {
    const { text, isError, data } = await callTool(call.data.tool, call.data.args ?? {}, stop.signal);
    writeJson(response, 200, { tool: call.data.tool, text, isError, ...(data === undefined ? {} : { data }) });
  } catch (error) {
    if (stop.signal.aborted) return;
    if (!(error instanceof UnknownToolError)) throw error;
    writeJson(response, 404, { error: error.message });
  }
}

/** @returns undefined where it is too long */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > LARGEST_BODY) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
