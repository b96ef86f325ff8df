import { indentOf, isBlank, timesFound } from '../fileLines.ts';
import { lineComment } from '../language.ts';
import { isShared, type Noise, oldOf, type Side, type Work } from '../work.ts';

/** Lines in the middle, which stay, are left out of both sides, and a line says so. */
export const elidedMiddle: Noise = {
  name: 'elided middle',
  family: 'lines',
  sides: ['both'],
  apply: (work, dice) => {
    const { draft } = work;
    if (work.search.some(({ text }) => /\.\.\.|…/.test(text))) return undefined;
    const gaps = work.search.flatMap((_, at) => {
      const from = draft.from + at;
      return [2, 3, 4, 5, 7, 9].flatMap((count) =>
        isGap(work, from, from + count) ? [{ from, to: from + count }] : [],
      );
    });
    if (gaps.length === 0) return undefined;
    const gap = dice.pick(gaps);
    const indent = indentOf(draft.lines[gap.from]?.text ?? '');
    const marker = dice.pick(markersOf(work)).replace(/^/, dice.chance(0.8) ? indent : '');
    const other = dice.chance(0.15) ? indent + dice.pick(markersOf(work)) : marker;
    const without = (list: Side[], shown: string): Side[] =>
      list.flatMap((side) => {
        const old = oldOf(draft, side);
        if (old === undefined || old < gap.from || old >= gap.to) return [side];
        return old === gap.from ? [{ text: shown }] : [];
      });
    return { ...work, search: without(work.search, marker), replace: without(work.replace, other) };
  },
};

/** What stands before the gap and after it tells its place alone, and the gap stays as it is. */
function isGap({ draft }: Work, from: number, to: number): boolean {
  if (from < draft.from + 1 || to > draft.to - 1) return false;
  const texts = draft.lines.map(({ text }) => text);
  const head = texts.slice(draft.from, from);
  const tail = texts.slice(to, draft.to);
  if ([head[0], head.at(-1), tail[0], tail.at(-1), texts[from], texts[to - 1]].some((line) => isBlank(line ?? '')))
    return false;
  if (timesFound(draft.original, head) !== 1 || timesFound(draft.original, tail) !== 1) return false;
  const places = draft.after.flatMap((line, i) =>
    line.old !== undefined && line.old >= from && line.old < to && isShared(draft, { text: line.text, after: i })
      ? [i]
      : [],
  );
  if (places.length !== to - from || !places.every((place, i) => place === (places[0] ?? 0) + i)) return false;
  // The lines at both edges of the gap stay too: so what is changed is clearly on one side of it.
  const edges = [draft.after[(places[0] ?? 0) - 1], draft.after[(places.at(-1) ?? 0) + 1]];
  return (
    edges[0]?.old === from - 1 &&
    edges[1]?.old === to &&
    edges.every((line) => line && texts[line.old ?? -1] === line.text)
  );
}

function markersOf({ draft }: Work): string[] {
  const mark = lineComment(draft.language);
  const plain = draft.language === 'markdown' || draft.language === 'yaml' ? [] : ['...'];
  if (mark !== undefined) {
    return [
      ...plain,
      `${mark} ...`,
      `${mark} ... existing code ...`,
      `${mark} … existing code …`,
      `${mark} ... rest of the code ...`,
    ];
  }
  if (draft.language === 'css') return [...plain, '/* ... */', '/* ... existing code ... */'];
  if (draft.language === 'html') return [...plain, '<!-- ... -->', '<!-- ... existing code ... -->'];
  return ['...', '// ... existing code ...'];
}

/** The last line of SEARCH, a closing bracket, is left out of SEARCH and not of REPLACE. */
export const closingLeftOut: Noise = {
  name: 'last closing bracket missing from SEARCH',
  family: 'lines',
  sides: ['search'],
  apply: (work) => {
    const { draft } = work;
    const last = draft.lines[draft.to - 1]?.text ?? '';
    if (!/^\s*[)\]}]+[;,]?$/.test(last)) return undefined;
    const shown = work.search.map(({ text }) => text);
    const left = work.replace.map(({ text }) => text);
    const isClear = balance(shown) === 0 && balance(left) === 0 && balance(shown.slice(0, -1)) === opened(last);
    if (!isClear || left.at(-1) !== last || timesFound(draft.original, shown.slice(0, -1)) !== 1) return undefined;
    return { ...work, search: work.search.slice(0, -1) };
  },
};

function opened(closing: string): number {
  return closing.replace(/[^)\]}]/g, '').length;
}

/** How many brackets stay open, NaN where that is not sure: comments and strings may hold some. */
function balance(lines: readonly string[]): number {
  let open = 0;
  for (const line of lines) {
    const code = line.replace(/"[^"\\]*"|'[^'\\]*'/g, '');
    if (/["'`\\]|\/\/|\/\*|\*\/|^\s*\*|#|[(=,:]\s*\/|<!--/.test(code)) {
      if (/[()[\]{}]/.test(code)) return Number.NaN;
      continue;
    }
    for (const letter of code) {
      if ('([{'.includes(letter)) open++;
      if (')]}'.includes(letter)) open--;
      if (open < 0) return Number.NaN;
    }
  }
  return open;
}
