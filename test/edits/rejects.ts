import { type Case, editOf } from './case.ts';
import type { Dice } from './dice.ts';
import { type Draft, type DraftWishes, drawDraft } from './draft.ts';
import { indentOf, isBlank, timesFound } from './fileLines.ts';
import { type Kind, placesOf, regionOf } from './kind.ts';
import { codeLines } from './language.ts';
import { lessIndent, moreIndent } from './noise/indents.ts';
import { blankLines, otherComments } from './noise/inner.ts';
import { fancyLetters, trailingSpace } from './noise/letters.ts';
import { fences, lineNumbers } from './noise/prefixes.ts';
import { elidedMiddle } from './noise/shortened.ts';
import type { SourceFile } from './packages.ts';
import { changedToken, type TokenKind } from './tokens.ts';
import { type Side, type Work, workOf } from './work.ts';

function rejection(of: string, work: Work, noises: string[], dice: Dice, hint?: number): Case {
  const { path, original } = work.draft;
  return { of, noises, path, original, edits: [editOf(work, dice, hint)], right: 'reject' };
}

function reject(name: string, wishes: DraftWishes, spoil: (work: Work, dice: Dice) => Work | undefined): Kind {
  return {
    name,
    draw: (file, dice) => {
      const draft = drawDraft(file, dice, wishes);
      const work = draft && spoil(workOf(draft), dice);
      // A hint that is right makes nothing of it right.
      const hint = draft && dice.chance(0.3) ? draft.from + 1 : undefined;
      return work && isNowhere(work) ? rejection(name, work, [], dice, hint) : undefined;
    },
  };
}

/** SEARCH is not in the file, however carelessly it may be compared. */
function isNowhere({ draft, search }: Work): boolean {
  return (
    timesFound(
      draft.original,
      search.map(({ text }) => text),
    ) === 0
  );
}

const ambiguous: Kind = {
  name: 'reject: ambiguous',
  draw: (file, dice) => {
    const draft = drawDraft(file, dice, { unique: 'several', most: 5 });
    return draft && rejection('reject: ambiguous', workOf(draft), [], dice);
  },
};

const ambiguousLoosely: Kind = {
  name: 'reject: ambiguous when loosened',
  draw: (file, dice) => {
    const draft = drawDraft(file, dice, { unique: 'several', most: 5 });
    if (!draft) return undefined;
    const noise = dice.pick([trailingSpace, lessIndent, moreIndent]);
    const done = noise.apply(workOf(draft), dice, 'both');
    if (!done || standsSomewhere(draft, done.search)) return undefined;
    return rejection('reject: ambiguous when loosened', done, [noise.name], dice);
  },
};

/** Exactly, but for trailing space: then a strict step may rightly find the only place. */
function standsSomewhere({ lines }: Draft, search: readonly Side[]): boolean {
  const bare = (text: string): string => text.replace(/\s+$/, '');
  const isTrailing = search.some(({ text }) => bare(text) !== text);
  if (isTrailing) return false;
  return lines.some((_, at) => search.every(({ text }, i) => bare(lines[at + i]?.text ?? '\n') === text));
}

/** At two depths, and SEARCH at neither: loosened, it fits both. */
const ambiguousDepth: Kind = {
  name: 'reject: ambiguous at other depths',
  draw: (file, dice) => {
    const draft = drawDraft(file, dice, { unique: 'exactly once', most: 3, least: 1 });
    if (!draft) return undefined;
    const region = regionOf(draft);
    const bare = region.map((line) => line.trim());
    const texts = draft.lines.map(({ text }) => text);
    const places = texts.flatMap((_, at) => (bare.every((line, i) => texts[at + i]?.trim() === line) ? [at] : []));
    const depths = places.map((at) => shiftOf(region, texts.slice(at, at + region.length)));
    if (places.length < 2 || depths.some((depth) => depth === undefined)) return undefined;
    const by = dice.pick(['   ', '         ', '\t\t\t\t\t']);
    const at = (list: readonly Side[]): Side[] =>
      list.map((side) => (isBlank(side.text) ? side : { ...side, text: by + side.text }));
    const work = workOf(draft);
    const done = { ...work, search: at(work.search), replace: at(work.replace) };
    return standsSomewhere(draft, done.search) ? undefined : rejection('', done, [], dice);
  },
};

