import { hashText } from '../changes/hash.ts';
import type { Workspace } from '../ports.ts';
import type { Cut } from './shareRoom.ts';

/** Where an agent reads what its messages show only in part: a file that is there for its tools alone. */
const BRIEF = '.conclave/brief.md';

/** How a cut in an agent's message says where the rest is. */
export const BRIEF_SHOWS_ALL = `read_file with path="${BRIEF}" shows all of it`;

/** Longer lines are broken, because reading on goes by lines. In characters. */
const LONGEST_LINE = 1000;

/** The workspace with the agent's whole brief in it. @param brief the uncut text, as it is now */
export function withBrief(workspace: Workspace, brief: () => string): Workspace {
  return {
    root: workspace.root,
    read: async (path) => {
      if (path !== BRIEF) return workspace.read(path);
      const text = brief().replace(new RegExp(`.{${LONGEST_LINE}}(?=.)`, 'gu'), '$&\n');
      return { kind: 'text', text, hash: hashText(text) };
    },
    ...(workspace.readLines && { readLines: workspace.readLines }),
    list: (signal) => workspace.list(signal),
    search: (query, signal) => workspace.search(query, signal),
    unsaved: async () => (await workspace.unsaved?.()) ?? [],
  };
}

/** The cut of a part whose rest stands in the agent's brief. */
export const IN_BRIEF: Cut = { kind: 'middle', rest: BRIEF_SHOWS_ALL };
