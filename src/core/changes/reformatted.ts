import type { Reformatted } from '../ports.ts';
import { proposeFiles } from './proposal.ts';

/** Characters of a diff that are kept of one file; a formatter's habits show at its beginning. */
const LONGEST_DIFF = 2_000;

/** What saving made of a written text; an empty diff where it is as it was written, or was not written as a file at all. */
export function reformattedFrom(path: string, written: string | null, saved: string | null): Reformatted {
  if (written === null || saved === null || written === saved) return { path, diff: '' };
  const file = { path, base: { text: written, hash: null }, text: saved };
  const [proposed] = proposeFiles({ files: new Map([[path, file]]) });
  return { path, diff: cut(proposed?.diff ?? '') };
}

/** Whole lines. */
function cut(diff: string): string {
  if (diff.length <= LONGEST_DIFF) return diff;
  return `${diff.slice(0, diff.lastIndexOf('\n', LONGEST_DIFF))}\n… and so on\n`;
}
