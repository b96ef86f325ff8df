import type { IndexNews, IndexOptions, IndexPlace } from './indexMessages.ts';
import { openWorkspaceIndex } from './workspaceIndex.ts';

/**
 * An index in this very thread, for a process that has little else to do: what it knows of the files is there once, and
 * handed over as it is. Others get their turn every few milliseconds.
 */
export function startIndexHere(options: IndexOptions, onNews: (news: IndexNews) => void): IndexPlace {
  const index = openWorkspaceIndex(options, onNews);
  return {
    ask: (question, signal = NEVER) => index.answer(question, signal),
    async close() {
      index.close();
    },
  };
}

const NEVER = new AbortController().signal;
