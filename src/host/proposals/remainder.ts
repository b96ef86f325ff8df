import {
  type FileProposal,
  hunksDecided,
  linesOfHunk,
  type StandingProposal,
  textsWith,
} from '../../core/changes/hunks.ts';
import { mergeTexts } from '../../core/changes/mergeTexts.ts';
import { rawLines, stretches } from '../../core/changes/textLines.ts';
import { differOnlyByCase } from '../../core/changes/workspacePath.ts';
import type { Workspace } from '../../core/ports.ts';

/** What a file will be when everything of the proposal that still waits is accepted. */
export interface Remainder {
  /** Null: gone. */
  text: string | null;
  /** The user changed the same lines, or the file came or went: nothing of it can be accepted as it is. */
  conflicts: boolean;
  /** Hunks that wait, with the line (0-based) of `text` at which each begins. */
  waiting: { hunk: number; line: number }[];
}

/** @param workspace the files as the user sees them */
export async function remainderOf(
  file: FileProposal,
  proposal: StandingProposal,
  workspace: Workspace,
): Promise<Remainder> {
  const { path, from } = file.file;
  const accepted = hunksDecided(proposal, path, 'accepted');
  const waiting = [...hunksDecided(proposal, path, undefined)];
  const all = new Set([...accepted, ...waiting]);
  const wanted = textAt(file, all);
  const base = textAt(file, accepted);
  // Many disks would show the old file under the new name, where only upper and lower case change.
  const isOld = base === null && from !== undefined && differOnlyByCase(from, path);
  const content = await workspace.read(path);
  const now = content.kind === 'text' && !isOld ? content.text : null;
  const merge = mergeTexts(base, now, wanted);
  const text = merge.kind === 'merged' ? merge.text : wanted;
  const lineIn = lineMap(wanted ?? '', text ?? '');
  return {
    text,
    conflicts: merge.kind === 'conflict',
    waiting: waiting.map((hunk) => ({ hunk, line: lineIn(linesOfHunk(file, hunk, all).from) })),
  };
}

/** The text of the file's own path with the chosen hunks. */
export function textAt(file: FileProposal, chosen: ReadonlySet<number>): string | null {
  return textsWith(file, chosen).find(({ path }) => path === file.file.path)?.text ?? null;
}

/** From a line of one text to the same line of the other, or to what stands in its place. */
function lineMap(from: string, to: string): (line: number) => number {
  const parts = from === to ? [] : stretches(rawLines(from), rawLines(to));
  const last = Math.max(0, rawLines(to).length - 1);
  return (line) => {
    let mapped = line;
    for (const part of parts) {
      if (part.from > line) break;
      mapped = part.kind === 'shared' ? part.to + Math.min(line - part.from, part.count) : part.to;
    }
    return Math.min(mapped, last);
  };
}
