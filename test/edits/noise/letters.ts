import type { Dice } from '../dice.ts';
import { indentOf } from '../fileLines.ts';
import { hasBraces, type Language } from '../language.ts';
import { isShared, mapSides, type Noise, type Work } from '../work.ts';

/** Trailing spaces or tabs on some lines. */
export const trailingSpace: Noise = {
  name: 'trailing space added',
  family: 'trailing',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    // A space at the end of what is written anew could be meant.
    if (work.replace.some((side) => !isShared(work.draft, side) && /\s$/.test(side.text))) return undefined;
    // Two spaces at the end of a line of Markdown are a line break that somebody may have meant.
    if (sides === 'both' && work.draft.language === 'markdown') return undefined;
    const space = dice.pick([' ', '  ', '\t', '   ']);
    const share = dice.pick([1, 0.5]);
    const of = new Map<string, boolean>();
    return mapSides(work, sides, (text) => {
      if (text.trim() === '' || /\\$/.test(text)) return text;
      if (!of.has(text)) of.set(text, dice.chance(share));
      return of.get(text) ? text + space : text;
    });
  },
};

/** Curly quotes, long dashes and odd spaces where the file has plain ones. */
export const fancyLetters: Noise = {
  name: 'unicode: fancy for plain',
  family: 'letters',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    const { draft } = work;
    const texts = work.search.map(({ text }) => text);
    // SEARCH has to have each, or it is not clear that REPLACE has it by the same mistake.
    const ways = dice.shuffled(FANCY).filter(({ fancy, rewrite }) => {
      return !fancy.test(draft.original) && texts.some((text) => rewrite(text) !== text);
    });
    const chosen = ways.slice(0, 1 + dice.int(2));
    if (chosen.length === 0) return undefined;
    const rewrite = (text: string): string => chosen.reduce((line, way) => way.rewrite(line), text);
    return mapSides(work, sides, (text) => indentOf(text) + rewrite(text.slice(indentOf(text).length)));
  },
};

