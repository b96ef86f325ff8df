import { caseOf } from './case.ts';
import { type DraftWishes, drawDraft, INTENTS, type Intent } from './draft.ts';
import { fileLines, isBlank, timesFound } from './fileLines.ts';
import { inChangedFile, type Kind, noisy, placesOf, regionOf, sameTexts } from './kind.ts';
import { lineEnds } from './lineEnds.ts';
import {
  evenIndent,
  lessIndent,
  mixedIndent,
  moreIndent,
  noIndent,
  otherCharacter,
  otherUnit,
  searchShifted,
  withMixedIndent,
} from './noise/indents.ts';
import { blankLines, brokenLine, innerSpacing, otherComments } from './noise/inner.ts';
import {
  entities,
  escapedQuotes,
  fancyIndent,
  fancyLetters,
  literalNewlines,
  plainLetters,
  trailingSpace,
  withFancyLetters,
} from './noise/letters.ts';
import { diffPrefixes, fences, lineNumbers, markers, pathLine, replaceFenced } from './noise/prefixes.ts';
import { closingLeftOut, elidedMiddle } from './noise/shortened.ts';
import { trailingLeftOut, withTrailingSpace } from './noise/trailing.ts';
import { inOrder, several, sharedContext } from './severalEdits.ts';
import { workOf } from './work.ts';

const WITH_CONTEXT: DraftWishes = { least: 3, contextLeast: 1 };

const exact: Kind = {
  name: 'exact',
  draw: (file, dice) => {
    const unique = dice.chance(0.7) ? 'once' : 'exactly once';
    const draft = drawDraft(file, dice, { unique, most: dice.pick([3, 8, 30]) });
    // A hint that is far off changes nothing.
    const hint = draft && dice.chance(0.2) ? 1 + dice.int(draft.lines.length) : undefined;
    return draft && caseOf('exact', workOf(draft), [], dice, hint);
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

const emptyFile: Kind = {
  name: 'new or empty file',
  draw: (file, dice) => {
    if (file.text.includes('\r') || file.text.startsWith('\uFEFF') || !file.text.endsWith('\n')) return undefined;
    const lines = fileLines(file.text).map(({ text }) => text);
    if (isBlank(lines[0] ?? '') || isBlank(lines.at(-1) ?? '')) return undefined;
    const original = dice.pick(['', '', '\n']);
    const edit = { search: dice.pick([[], '']), replace: dice.pick([lines, file.text]) };
    return {
      of: 'new or empty file',
      noises: [],
      path: file.path,
      original,
      edits: [edit],
      right: { text: file.text },
    };
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
  noisy(fancyIndent),
  inChangedFile('unicode: plain for fancy', withFancyLetters, plainLetters),
  noisy(lessIndent),
  noisy(moreIndent),
  noisy(noIndent, { intents: IN_PLACE, least: 2 }),
  noisy(searchShifted, WITH_CONTEXT),
  noisy(otherCharacter, { least: 2 }),
  noisy(otherUnit, { least: 2 }),
  noisy(mixedIndent, { least: 3 }),
  inChangedFile('mixed tabs and spaces in the file', withMixedIndent, evenIndent, { intents: IN_PLACE, least: 2 }),
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
  sharedContext,
  inOrder,
  emptyFile,
];
