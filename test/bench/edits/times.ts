import { applyEdits, type Edit } from '../../../src/core/changes/applyEdits.ts';
import { diceOf } from '../../edits/dice.ts';
import { type Draft, drawDraft } from '../../edits/draft.ts';
import { brokenLine } from '../../edits/noise/inner.ts';
import type { SourceFile } from '../../edits/packages.ts';
import { workOf } from '../../edits/work.ts';
import { type Figure, median } from '../figure.ts';

const LINES = [100, 2_000, 20_000];
const EDITS = 15;

/** Time of one edit that matches exactly, that only the loosest step finds, and that is nowhere; each beside a plain search. */
export function timeEdits(sources: readonly SourceFile[]): Figure[] {
  return LINES.flatMap((count) => {
    const file = fileOf(sources, count);
    const edits = drawEdits(file);
    return (['exact', 'broken', 'missing'] as const).map((kind): Figure => {
      const mine = edits.map((edit) => timed(() => applyEdits(file.text, [edit[kind]], { path: file.path })));
      const plain = edits.map((edit) => timed(() => plainEdit(file.text, edit[kind])));
      return {
        what: `${WORDS[kind]}, in ${count.toLocaleString('en')} lines`,
        value: median(mine),
        unit: 'ms',
        baseline: { value: median(plain), of: 'plain search of exact lines' },
      };
    });
  });
}

const WORDS = {
  exact: 'an exact edit',
  broken: 'an edit with a line broken in two',
  missing: 'an edit that is nowhere',
};

/** Real code until there are so many lines, each file once, so that much but not all of it stands there once. */
function fileOf(sources: readonly SourceFile[], count: number): SourceFile {
  const lines: string[] = [];
  for (const file of sources) {
    if (file.language !== 'js' && file.language !== 'ts') continue;
    lines.push(...file.text.split(/\r?\n/));
    if (lines.length >= count) break;
  }
  return { package: 'many', path: 'src/many.ts', language: 'ts', text: `${lines.slice(0, count).join('\n')}\n` };
}

function drawEdits(file: SourceFile): Record<'exact' | 'broken' | 'missing', Edit>[] {
  const dice = diceOf(42);
  const found: Record<'exact' | 'broken' | 'missing', Edit>[] = [];
  while (found.length < EDITS) {
    const draft = drawDraft(file, dice, { least: 8, most: 12, contextLeast: 2, intents: ['change', 'insert'] });
    const broken = draft && brokenLine.apply(workOf(draft), dice, 'both');
    if (!draft || !broken) continue;
    const exact = editOf(workOf(draft));
    const search = exact.search.map((line, i) => (i === 4 ? `${line} + stale` : line));
    found.push({ exact, broken: editOf(broken), missing: { ...exact, search } });
  }
  return found;
}

function editOf(work: { draft: Draft; search: { text: string }[]; replace: { text: string }[] }) {
  return { search: work.search.map(({ text }) => text), replace: work.replace.map(({ text }) => text) };
}

/** @returns milliseconds, the median of some */
function timed(run: () => void): number {
  return median(
    Array.from({ length: 5 }, () => {
      const started = performance.now();
      run();
      return performance.now() - started;
    }),
  );
}

/** The least that an edit takes: lines split, compared one after the other in all places, and joined. */
function plainEdit(text: string, edit: Edit): string | undefined {
  const lines = text.split('\n');
  const { search, replace } = edit;
  if (typeof search === 'string' || typeof replace === 'string') return undefined;
  const places = lines.flatMap((_, at) => (search.every((line, i) => lines[at + i] === line) ? [at] : []));
  const [at] = places;
  if (places.length !== 1 || at === undefined) return undefined;
  return [...lines.slice(0, at), ...replace, ...lines.slice(at + search.length)].join('\n');
}
