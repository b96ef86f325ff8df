import { parentPort, workerData } from 'node:worker_threads';
import type { IndexNews, IndexOptions, IndexQuestion } from './indexMessages.ts';
import type { ThreadReply, ThreadRequest } from './indexThread.ts';
import { packedList } from './packedList.ts';
import { openWorkspaceIndex } from './workspaceIndex.ts';

// The thread of one index. Here disk and processor can be kept busy without anybody waiting for them; and a thread has
// a queue of its own for what the system tells of files.

const port = parentPort;
if (port) {
  const stops = new Map<number, AbortController>();
  const tell = (kind: IndexNews): void => port.postMessage({ kind } satisfies ThreadReply);
  const index = openWorkspaceIndex(workerData as IndexOptions, tell);
  const answer = async (id: number, question: IndexQuestion): Promise<void> => {
    const stop = new AbortController();
    stops.set(id, stop);
    let reply: ThreadReply;
    try {
      const found = await index.answer(question, stop.signal);
      reply = { id, ...(found.kind === 'list' ? packedList(found) : found) };
    } catch (error) {
      reply = { id, kind: 'failed', message: error instanceof Error ? error.message : String(error) };
    }
    stops.delete(id);
    port.postMessage(reply);
  };
  port.on('message', (request: ThreadRequest) => {
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
