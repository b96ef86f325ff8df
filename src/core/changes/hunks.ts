import { parsePatch } from 'diff';
import type { HunkDecision, ProposedFile, RunEvent } from '../../shared/events.ts';
import { fold } from '../../shared/fold.ts';
import type { ProposalState } from '../../shared/runState.ts';
import type { BaseText } from './changeSet.ts';
import { hashText } from './hash.ts';
import { rawLines } from './textLines.ts';

/**
 * One part of a file's change that can be decided by itself: a hunk ("@@ …") of the file's diff, in the diff's order.
 * A file that is created, deleted or renamed is one hunk, whatever its diff holds. A hunk may change several places that
 * lie close together.
 */
export interface ProposalHunk {
  changes: LineChange[];
}

/** Lines of the base that others take the place of. */
export interface LineChange {
  /** 0-based line of the base. */
  from: number;
  replaced: number;
  /** With their line ends. */
  lines: string[];
}

/** One file of a proposal with its texts: null where there is no file. A rename's `base` is that of the old path. */
export interface FileProposal {
  file: ProposedFile;
  base: string | null;
  result: string | null;
  hunks: ProposalHunk[];
}

/** A proposal as it stands: its files with their texts, and what the user decided so far. */
export interface StandingProposal {
  files: FileProposal[];
  state: ProposalState['state'];
  decided: ProposalState['decided'];
}

/** The text of one path under some decision. */
export interface PathText {
  path: string;
  text: string | null;
  /** For a rename's new file: where it was. */
  from?: string;
}

/**
 * The proposal of a run, from its events alone.
 * @param baseOf the recorded base of a path, where it is known already: then the outcomes of steps are enough
 * @returns undefined where the run has proposed nothing (yet)
 * @throws Error where the events do not hold the texts that the proposal was made of
 */
export function standingProposal(events: readonly RunEvent[], baseOf = basesIn(events)): StandingProposal | undefined {
  const { proposal } = fold(events);
  return proposal && { ...proposal, files: proposal.files.map((file) => fileProposal(file, baseOf)) };
}

function basesIn(events: readonly RunEvent[]): (path: string) => BaseText | undefined {
  const bases = new Map<string, BaseText>();
  for (const event of events) if (event.type === 'file.based') bases.set(event.path, event);
  return (path) => bases.get(path);
}

/**
 * @param baseOf the recorded base of a path
 * @throws Error where base, diff and result do not fit together
 */
export function fileProposal(file: ProposedFile, baseOf: (path: string) => BaseText | undefined): FileProposal {
  const { action, path } = file;
  const base = action === 'create' ? null : (baseOf(file.from ?? path)?.text ?? null);
  if ((base === null ? null : hashText(base)) !== file.baseHash) throw unfit(path, 'the text it was made from');
  const parts = hunksOf(file);
  const result = action === 'delete' ? null : withChanges(base ?? '', parts.flat());
  if ((result === null ? null : hashText(result)) !== file.resultHash) throw unfit(path, 'its result');
  const hunks = action === 'modify' ? parts.map((changes) => ({ changes })) : [{ changes: parts.flat() }];
  return { file, base, result, hunks };
}

/** The texts of the file's path, or of both paths of a rename, with the chosen hunks (0-based) applied and no others. */
export function textsWith({ file, base, result, hunks }: FileProposal, chosen: ReadonlySet<number>): PathText[] {
  const { action, path, from } = file;
  switch (action) {
    case 'modify':
      return [
        {
          path,
          text: withChanges(
            base ?? '',
            hunks.flatMap(({ changes }, i) => (chosen.has(i) ? changes : [])),
          ),
        },
      ];
    case 'create':
    case 'delete':
      return [{ path, text: chosen.has(0) ? result : base }];
    case 'rename': {
      if (from === undefined) throw new Error(`The rename of ${path} does not say from where.`);
      if (!chosen.has(0))
        return [
          { path: from, text: base },
          { path, text: null },
        ];
      return [
        { path: from, text: null },
        { path, text: result, from },
      ];
    }
    default:
      return action satisfies never;
  }
}

/** The file's hunks that were decided so, and those (`undefined`) that still wait. */
export function hunksDecided(
  { files, decided }: Pick<StandingProposal, 'files' | 'decided'>,
  path: string,
  decision: HunkDecision | undefined,
): Set<number> {
  const hunks = files.find(({ file }) => file.path === path)?.hunks ?? [];
  return new Set([...hunks.keys()].filter((hunk) => decided[path]?.[hunk] === decision));
}

/**
 * Where a hunk's changed lines begin in the text with the chosen hunks applied, and how many lines they are there.
 * @returns 0-based
 */
export function linesOfHunk(
  { hunks }: FileProposal,
  hunk: number,
  chosen: ReadonlySet<number>,
): { from: number; count: number } {
  const own = hunks[hunk]?.changes ?? [];
  const first = own[0];
  const last = own.at(-1);
  if (!first || !last) return { from: 0, count: 0 };
  let shift = 0;
  for (const [i, { changes }] of hunks.entries()) {
    if (i < hunk && chosen.has(i)) for (const change of changes) shift += change.lines.length - change.replaced;
  }
  const grown = chosen.has(hunk) ? own.reduce((sum, { lines, replaced }) => sum + lines.length - replaced, 0) : 0;
  return { from: first.from + shift, count: last.from + last.replaced - first.from + grown };
}

function unfit(path: string, what: string): Error {
  return new Error(
    `The proposed change of ${path} does not give ${what}, as recorded in the run's events. The run's log is damaged: take the diff from \`conclave replay\` and apply it by hand.`,
  );
}

/** The changes of each hunk of the file's diff; none where only the name changes. */
function hunksOf({ diff }: ProposedFile): LineChange[][] {
  // The head holds names, which are known; and parsing it would make them a matter of quoting.
  const start = diff.search(/^@@ /m);
  if (start < 0) return [];
  const [patch] = parsePatch(diff.slice(start));
  return (patch?.hunks ?? []).map(({ oldStart, lines }) => changesIn(oldStart - 1, lines));
}

function changesIn(start: number, lines: readonly string[]): LineChange[] {
  const changes: LineChange[] = [];
  let at = start;
  let open: LineChange | undefined;
  for (const [i, line] of lines.entries()) {
    const sign = line[0];
    if (sign === '\\') continue;
    if (sign === ' ') {
      open = undefined;
      at += 1;
      continue;
    }
    if (!open) {
      open = { from: at, replaced: 0, lines: [] };
      changes.push(open);
    }
    if (sign === '-') {
      open.replaced += 1;
      at += 1;
    } else open.lines.push(line.slice(1) + (lines[i + 1]?.startsWith('\\') ? '' : '\n'));
  }
  return changes;
}

/** @param changes in the order of their lines */
function withChanges(base: string, changes: readonly LineChange[]): string {
  const lines = rawLines(base);
  const parts: string[][] = [];
  let at = 0;
  for (const { from, replaced, lines: fresh } of changes) {
    parts.push(lines.slice(at, from), fresh);
    at = from + replaced;
  }
  return [...parts, lines.slice(at)].flat().join('');
}