/** By how much more or less all lines of one are indented than those of the other, if it is by the same. */
function shiftOf(one: readonly string[], other: readonly string[]): string | undefined {
  const shifts = one.flatMap((line, i) => {
    const [a, b] = [indentOf(line), indentOf(other[i] ?? '')];
    if (isBlank(line)) return [];
    return a.startsWith(b) ? [`-${a.slice(b.length)}`] : b.startsWith(a) ? [`+${b.slice(a.length)}`] : [undefined];
  });
  return new Set(shifts).size === 1 ? shifts[0] : undefined;
}

const equalDistance: Kind = {
  name: 'reject: equal distance to the hint',
  draw: (file, dice) => {
    const draft = drawDraft(file, dice, { unique: 'several', most: 4 });
    if (!draft) return undefined;
    const places = placesOf(draft);
    const next = places.find((at) => at > draft.from);
    if (next === undefined || (next - draft.from) % 2 === 1) return undefined;
    return rejection(
      'reject: equal distance to the hint',
      workOf(draft),
      [],
      dice,
      draft.from + 1 + (next - draft.from) / 2,
    );
  },
};

/** A token of a line of code is not (any more) as SEARCH has it. */
function stale(kind: TokenKind): Kind {
  return reject(`reject: stale ${kind}`, { least: 1 }, (work, dice) => withStaleToken(work, kind, dice));
}

