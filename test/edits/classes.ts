import { type Case, caseOf, editOf } from './case.ts';
import type { Dice } from './dice.ts';
import { type Draft, type DraftWishes, drawDraft, exactPlaces, INTENTS, type Intent, rightText } from './draft.ts';
import { fileLines, isBlank, timesFound } from './fileLines.ts';
import {
  lessIndent,
  mixedIndent,
  moreIndent,
  noIndent,
  otherCharacter,
  otherUnit,
  searchShifted,
} from './noise/indents.ts';
import { blankLines, brokenLine, innerSpacing, otherComments } from './noise/inner.ts';
import {
  entities,
  escapedQuotes,
  fancyLetters,
  literalNewlines,
  plainLetters,
  trailingSpace,
  withFancyLetters,
} from './noise/letters.ts';
import { diffPrefixes, fences, lineNumbers, markers, pathLine, replaceFenced } from './noise/prefixes.ts';
import { closingLeftOut, elidedMiddle } from './noise/shortened.ts';
import type { SourceFile } from './packages.ts';
import { type Noise, workOf } from './work.ts';

/** One class of cases; a draw may come to nothing. */
export interface Kind {
  name: string;
  draw: (file: SourceFile, dice: Dice) => Case | undefined;
}

/** An edit with one noise. */
function noisy(noise: Noise, wishes: DraftWishes = {}): Kind {
  return {
    name: noise.name,
    draw: (file, dice) => {
      const draft = drawDraft(file, dice, wishes);
      if (!draft) return undefined;
      const sides = dice.pick(noise.sides);
      const work = workOf(draft);
      const done = noise.apply(work, dice, sides);
      if (!done || (noise !== replaceFenced && sameTexts(done.search, work.search))) return undefined;
      return caseOf(noise.name, done, [`${noise.name} (${sides})`], dice);
    },
  };
}

function sameTexts(a: readonly { text: string }[], b: readonly { text: string }[]): boolean {
  return a.length === b.length && a.every(({ text }, i) => text === b[i]?.text);
}

const WITH_CONTEXT: DraftWishes = { least: 3, contextLeast: 1 };

const exact: Kind = {
  name: 'exact',
  draw: (file, dice) => {
    const unique = dice.chance(0.7) ? 'once' : 'exactly once';
    const draft = drawDraft(file, dice, { unique, most: dice.pick([3, 8, 30]) });
    return draft && caseOf('exact', workOf(draft), [], dice);
  },
};

const hinted: Kind = {
  name: 'line hint among duplicates',
  draw: (file, dice) => {
    const draft = drawDraft(file, dice, { unique: 'several', most: 5 });
    if (!draft) return undefined;
    const places = placesOf(draft);
    const [first, second] = places.map((at) => at - draft.from).sort((a, b) => Math.abs(a) - Math.abs(b));
    // The skeleton finds places that begin or end within a line, too: then what a loose match sees is not sure.
    if (first !== 0 || second === undefined || timesFound(draft.original, regionOf(draft)) !== places.length)
      return undefined;
    const room = Math.floor((Math.abs(second) - 1) / 2);
    const hint = draft.from + 1 + (dice.int(2 * room + 1) - room);
    const work = workOf(draft);
    const noise = dice.pick([undefined, trailingSpace, lessIndent, moreIndent]);
    const done = noise ? noise.apply(work, dice, 'both') : work;
    return done && hint > 0 && (!noise || !sameTexts(done.search, work.search))
      ? caseOf('line hint among duplicates', done, noise ? [noise.name] : [], dice, hint)
      : undefined;
  },
};

export function regionOf(draft: Draft): string[] {
  return draft.lines.slice(draft.from, draft.to).map(({ text }) => text);
}

export function placesOf(draft: Draft): number[] {
  return exactPlaces(
    draft.lines.map(({ text }) => text),
    regionOf(draft),
  );
}

/** Draws from the file as `change` leaves it, and wants the change to be seen in SEARCH. */
function inChangedFile(
  name: string,
  change: (text: string, dice: Dice) => string,
  noise: Noise | undefined,
  wishes: DraftWishes = {},
): Kind {
  return {
    name,
    draw: (file, dice) => {
      const text = change(file.text, dice);
      if (text === file.text) return undefined;
      const draft = drawDraft({ ...file, text }, dice, wishes);
      if (!draft) return undefined;
      const sides = noise ? dice.pick(noise.sides) : 'both';
      const work = workOf(draft);
      const done = noise ? noise.apply(work, dice, sides) : work;
      if (!done || (noise && sameTexts(done.search, work.search))) return undefined;
      return caseOf(name, done, noise ? [`${noise.name} (${sides})`] : [], dice);
    },
  };
}