const FANCY: { fancy: RegExp; rewrite: (line: string) => string }[] = [
  {
    fancy: /[“”„«»]/,
    rewrite: (line) => {
      let isOpen = false;
      return line.replace(/"/g, () => {
        isOpen = !isOpen;
        return isOpen ? '“' : '”';
      });
    },
  },
  { fancy: /[‘’‚]/, rewrite: (line) => line.replace(/(?<![\w)\]])'(?=\S)/g, '‘').replace(/'/g, '’') },
  { fancy: /[‐‑–—−]/, rewrite: (line) => line.replace(/(?<=\w ?)-(?= ?\w)/g, '–') },
  { fancy: /[‐‑–—−]/, rewrite: (line) => line.replace(/(?<=\w)-(?=\w)/g, '‑') },
  {
    fancy: /[\u00A0\u2009\u202F]/,
    rewrite: (line) => line.replace(/(?<=\w) (?=[\w"'{(=])/g, '\u00A0'),
  },
  { fancy: /[\u00A0\u2009\u202F]/, rewrite: (line) => line.replace(/(?<=,) (?=\S)/g, '\u202F') },
];

const STRAIGHT: [RegExp, string][] = [
  [/[“”„]/g, '"'],
  [/[‘’‚]/g, "'"],
  [/[–—‑]/g, '-'],
  [/[\u00A0\u202F\u2009]/g, ' '],
];

/** Lines indented with no-break spaces, as they come from a web page. */
export const fancyIndent: Noise = {
  name: 'unicode: indented with no-break spaces',
  family: 'letters',
  sides: ['both'],
  apply: (work) => {
    if (/[\u00A0\u2009\u202F]/.test(work.draft.original) || allText(work).includes('\t')) return undefined;
    return mapSides(work, 'both', (text) => text.replace(/^ +/, (spaces) => '\u00A0'.repeat(spaces.length)));
  },
};

/** Plain quotes and dashes where the file has fancy ones. */
export const plainLetters: Noise = {
  name: 'unicode: plain for fancy',
  family: 'letters',
  sides: ['search', 'both'],
  apply: (work, _dice, sides) => {
    const plain = (text: string): string => STRAIGHT.reduce((line, [fancy, to]) => line.replace(fancy, to), text);
    const done = mapSides(work, sides, plain);
    if (sides === 'search') return done;
    // A new line of code keeps its plain ones; of new prose it is not clear, where other prose has fancy ones.
    const { draft } = work;
    const isClear = draft.after.every(({ text, old }) => {
      return (
        old !== undefined ||
        !/["'-]/.test(text) ||
        (draft.language !== 'markdown' && !/^\s*(\/\/|\/?\*|#|<)/.test(text))
      );
    });
    return isClear ? done : undefined;
  },
};

const ENTITIES: [RegExp, string][] = [
  [/&/g, '&amp;'],
  [/</g, '&lt;'],
  [/>/g, '&gt;'],
  [/"/g, '&quot;'],
  [/'/g, '&#39;'],
];

/** `&lt;` for `<`, all of them, or only angle brackets and ampersands. */
export const entities: Noise = {
  name: 'HTML entities',
  family: 'escape',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    const region = allText(work);
    if (/&[#\w]+;/.test(region)) return undefined;
    const some = ENTITIES.slice(0, dice.pick([3, 4, 5]));
    return mapSides(work, sides, (text) => some.reduce((line, [letter, entity]) => line.replace(letter, entity), text));
  },
};

/** A backslash before quotes, as in a string of JSON. */
export const escapedQuotes: Noise = {
  name: 'over-escaped quotes',
  family: 'escape',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    if (/\\/.test(allText(work))) return undefined;
    const inSearch = work.search.map(({ text }) => text).join('');
    const kinds = [/"/g, /'/g, /["']/g].filter((kind) => {
      // A kind that REPLACE alone has is not known to be escaped.
      return kind.source.length < 3 || ['"', "'"].every((quote) => inSearch.includes(quote));
    });
    const quotes = dice.pick(kinds);
    return mapSides(work, sides, (text) => text.replace(quotes, '\\$&'));
  },
};

/** All lines in one, with a literal \n between them. */
export const literalNewlines: Noise = {
  name: 'literal \\n',
  family: 'escape',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    if (/\\/.test(allText(work)) || work.search.length < 2) return undefined;
    // Whether \n at the end is an empty line or only the end of one is not clear.
    if (sides === 'both' && work.replace.at(-1)?.text.trim() === '') return undefined;
    const tabs = dice.chance(0.5);
    const quotes = dice.chance(0.3) && work.search.some(({ text }) => text.includes('"'));
    const inOne = (list: { text: string }[]): { text: string }[] => {
      if (list.length === 0) return [];
      const text = list.map((line) => line.text).join('\\n');
      const withTabs = tabs ? text.replaceAll('\t', '\\t') : text;
      return [{ text: quotes ? withTabs.replaceAll('"', '\\"') : withTabs }];
    };
    return { ...work, search: inOne(work.search), replace: sides === 'both' ? inOne(work.replace) : work.replace };
  },
};

function allText(work: Work): string {
  return [...work.search, ...work.replace].map(({ text }) => text).join('\n');
}

/** Straight quotes in comments and prose made curly: a file that has them by itself. */
export function withFancyLetters(text: string, dice: Dice, language: Language): string {
  const dash = dice.pick([' – ', ' — ']);
  const isProse =
    language === 'markdown'
      ? /^[A-Z*>]/
      : language === 'html'
        ? /^\s*<(p|li|h\d)>/
        : hasBraces(language)
          ? /^\s*(\/\/|\*) /
          : /^\s*# /;
  return text
    .split('\n')
    .map((line) => {
      // An apostrophe in a string of code, as in a message that is shown.
      if (!isProse.test(line)) return line.replace(/"[^"\\]*"/g, (words) => words.replace(/(\w)'(\w)/g, '$1’$2'));
      const spaced = line.replace(/(?<=\w\w) (?=\d|of )/g, '\u00A0');
      const words = spaced.replace(/(\w)'(\w)/g, '$1’$2').replaceAll(' - ', dash);
      // Attributes keep theirs.
      return language === 'html' ? words : words.replace(/"([^"]*)"/g, '“$1”');
    })
    .join('\n');
}
