import { easeHeap } from '../leanHeap.ts';
import type { IndexNews, IndexOptions, IndexPlace } from './indexMessages.ts';
import { openWorkspaceIndex } from './workspaceIndex.ts';

/**
 * An index in this very thread, for a process that has little else to do: what it knows of the files is there once, and
 * handed over as it is. Others get their turn between two files.
 */
export function startIndexHere(options: IndexOptions, onNews: (news: IndexNews) => void): IndexPlace {
  const index = openWorkspaceIndex(options, (news) => {
    if (news === 'listed' && index.files < MANY) easeHeap();
    onNews(news);
  });
  return {
    ask: (question, signal = NEVER) => unlessAborted(index.answer(question, signal), signal),
    async close() {
      index.close();
    },
  };
}

/** Files, with which the list of them, and what is known of each, is most of what is in memory. */
const MANY = 30_000;
const NEVER = new AbortController().signal;

/** Who does not want an answer any more does not wait for it, whatever is still done for it. */
function unlessAborted<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('It is not wanted any more.'));
    signal.addEventListener('abort', stop);
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