const CRLF = (text: string): string => text.replace(/\r?\n/g, '\r\n');

const trailingLeftOut: Noise = {
  name: 'trailing space left out',
  family: 'trailing',
  sides: ['both'],
  apply: (work) => {
    const { draft } = work;
    const without = (text: string): string => text.replace(/[ \t]+$/, '');
    // Whether a changed line keeps the trailing space that it had is not clear.
    const isClear = draft.after.every(({ old, text }) => {
      const was = old === undefined ? '' : (draft.lines[old]?.text ?? '');
      return text === was || without(was) === was;
    });
    if (!isClear || draft.after.some(({ old, text }) => old === undefined && without(text) !== text)) return undefined;
    return {
      ...work,
      search: work.search.map((side) => ({ ...side, text: without(side.text) })),
      replace: work.replace.map((side) => ({ ...side, text: without(side.text) })),
    };
  },
};

function withTrailingSpace(text: string, dice: Dice): string {
  if (/\\$/m.test(text)) return text;
  const space = dice.pick(['  ', ' ', '\t']);
  return text
    .split('\n')
    .map((line) => (line.trim() !== '' && dice.chance(0.3) ? line.replace(/\r?$/, (end) => space + end) : line))
    .join('\n');
}

/** Line ends, BOM and final newline: the file has them otherwise than the edit. */
const lineEnds: Kind = {
  name: 'line ends, BOM, final newline',
  draw: (file, dice) => {
    const way = dice.int(6);
    let text = file.text;
    let wishes: DraftWishes = {};
    if (way === 0 || way === 3) text = CRLF(text);
    if (way === 1) text = mixedEnds(text, dice);
    if (way === 2 || way === 3) {
      text = `\uFEFF${text.replace(/^\uFEFF/, '')}`;
      wishes = { at: 'start' };
    }
    if (way === 4 || way === 5) {
      text = (way === 4 ? text : CRLF(text)).replace(/\s+$/, '');
      wishes = { at: 'end' };
    }
    const draft = drawDraft(
      { ...file, text },
      dice,
      way === 1 ? { ...wishes, intents: ['change', 'rename', 'delete'] } : wishes,
    );
    if (!draft) return undefined;
    // The whole file gone, or no line left before its last one: what its end is then is not said.
    if (draft.to - draft.from >= draft.lines.length - 1) return undefined;
    const work = workOf(draft);
    const carriageReturns = dice.chance(0.4) && !text.includes('\r');
    const bom = dice.chance(0.5);
    const bare = <T extends { text: string }>(list: readonly T[]): T[] =>
      list.map((side, i) => ({
        ...side,
        text: (i === 0 && !bom ? side.text.replace(/^\uFEFF/, '') : side.text) + (carriageReturns ? '\r' : ''),
      }));
    // A BOM is the file's: a first line that is deleted or comes to stand later leaves it.
    if (way === 2 || way === 3) {
      const first = draft.after[0];
      if (first?.old !== 0 || !first.text.startsWith('\uFEFF')) return undefined;
    }
    const done = { ...work, search: bare(work.search), replace: bare(work.replace) };
    const noises = [
      ['CRLF'],
      ['mixed line ends'],
      ['BOM'],
      ['CRLF', 'BOM'],
      ['no final newline'],
      ['CRLF', 'no final newline'],
    ];
    return caseOf(
      'line ends, BOM, final newline',
      done,
      [...(noises[way] ?? []), ...(carriageReturns ? ['CR in the edit'] : [])],
      dice,
    );
  },
};

function mixedEnds(text: string, dice: Dice): string {
  return text.replace(/\r?\n/g, () => (dice.chance(0.5) ? '\r\n' : '\n'));
}

