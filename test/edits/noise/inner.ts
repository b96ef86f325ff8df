import type { Dice } from '../dice.ts';
import { indentOf, isBlank } from '../fileLines.ts';
import { codeLines, hasBraces, isCommentLine, lineComment } from '../language.ts';
import { isShared, mapSides, type Noise, oldOf, type Side, type Sides, type Work } from '../work.ts';

/** Spaces between tokens that the file has not, or none where it has some. */
export const innerSpacing: Noise = {
  name: 'inner spacing',
  family: 'inner',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    const { draft } = work;
    const isCode = codeOf(draft);
    if (isCode === undefined) return undefined;
    const way = dice.pick(draft.language === 'css' || draft.language === 'json' ? WIDER : [...WIDER, ...OTHERWISE]);
    const rewritten = (text: string): string => {
      const indent = indentOf(text);
      return indent + outsideStrings(text.slice(indent.length), draft.language, way);
    };
    // The spacing of what the model wrote anew is its own to choose.
    const free = draft.after.flatMap((line, i) => (isShared(draft, { text: line.text, after: i }) ? [] : [i]));
    const done = mapSides(work, sides, (text, side) => {
      if (side.old !== undefined && !isCode[side.old]) return text;
      const old = oldOf(draft, side);
      return old !== undefined && !isCode[old] ? text : rewritten(text);
    });
    return { ...done, freeSpacing: new Set(sides === 'both' ? free : work.freeSpacing) };
  },
};

/** Which lines of the file are code; undefined of a language in which spaces and line ends may be more than layout. */
function codeOf({ lines, language }: Work['draft']): readonly boolean[] | undefined {
  if (!hasBraces(language) && !['python', 'json', 'css'].includes(language)) return undefined;
  return codeLines(
    lines.map(({ text }) => text),
    language,
  );
}

