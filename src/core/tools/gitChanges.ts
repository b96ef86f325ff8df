import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { linesOf, sameLines } from '../changes/textLines.ts';
import type { GitContext } from './gitBase.ts';
import { contentsOn, type Side, type SideContent } from './gitTexts.ts';

/** How one file differs between two sides. */
export interface Change {
  letter: 'A' | 'M' | 'D' | 'R';
  path: string;
  /** Of a renamed file: where it was. */
  from?: string;
  note?: string;
  /** As a unified diff; missing where there is nothing to show by lines. */
  lines?: string;
  added: number;
  removed: number;
}

/** Milliseconds for the comparison of one file. */
const LONGEST_COMPARISON = 2000;
/** Files that are read at once, so that what has no room is not read. */
const AT_ONCE = 50;
/** Where more are new and gone than these, none is looked at for a rename. */
const MOST_RENAMES = 50;
/** The share of lines that a renamed file has kept. */
const LEAST_KEPT = 0.5;

interface Compared extends Change {
  before: string;
  after: string;
}

/**
 * How files differ between two sides, renames as such. What is left after `mostFiles`, or after the diffs have more than
 * `maxChars` characters, is not looked at.
 */
export async function compareAll(
  sides: { before: Side; after: Side },
  paths: readonly string[],
  bounds: { mostFiles: number; maxChars: number },
  ctx: GitContext,
): Promise<{ changes: Change[]; rest: readonly string[] }> {
  const found: Compared[] = [];
  let size = 0;
  let at = 0;
  while (at < Math.min(paths.length, bounds.mostFiles) && size <= bounds.maxChars) {
    ctx.signal.throwIfAborted();
    const some = paths.slice(at, Math.min(at + AT_ONCE, bounds.mostFiles));
    const [before, after] = await Promise.all([
      contentsOn(sides.before, some, ctx),
      contentsOn(sides.after, some, ctx),
    ]);
    for (const path of some) {
      if (size > bounds.maxChars) break;
      at += 1;
      const [old, now] = [before.get(path), after.get(path)];
      const change = old && now && compare(path, old, now);
      if (!change) continue;
      found.push(change);
      size += change.lines?.length ?? 0;
    }
  }
  return { changes: withRenames(found).map(({ before: _, after: __, ...change }) => change), rest: paths.slice(at) };
}

function compare(path: string, before: SideContent, after: SideContent): Compared | undefined {
  if (before.kind === 'missing' && after.kind === 'missing') return undefined;
  const letter = before.kind === 'missing' ? 'A' : after.kind === 'missing' ? 'D' : 'M';
  const [old, now] = [textOf(before), textOf(after)];
  const nothing = { letter, path, added: 0, removed: 0, before: old ?? '', after: now ?? '' } as const;
  if (before.kind === 'tooLarge' || after.kind === 'tooLarge') return { ...nothing, note: 'too large to compare' };
  if (old === undefined || now === undefined) return { ...nothing, note: 'binary' };
  if (letter === 'M' && old === now) return undefined;
  // Git may store other line ends than the workspace has; what differs only by them is no change of a line.
  if (letter === 'M' && withPlainEnds(old) === withPlainEnds(now))
    return { ...nothing, note: 'only its line ends differ' };
  const lines = patchOf(letter === 'A' ? undefined : path, letter === 'D' ? undefined : path, old, now);
  return lines === undefined
    ? { ...nothing, note: 'too different to compare' }
    : { ...nothing, lines, ...countsIn(lines) };
}

/** A NUL is what git itself goes by; what is no UTF-8 cannot be shown either. Nothing is an empty text. */
function textOf(content: SideContent): string | undefined {
  if (content.kind === 'missing') return '';
  return content.kind === 'text' && !/[\0\uFFFD]/.test(content.text) ? content.text : undefined;
}

function patchOf(from: string | undefined, to: string | undefined, before: string, after: string): string | undefined {
  return createTwoFilesPatch(
    from === undefined ? '/dev/null' : `a/${from}`,
    to === undefined ? '/dev/null' : `b/${to}`,
    withPlainEnds(before),
    withPlainEnds(after),
    undefined,
    undefined,
    { context: 3, headerOptions: FILE_HEADERS_ONLY, timeout: LONGEST_COMPARISON },
  )?.trimEnd();
}

function withPlainEnds(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

function countsIn(patch: string): { added: number; removed: number } {
  // The first two lines are the headers.
  const lines = patch.split('\n').slice(2);
  return {
    added: lines.filter((line) => line.startsWith('+')).length,
    removed: lines.filter((line) => line.startsWith('-')).length,
  };
}

/** A new file with most lines of one that is gone is that one, renamed: the likeliest pair first. */
function withRenames(changes: readonly Compared[]): Compared[] {
  const gone = changes.filter(({ letter, before }) => letter === 'D' && before !== '');
  const fresh = changes.filter(({ letter, after }) => letter === 'A' && after !== '');
  if (gone.length === 0 || fresh.length === 0 || gone.length > MOST_RENAMES || fresh.length > MOST_RENAMES)
    return [...changes];
  const pairs = gone
    .flatMap((old) => fresh.map((now) => ({ old, now, kept: likeness(old, now) })))
    .filter(({ kept }) => kept >= LEAST_KEPT)
    .sort((a, b) => b.kept - a.kept);
  const taken = new Map<Compared, Compared>();
  for (const { old, now } of pairs) {
    const isFree = !taken.has(now) && ![...taken.values()].includes(old);
    if (isFree) taken.set(now, old);
  }
  const moved = new Set(taken.values());
  return changes
    .filter((change) => !moved.has(change))
    .map((change) => {
      const old = taken.get(change);
      return old === undefined ? change : renamed(old, change);
    });
}

/** The share of lines that both have; the same bytes are most alike. */
function likeness(old: Compared, now: Compared): number {
  if (old.before === now.after) return 2;
  if (old.lines === undefined || now.lines === undefined) return 0;
  const [a, b] = [linesOf(old.before), linesOf(now.after)];
  const longer = Math.max(a.length, b.length);
  if (Math.min(a.length, b.length) / longer < LEAST_KEPT) return 0;
  return sameLines(a, b).size / longer;
}

function renamed(old: Compared, now: Compared): Compared {
  const heading = `rename from ${old.path}\nrename to ${now.path}`;
  const base = { ...now, letter: 'R' as const, from: old.path, before: old.before };
  if (old.before === now.after) {
    const { note: _, ...same } = base;
    return { ...same, lines: heading, added: 0, removed: 0 };
  }
  const patch = patchOf(old.path, now.path, old.before, now.after);
  return patch === undefined ? base : { ...base, lines: `${heading}\n${patch}`, ...countsIn(patch) };
}