/** Two to four edits of one file, in any order; some noisy. */
const several: Kind = {
  name: 'several edits',
  draw: (file, dice) => {
    const drafts: Draft[] = [];
    for (let tries = 0; tries < 12 && drafts.length < 2 + dice.int(3); tries++) {
      const draft = drawDraft(file, dice, { most: 6 });
      if (draft && drafts.every((other) => draft.to < other.from || other.to < draft.from)) drafts.push(draft);
    }
    if (drafts.length < 2) return undefined;
    const noises: string[] = [];
    const works = drafts.map((draft) => {
      const noise = dice.pick([undefined, undefined, trailingSpace, lessIndent, moreIndent]);
      const work = workOf(draft);
      const done = noise?.apply(work, dice, 'both');
      if (!noise || !done || sameTexts(done.search, work.search)) return work;
      noises.push(noise.name);
      return done;
    });
    // From the bottom up, so that what is above keeps its place.
    const inOrder = [...drafts].sort((a, b) => b.from - a.from);
    const text = inOrder.reduce((now, draft) => rightText({ ...draft, lines: fileLines(now) }), file.text);
    // None may make a second place for another.
    if (drafts.some((draft) => timesFound(text, regionOf(draft)) > 1)) return undefined;
    const edits = works.map((work) => editOf(work, dice));
    return { of: 'several edits', noises, path: file.path, original: file.text, edits, right: [text] };
  },
};

/** The second edit builds on what the first has made. */
const inOrder: Kind = {
  name: 'edits that build on each other',
  draw: (file, dice) => {
    const first = drawDraft(file, dice, { most: 6, intents: ['replace', 'insert', 'change', 'rename'] });
    if (!first) return undefined;
    const between = rightText(first);
    const second = drawDraft({ ...file, text: between }, dice, { most: 6 });
    if (!second || second.from >= first.from + first.after.length || second.to <= first.from) return undefined;
    if (timesFound(file.text, regionOf(second)) !== 0) return undefined;
    const edits = [editOf(workOf(first), dice), editOf(workOf(second), dice)];
    const text = rightText(second);
    if (text === file.text) return undefined;
    return {
      of: 'edits that build on each other',
      noises: [],
      path: file.path,
      original: file.text,
      edits,
      right: [text],
    };
  },
};

const emptyFile: Kind = {
  name: 'new or empty file',
  draw: (file, dice) => {
    if (file.text.includes('\r') || file.text.startsWith('\uFEFF') || !file.text.endsWith('\n')) return undefined;
    const lines = fileLines(file.text).map(({ text }) => text);
    if (isBlank(lines[0] ?? '') || isBlank(lines.at(-1) ?? '')) return undefined;
    const original = dice.pick(['', '', '\n']);
    const edit = { search: dice.pick([[], '']), replace: dice.pick([lines, file.text]) };
    return { of: 'new or empty file', noises: [], path: file.path, original, edits: [edit], right: [file.text] };
  },
};

const IN_PLACE: readonly Intent[] = ['change', 'rename', 'delete'];
const PURE: readonly Intent[] = ['insert', 'delete'];

export const RIGHT_KINDS: Kind[] = [
  exact,
  hinted,
  noisy(trailingSpace),
  inChangedFile('trailing space left out', withTrailingSpace, trailingLeftOut),
  lineEnds,
  noisy(fancyLetters),
  inChangedFile('unicode: plain for fancy', withFancyLetters, plainLetters),
  noisy(lessIndent),
  noisy(moreIndent),
  noisy(noIndent, { intents: IN_PLACE, least: 2 }),
  noisy(searchShifted, WITH_CONTEXT),
  noisy(otherCharacter, { least: 2 }),
  noisy(otherUnit, { least: 2 }),
  noisy(mixedIndent, { least: 3 }),
  noisy(innerSpacing),
  noisy(blankLines, WITH_CONTEXT),
  noisy(brokenLine, WITH_CONTEXT),
  noisy(otherComments, { least: 4, contextLeast: 1 }),
  noisy(entities),
  noisy(escapedQuotes),
  noisy(literalNewlines, { least: 2 }),
  noisy(lineNumbers),
  noisy(diffPrefixes, { intents: INTENTS }),
  { ...noisy(diffPrefixes, { intents: PURE, ...WITH_CONTEXT }), name: 'diff prefixes, pure' },
  noisy(pathLine),
  noisy(fences),
  noisy(replaceFenced),
  noisy(markers),
  noisy(elidedMiddle, { least: 8, most: 24, contextLeast: 2 }),
  noisy(closingLeftOut, { least: 3, most: 20, contextLeast: 1 }),
  several,
  inOrder,
  emptyFile,
];
