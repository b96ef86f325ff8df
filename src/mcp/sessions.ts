import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { openReplays } from './replays.ts';
import { writeRpcError } from './wire.ts';

/** Milliseconds after which a client whose stream we have closed comes again. */
const RETRY = 1000;

/** The sessions of MCP over Streamable HTTP: one server and one transport for each client. */
export interface Sessions {
  /** Serves one request to the MCP endpoint; its source and its token are judged already. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Ends all of them; what they have at work is aborted. */
  close(): Promise<void>;
}

interface Session {
  transport: StreamableHTTPServerTransport;
  /** Requests that are not answered to their end, streams among them. */
  open: number;
  /** By `performance.now()`. */
  usedAt: number;
}

/**
 * @param options.connect gives a new client a server of its own
 * @param options.idle milliseconds without any request or open stream after which a session is over
 * @param options.most sessions at a time; the one that was idle longest makes room for a new one
 */
export function openSessions(options: {
  connect: (transport: Transport) => Promise<void>;
  idle: number;
  most: number;
}): Sessions {
  const sessions = new Map<string, Session>();
  const timer = setInterval(
    () => {
      for (const [id, session] of sessions) {
        if (session.open === 0 && performance.now() - session.usedAt > options.idle) void end(id);
      }
    },
    Math.min(options.idle, 60_000),
  );
  // What is left of it must not keep the process.
  timer.unref();

  async function end(id: string): Promise<void> {
    const session = sessions.get(id);
    sessions.delete(id);
    await session?.transport.close();
  }

  /** @returns false where there is no room, because all are in use */
  async function makeRoom(): Promise<boolean> {
    if (sessions.size < options.most) return true;
    const idle = [...sessions].filter(([, { open }]) => open === 0).sort(([, a], [, b]) => a.usedAt - b.usedAt);
    const longest = idle[0]?.[0];
    if (longest === undefined) return false;
    await end(longest);
    return true;
  }

  async function begin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!(await makeRoom())) {
      writeRpcError(response, 503, -32000, `All ${options.most} sessions are in use; end one, or try again later.`);
      return;
    }
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: openReplays(),
      retryInterval: RETRY,
      onsessioninitialized: (id) => {
        const session = { transport, open: 0, usedAt: performance.now() };
        sessions.set(id, session);
        watch(session, response);
      },
      onsessionclosed: (id) => {
        sessions.delete(id);
      },
    });
    // Its type says of optional members that they can be undefined, too; that makes no difference here.
    await options.connect(transport as Transport);
    await transport.handleRequest(request, response);
    // It was no `initialize`, and has its answer.
    if (transport.sessionId === undefined) await transport.close();
  }

  function watch(session: Session, response: ServerResponse): void {
    session.open += 1;
    response.once('close', () => {
      session.open -= 1;
      session.usedAt = performance.now();
    });
  }

  return {
    async handle(request, response) {
      const id = request.headers['mcp-session-id'];
      if (id === undefined) return begin(request, response);
      const session = sessions.get(String(id));
      if (session === undefined) {
        writeRpcError(response, 404, -32001, 'There is no such session (any more); begin a new one with initialize.');
        return;
      }
      watch(session, response);
      await session.transport.handleRequest(request, response);
    },
    async close() {
      clearInterval(timer);
      await Promise.all([...sessions.keys()].map(end));
    },
  };
}