function withStaleToken(work: Work, kind: TokenKind, dice: Dice): Work | undefined {
  const isCode = codeOf(work.draft);
  const candidates = work.search.flatMap(({ old, text }) => {
    if (old === undefined || !isCode[old] || /\/\/|#|<!--|\/\*|^\s*\*/.test(text)) return [];
    const now = changedToken(text, kind, dice);
    return now === undefined || now === text ? [] : [{ text, now }];
  });
  if (candidates.length === 0) return undefined;
  const { text, now } = dice.pick(candidates);
  const spoilt = (list: Side[]): Side[] => list.map((side) => (side.text === text ? { ...side, text: now } : side));
  return { ...work, search: spoilt(work.search), replace: dice.chance(0.7) ? spoilt(work.replace) : work.replace };
}

/** A token differs, and a noise is there that would be overlooked alone. */
const staleAndNoisy: Kind = {
  name: 'reject: stale and noisy',
  draw: (file, dice) => {
    const draft = drawDraft(file, dice, { least: 2 });
    if (!draft) return undefined;
    const noise = dice.pick([
      trailingSpace,
      lessIndent,
      moreIndent,
      fancyLetters,
      lineNumbers,
      fences,
      elidedMiddle,
      otherComments,
      blankLines,
    ]);
    const spoilt = withStaleToken(workOf(draft), dice.pick(['identifier', 'number', 'operator', 'string']), dice);
    if (!spoilt || !isNowhere(spoilt)) return undefined;
    const done = noise.apply(spoilt, dice, dice.pick(noise.sides));
    // An elided line is none that differs.
    const isLeft = done?.search.some(
      ({ old, text }) => old !== undefined && text.includes(tokenLineOf(spoilt) ?? '\n'),
    );
    return done && (noise !== elidedMiddle || isLeft) ? rejection('', done, [noise.name], dice) : undefined;
  },
};

/** The line of SEARCH that is not the file's. */
function tokenLineOf({ draft, search }: Work): string | undefined {
  return search.find(({ old, text }) => old !== undefined && draft.lines[old]?.text !== text)?.text;
}

function codeOf(draft: Draft): boolean[] {
  if (draft.language === 'markdown') return draft.lines.map(() => false);
  return codeLines(
    draft.lines.map(({ text }) => text),
    draft.language,
  );
}

/** Every other line is another one. */
const halfMatching = reject('reject: half-matching', { least: 4, most: 16 }, (work, dice) => {
  const isCode = codeOf(work.draft);
  const chosen = new Set(work.search.filter(({ old }, i) => old !== undefined && isCode[old] && i % 2 === 1));
  if (chosen.size < 2) return undefined;
  const search = work.search.map((side) =>
    chosen.has(side) ? { ...side, text: otherLine(side, dice, work.draft) } : side,
  );
  return { ...work, search };
});

/** First and last line are the file's, and nothing between them is. */
const anchorsOnly = reject('reject: first and last line only', { least: 3, most: 16 }, (work, dice) => {
  const isCode = codeOf(work.draft);
  const middle = work.search.slice(1, -1);
  if (!middle.some(({ old, text }) => old !== undefined && isCode[old] && /\w{3}/.test(text))) return undefined;
  const search = work.search.map((side, i) => {
    const isInner = i > 0 && i < work.search.length - 1;
    return isInner && !isBlank(side.text) ? { ...side, text: otherLine(side, dice, work.draft) } : side;
  });
  return { ...work, search };
});

/** Another line in its place: one of the file's, or one that is in no file. */
function otherLine({ text }: Side, dice: Dice, { lines }: Draft): string {
  const others = lines.map((line) => line.text.trim()).filter((line) => line.length > 8 && line !== text.trim());
  if (others.length > 0 && dice.chance(0.6)) return indentOf(text) + dice.pick(others);
  const word = dice.pick(['prepare', 'refreshAll', 'closeQuietly', 'measure', 'lookup']);
  return (
    indentOf(text) +
    dice.pick([`${word}(${dice.int(99)});`, `${word} = ${dice.int(999)}`, `return ${word}_${dice.int(99)}`])
  );
}

/** A line of code from the middle is left out of SEARCH, and sometimes of REPLACE. */
const lineMissing = reject('reject: line missing in the middle', { least: 3, most: 14 }, (work, dice) => {
  const isCode = codeOf(work.draft);
  const inner = work.search
    .slice(1, -1)
    .filter(({ old, text }) => old !== undefined && isCode[old] && /\w{3}/.test(text));
  if (inner.length === 0) return undefined;
  const missing = dice.pick(inner);
  return { ...work, search: work.search.filter((side) => side !== missing) };
});

const emptySearch: Kind = {
  name: 'reject: empty SEARCH',
  draw: (file, dice) => {
    const draft = drawDraft(file, dice, { intents: ['replace', 'insert'] });
    if (!draft) return undefined;
    const search = dice.pick([[], '', [''], '\n', '\n\n', ['  ']]);
    const edit = { search, replace: draft.after.map(({ text }) => text) };
    return {
      of: 'reject: empty SEARCH',
      noises: [],
      path: file.path,
      original: file.text,
      edits: [edit],
      right: 'reject',
    };
  },
};

/** A part of a line, which nowhere is a line of its own. */
const partOfLine: Kind = {
  name: 'reject: part of a line',
  draw: (file, dice) => {
    const draft = drawDraft(file, dice, { most: 4, intents: ['change', 'replace', 'rename'] });
    if (!draft) return undefined;
    const isCode = codeOf(draft);
    const [first, ...rest] = workOf(draft).search;
    if (first?.old === undefined || !isCode[first.old]) return undefined;
    const code = first.text.trim();
    const words = [...code.matchAll(/(?<=[\w)\]'"]) (?=[\w('"[{=])/g)].map(({ index }) => index);
    if (code.length < 16 || words.length === 0) return undefined;
    const cut = dice.pick(words);
    // The end of the first line with what follows, or its beginning alone.
    const search = dice.chance(0.5) ? [code.slice(cut + 1), ...rest.map(({ text }) => text)] : [code.slice(0, cut)];
    if (search[0] === undefined || search[0].replace(/\W/g, '').length < 6) return undefined;
    const bare = (text: string): string => text.replace(/\W/g, '');
    if (draft.lines.some(({ text }) => bare(text) === bare(search[0] ?? ''))) return undefined;
    const edit = { search, replace: [`${search[0]} changed`, ...search.slice(1)] };
    return {
      of: 'reject: part of a line',
      noises: [],
      path: file.path,
      original: file.text,
      edits: [edit],
      right: 'reject',
    };
  },
};

/** One of several edits is stale: none may be applied. */
const oneOfSeveral: Kind = {
  name: 'reject: one of several edits is stale',
  draw: (file: SourceFile, dice) => {
    const good = drawDraft(file, dice, { most: 5 });
    const bad = stale('identifier').draw(file, dice) ?? stale('number').draw(file, dice);
    if (!good || !bad) return undefined;
    // What the good one writes must not be what the bad one looks for.
    const after = good.after.map(({ text }) => text).join('\n');
    const wanted =
      typeof bad.edits[0]?.search === 'string' ? bad.edits[0].search : (bad.edits[0]?.search.join('\n') ?? '');
    if (timesFound(after + file.text, wanted.split('\n')) > 0 || regionOf(good).length === 0) return undefined;
    const edits = dice.shuffled([editOf(workOf(good), dice), ...bad.edits]);
    return { ...bad, of: 'reject: one of several edits is stale', edits };
  },
};

export const REJECT_KINDS: Kind[] = [
  ambiguous,
  ambiguousLoosely,
  ambiguousDepth,
  equalDistance,
  stale('identifier'),
  stale('number'),
  stale('operator'),
  stale('string'),
  staleAndNoisy,
  halfMatching,
  anchorsOnly,
  lineMissing,
  emptySearch,
  partOfLine,
  oneOfSeveral,
];
