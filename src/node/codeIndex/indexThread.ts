import { Worker } from 'node:worker_threads';
import type { IndexAnswer, IndexNews, IndexOptions, IndexPlace, IndexQuestion, ListAnswer } from './indexMessages.ts';
import { type PackedList, unpackedList } from './packedList.ts';

// What is said between the thread of an index and the others.

/** `id`: of the question; `cancel` is about that one. */
export type ThreadRequest =
  | { kind: 'ask'; id: number; question: IndexQuestion }
  | { kind: 'cancel'; id: number }
  | { kind: 'close' };

export type ThreadReply =
  | ({ id: number } & (Exclude<IndexAnswer, ListAnswer> | PackedList | { kind: 'failed'; message: string }))
  | { kind: IndexNews };

/** An index in a thread of its own. @param file absolute path of the built indexWorker.ts */
export function startIndexThread(
  file: string,
  options: IndexOptions,
  { onNews, onEnd }: { onNews: (news: IndexNews) => void; onEnd: () => void },
): IndexPlace {
  const worker = new Worker(file, {
    workerData: options,
    execArgv: [],
    stdout: true,
    stderr: true,
    // Most of what it makes is soon not needed any more: in less memory, that is seen sooner.
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  // Only while somebody waits for it, it keeps the process alive.
  worker.unref();
  const waiting = new Map<number, { resolve(answer: IndexAnswer): void; reject(error: Error): void }>();
  let count = 0;
  const thread: IndexPlace = {
    ask(question, signal) {
      count += 1;
      const id = count;
      const post = (request: ThreadRequest): void => worker.postMessage(request);
      return new Promise<IndexAnswer>((resolve, reject) => {
        const stop = (): void => {
          post({ id, kind: 'cancel' });
          settle(id)?.reject(new Error('It is not wanted any more.'));
        };
        waiting.set(id, {
          resolve(answer) {
            signal?.removeEventListener('abort', stop);
            resolve(answer);
          },
          reject(error) {
            signal?.removeEventListener('abort', stop);
            reject(error);
          },
        });
        signal?.addEventListener('abort', stop);
        if (question.kind !== 'ready') worker.ref();
        post({ kind: 'ask', id, question });
      });
    },
    async close() {
      worker.postMessage({ kind: 'close' } satisfies ThreadRequest);
      const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      const patience = setTimeout(() => void worker.terminate(), 1000);
      await ended;
      clearTimeout(patience);
    },
  };
  const settle = (id: number) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    return asked;
  };
  worker.on('message', (reply: ThreadReply) => {
    if (!('id' in reply)) onNews(reply.kind);
    else if (reply.kind === 'failed') settle(reply.id)?.reject(new Error(reply.message));
    else settle(reply.id)?.resolve(reply.kind === 'packedList' ? unpackedList(reply) : reply);
  });
  // What an error is like does not matter: without an index everything is found, too.
  worker.on('error', () => {});
  worker.on('exit', () => {
    for (const id of [...waiting.keys()]) settle(id)?.reject(new Error('The thread of the index has ended.'));
    onEnd();
  });
  return thread;
}
