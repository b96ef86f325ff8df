import { parentPort, workerData } from 'node:worker_threads';
import type { IndexOptions, IndexQuestion, IndexReply, IndexRequest } from './indexMessages.ts';
import { openWorkspaceIndex } from './workspaceIndex.ts';

// The thread of one index. Here disk and processor can be kept busy without anybody waiting for them; and a thread has
// a queue of its own for what the system tells of files.

const port = parentPort;
if (port) {
  const stops = new Map<number, AbortController>();
  const tell = (kind: 'listed' | 'changed'): void => port.postMessage({ kind } satisfies IndexReply);
  const index = openWorkspaceIndex(workerData as IndexOptions, tell);
  const answer = async (id: number, question: IndexQuestion): Promise<void> => {
    const stop = new AbortController();
    stops.set(id, stop);
    let reply: IndexReply;
    try {
      reply = { id, ...(await index.answer(question, stop.signal)) };
    } catch (error) {
      reply = { id, kind: 'failed', message: error instanceof Error ? error.message : String(error) };
    }
    stops.delete(id);
    port.postMessage(reply);
  };
  port.on('message', (request: IndexRequest) => {
    if (request.kind === 'cancel') {
      stops.get(request.id)?.abort();
    } else if (request.kind === 'close') {
      index.close();
      port.close();
    } else {
      void answer(request.id, request.question);
    }
  });
}