const WIDER: ((code: string) => string)[] = [
  (code) => code.replace(/(?<=[=,:{]) (?=\S)/g, '  '),
  (code) => code.replace(/(?<=\S) {2,}(?=\S)/g, ' '),
];
const OTHERWISE: ((code: string) => string)[] = [
  (code) => code.replace(/(?<=\w) = (?=\w)/g, '='),
  (code) => code.replace(/, (?=\S)/g, ','),
  (code) => code.replace(/\((?=[\w'"])/g, '( ').replace(/(?<=[\w'"])\)/g, ' )'),
  (code) => code.replace(/(?<=\)) \{/g, '{'),
  (code) => code.replace(/\{ (?=\w)/g, '{').replace(/(?<=\w) \}/g, '}'),
];

/** Leaves lines alone that have a comment, a regular expression or a template literal, or odd quotes. */
function outsideStrings(code: string, language: Work['draft']['language'], way: (code: string) => string): string {
  const mark = lineComment(language);
  if (/[`\\]|\/\*|\*\/|(?<!:)\/\/|<\w|\/>|=>\s*\/|[(=,]\s*\//.test(code) || (mark === '#' && code.includes('#')))
    return code;
  const parts = code.split(/("[^"]*"|'[^']*')/);
  if (parts.some((part, i) => i % 2 === 0 && /["']/.test(part))) return code;
  return parts.map((part, i) => (i % 2 === 0 ? way(part) : part)).join('');
}

/** A blank line more, or one less, between lines that stay. */
export const blankLines: Noise = {
  name: 'blank lines',
  family: 'lines',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    const { draft } = work;
    if (dice.chance(0.3)) return blankAtEdge(work, dice, sides);
    const kept = (at: number): boolean =>
      draft.after.some(({ old, text }) => old === at && draft.lines[at]?.text === text);
    // Both neighbours stay, and stay neighbours: so it is clear that the blank line is no part of the change.
    const after = new Map(draft.after.map((line, i) => [line.old, i]));
    const blankAt = (at: number): boolean => isBlank(draft.lines[at]?.text ?? '');
    const removable = range(draft.from + 1, draft.to - 1).filter(
      (at) => blankAt(at) && [at - 1, at, at + 1].every(kept) && !blankAt(at - 1) && !blankAt(at + 1),
    );
    const addable = range(draft.from, draft.to - 1).filter(
      (at) => [at, at + 1].every((i) => kept(i) && !blankAt(i)) && (after.get(at) ?? 0) + 1 === after.get(at + 1),
    );
    const removes = removable.filter((at) => neighboursIn(after, at));
    if (removes.length > 0 && dice.chance(0.6)) {
      const at = dice.pick(removes);
      const without = (list: Side[]): Side[] => list.filter((side) => oldOf(draft, side) !== at);
      return {
        ...work,
        search: without(work.search),
        replace: sides === 'both' ? without(work.replace) : work.replace,
      };
    }
    if (addable.length === 0) return undefined;
    const at = dice.pick(addable);
    const withBlank = (list: Side[]): Side[] =>
      list.flatMap((side) => (oldOf(draft, side) === at ? [side, { text: '' }] : [side]));
    return {
      ...work,
      search: withBlank(work.search),
      replace: sides === 'both' ? withBlank(work.replace) : work.replace,
    };
  },
};

/** An empty line before the first line or after the last, where the file has none. */
function blankAtEdge(work: Work, dice: Dice, sides: Sides): Work | undefined {
  const { lines, from, to } = work.draft;
  const isFirst = dice.chance(0.5);
  const beyond = isFirst ? lines[from - 1] : lines[to];
  const edges = [work.replace.at(isFirst ? 0 : -1), beyond];
  if (edges.some((line) => line === undefined || isBlank(line.text))) return undefined;
  const withBlank = (list: Side[]): Side[] => (isFirst ? [{ text: '' }, ...list] : [...list, { text: '' }]);
  return {
    ...work,
    search: withBlank(work.search),
    replace: sides === 'both' ? withBlank(work.replace) : work.replace,
  };
}

function neighboursIn(after: ReadonlyMap<number | undefined, number>, at: number): boolean {
  const index = after.get(at) ?? Number.NaN;
  return after.get(at - 1) === index - 1 && after.get(at + 1) === index + 1;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

/** A line broken in two where a space is, or two lines joined where one ends with a comma or an opening bracket. */
export const brokenLine: Noise = {
  name: 'line broken or joined',
  family: 'lines',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    const { draft } = work;
    const isCode = codeOf(draft);
    if (isCode === undefined) return undefined;
    const after = new Map(draft.after.map((line, i) => [line.old, i]));
    const stays = (at: number): boolean => {
      const line = draft.after[after.get(at) ?? -1];
      return isCode[at] === true && line !== undefined && line.text === draft.lines[at]?.text;
    };
    const candidates = range(draft.from, draft.to).filter(stays);
    const broken = candidates.flatMap((at) =>
      breaksOf(draft.lines[at]?.text ?? '', draft.unit).map((parts) => ({ at, parts })),
    );
    const joined = candidates.filter((at) => {
      const text = draft.lines[at]?.text ?? '';
      const adjacent = (after.get(at) ?? 0) + 1 === after.get(at + 1);
      return (
        at + 1 < draft.to &&
        stays(at + 1) &&
        adjacent &&
        /[,([{]$/.test(text) &&
        isPlain(text + draft.lines[at + 1]?.text)
      );
    });
    const rewrite = (change: (list: Side[]) => Side[]): Work => ({
      ...work,
      search: change(work.search),
      replace: sides === 'both' ? change(work.replace) : work.replace,
    });
    if (joined.length > 0 && (broken.length === 0 || dice.chance(0.5))) {
      const at = dice.pick(joined);
      const space = /[([]$/.test(draft.lines[at]?.text ?? '') ? '' : ' ';
      return rewrite((list) =>
        list.flatMap((side, i) => {
          if (oldOf(draft, side) === at)
            return [{ ...side, text: side.text + space + (list[i + 1]?.text.trimStart() ?? '') }];
          return oldOf(draft, side) === at + 1 ? [] : [side];
        }),
      );
    }
    if (broken.length === 0) return undefined;
    const { at, parts } = dice.pick(broken);
    return rewrite((list) =>
      list.flatMap((side) =>
        oldOf(draft, side) === at ? parts.map((text, i) => (i === 0 ? { ...side, text } : { text })) : [side],
      ),
    );
  },
};

/** No comment, and nothing but whole strings of one line. */
function isPlain(code: string): boolean {
  if (/[`\\#]|\/\*|\/\/|<\w|[(=,]\s*\//.test(code)) return false;
  return !/["']/.test(code.replace(/"[^"]*"|'[^']*'/g, ''));
}

/** The line in two parts, after a comma or an opening bracket that stands in no string. */
function breaksOf(line: string, unit: string): [string, string][] {
  const indent = indentOf(line);
  const code = line.slice(indent.length);
  if (!isPlain(code)) return [];
  const masked = code.replace(/"[^"]*"|'[^']*'/g, (text) => '_'.repeat(text.length));
  return [...masked.matchAll(/[,(](?= ?[\w'"[{(])/g)].map(({ index }) => [
    indent + code.slice(0, index + 1),
    indent + unit + code.slice(index + 1).trimStart(),
  ]);
}

/** Comment lines in other words than the file's, on lines that stay. */
export const otherComments: Noise = {
  name: 'differing comment lines',
  family: 'lines',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => otherCommentsIn(work, dice, sides),
};

function otherCommentsIn(work: Work, dice: Dice, sides: Sides): Work | undefined {
  const { draft } = work;
  const { language, lines } = draft;
  const isComment = (at: number): boolean => isCommentLine(lines[at]?.text ?? '', language);
  const texts = lines.map(({ text }) => text);
  const isCode = codeLines(texts, language);
  const inside = range(draft.from, draft.to);
  const kept = new Set(work.replace.filter((side) => isShared(draft, side)).map((side) => oldOf(draft, side)));
  const comments = inside.filter((at) => isComment(at) && kept.has(at) && /\w{3}.*\w{3}/.test(texts[at] ?? ''));
  // Nothing else but comments may be lost, and the code lines have to tell the place by themselves.
  if (comments.length === 0 || inside.some((at) => isComment(at) && !kept.has(at))) return undefined;
  const codeOf = (from: number, to: number): string =>
    range(from, to)
      .filter((at) => isCode[at])
      .map((at) => (texts[at] ?? '').replace(/\s/g, ''))
      .join('\n');
  const wanted = codeOf(draft.from, draft.to);
  if (wanted.length < 24 || codeOf(0, texts.length).split(wanted).length !== 2) return undefined;
  const chosen = new Map(
    dice
      .shuffled(comments)
      .slice(0, 1 + dice.int(2))
      .map((at) => [at, otherWords(texts[at] ?? '', dice)]),
  );
  return mapSides(work, sides, (text, side) => chosen.get(oldOf(draft, side) ?? -1) ?? text);
}

function otherWords(comment: string, dice: Dice): string {
  const words = [...comment.matchAll(/\w{3,}/g)];
  const { index, 0: word } = dice.pick(words);
  return dice.pick([
    ...(words.length < 3 ? [] : [comment.slice(0, index) + comment.slice(index + word.length).trimStart()]),
    `${comment.slice(0, index)}really ${comment.slice(index)}`,
    `${comment.slice(0, index)}something${comment.slice(index + word.length)}`,
  ]);
}
