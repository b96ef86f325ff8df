/**
 * Requests and notifications between two sides that can only post messages to each other. A method is a function type in a
 * map; both ends are typed by the same two maps, swapped. A call whose method throws is rejected with its message; nothing
 * can hang on a handler that fails.
 */

/** Name → what it takes and gives. Parameters and results are plain data that survives `postMessage`. */
export type Methods<M> = { [K in keyof M]: (params: never) => unknown };
export type Handlers<M> = {
  [K in keyof M]: M[K] extends (params: infer P) => infer R ? (params: P) => R | Promise<R> : never;
};

export type Params<M, K extends keyof M> = M[K] extends (params: infer P) => unknown ? P : never;
type Result<M, K extends keyof M> = M[K] extends (params: never) => infer R ? R : never;

export type Wire =
  | { kind: 'call'; id: number; method: string; params: unknown }
  | { kind: 'result'; id: number; value: unknown }
  | { kind: 'failure'; id: number; message: string };

export interface Peer<Remote> {
  /** Calls a method of the other side. Rejects with its message where it fails, and when this side is closed. */
  call<K extends keyof Remote & string>(method: K, params: Params<Remote, K>): Promise<Result<Remote, K>>;
  /** Takes in what the other side posted. Anything that is not one of our messages is ignored. */
  receive(message: unknown): void;
  /** Rejects what is still waiting; the other side is gone. */
  close(): void;
}

/** @param post hands a message to the other side's `receive` */
export function openPeer<Local extends Methods<Local>, Remote extends Methods<Remote>>(
  handlers: Handlers<Local>,
  post: (message: Wire) => void,
): Peer<Remote> {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  let closed = false;

  async function answer({ id, method, params }: Extract<Wire, { kind: 'call' }>): Promise<void> {
    try {
      if (!Object.hasOwn(handlers, method)) throw new Error(`There is no method "${method}" on this side.`);
      const handler = (handlers as Record<string, (params: unknown) => unknown>)[method];
      const value = await handler?.(params);
      if (!closed) post({ kind: 'result', id, value });
    } catch (error) {
      if (!closed) post({ kind: 'failure', id, message: error instanceof Error ? error.message : String(error) });
    }
  }

  return {
    call(method, params) {
      if (closed) return Promise.reject(new Error('The other side is closed.'));
      lastId += 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        post({ kind: 'call', id, method, params });
      });
    },
    receive(message) {
      if (!isWire(message)) return;
      if (message.kind === 'call') {
        void answer(message);
        return;
      }
      const call = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.kind === 'result') call?.resolve(message.value as never);
      else call?.reject(new Error(message.message));
    },
    close() {
      closed = true;
      for (const { reject } of waiting.values()) reject(new Error('The other side is closed.'));
      waiting.clear();
    },
  };
}

function isWire(message: unknown): message is Wire {
  if (typeof message !== 'object' || message === null || !('kind' in message) || !('id' in message)) return false;
  return message.kind === 'call' || message.kind === 'result' || message.kind === 'failure';
}
