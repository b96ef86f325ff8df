import type { Dice } from '../dice.ts';
import { isShared, type Noise, oldOf, type Side, type Work } from '../work.ts';

/** A number before every line, as tools that show files write it. */
export const lineNumbers: Noise = {
  name: 'line numbers',
  family: 'prefix',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    const { draft } = work;
    if ([...work.search, ...work.replace].some(({ text }) => /^\s*\d+\s*[|:→\t]/.test(text))) return undefined;
    // The space after a number could be the file's own.
    if (work.search.some(({ text, old }) => old !== undefined && ` ${text}` === draft.lines[old]?.text))
      return undefined;
    const write = dice.pick(NUMBERINGS);
    const first = dice.pick([draft.from + 1, draft.from + 1, draft.from + 1, 1]);
    const numbered = (list: Side[]): Side[] => list.map((side, i) => ({ ...side, text: write(first + i, side.text) }));
    return {
      ...work,
      search: numbered(work.search),
      replace: sides === 'both' ? numbered(work.replace) : work.replace,
    };
  },
};

const NUMBERINGS: ((number: number, text: string) => string)[] = [
  (number, text) => (text === '' ? `${number} |` : `${number} | ${text}`),

  (number, text) => `${number} | ${text}`,
  (number, text) => `${String(number).padStart(4)} | ${text}`,
  (number, text) => (text === '' ? `${number}:` : `${number}: ${text}`),
  (number, text) => `${number}|${text}`,
  (number, text) => `${number}→${text}`,
  (number, text) => `${String(number).padStart(6)}→${text}`,
  (number, text) => `${String(number).padStart(6)}\t${text}`,
  (number, text) => `${String(number).padStart(5)}: ${text}`,
];

/** The signs of a diff: every line has one, or only what goes and what comes. */
export const diffPrefixes: Noise = {
  name: 'diff prefixes',
  family: 'prefix',
  sides: ['both'],
  apply: (work, dice) => {
    const { draft } = work;
    if ([...work.search, ...work.replace].some(({ text }) => /^\s*[-+]/.test(text))) return undefined;
    const stays = new Set(work.replace.filter((side) => isShared(draft, side)).map((side) => oldOf(draft, side)));
    const goes = (side: Side): boolean => !stays.has(oldOf(draft, side));
    const comes = (side: Side): boolean => !isShared(draft, side);
    const blank = dice.pick(['', ' ']);
    const context = (text: string): string => (text === '' ? blank : ` ${text}`);
    const all = dice.chance(0.2);
    return {
      ...work,
      search: work.search.map((side) => ({ ...side, text: all || goes(side) ? `-${side.text}` : context(side.text) })),
      replace: work.replace.map((side) => ({
        ...side,
        text: all || comes(side) ? `+${side.text}` : context(side.text),
      })),
    };
  },
};

/** Adds lines before and after SEARCH, and REPLACE where it is told to. */
function around(work: Work, sides: 'search' | 'both' | 'replace', before: string[], after: string[]): Work {
  const add = (list: Side[]): Side[] => [
    ...before.map((text) => ({ text })),
    ...list,
    ...after.map((text) => ({ text })),
  ];
  return {
    ...work,
    search: sides === 'replace' ? work.search : add(work.search),
    replace: sides === 'search' ? work.replace : add(work.replace),
  };
}

/** The path of the file as a first line. */
export const pathLine: Noise = {
  name: 'path line',
  family: 'wrap',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    const { path } = work.draft;
    // A line of the file's own that names it, as some begin, could be taken for it.
    if ([...work.search.slice(0, 1), ...work.replace.slice(0, 1)].some(({ text }) => text.includes(path)))
      return undefined;
    const mark = work.draft.language === 'python' || work.draft.language === 'yaml' ? '#' : '//';
    const line = dice.pick([
      path,
      path,
      `${mark} ${path}`,
      `File: ${path}`,
      `\`${path}\``,
      `### ${path}`,
      `**${path}**`,
    ]);
    return around(work, sides, [line], []);
  },
};

const TAGS: Record<Work['draft']['language'], string> = {
  js: 'javascript',
  ts: 'ts',
  css: 'css',
  html: 'html',
  markdown: 'markdown',
  json: 'json',
  yaml: 'yaml',
  python: 'python',
  go: 'go',
  rust: 'rust',
  java: 'java',
  c: 'c',
  cpp: 'cpp',
  csharp: 'csharp',
};

/** A fence of Markdown around SEARCH, or around both. */
export const fences: Noise = {
  name: 'stray fences',
  family: 'wrap',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    if (work.draft.language === 'markdown' || hasFences(work)) return undefined;
    const [open, close] = fenceOf(work, dice);
    const only = dice.int(8);
    if (only === 0) return around(work, sides, [open], []);
    return only === 1 ? around(work, sides, [], [close]) : around(work, sides, [open], [close]);
  },
};

/** A fence around REPLACE where SEARCH is as it should be. */
export const replaceFenced: Noise = {
  name: 'fence around REPLACE alone',
  ofReplaceAlone: true,
  family: 'wrap',
  sides: ['both'],
  apply: (work, dice) => {
    if (work.draft.language === 'markdown' || hasFences(work) || work.replace.length === 0) return undefined;
    const [open, close] = fenceOf(work, dice);
    return around(work, 'replace', [open], [close]);
  },
};

function fenceOf(work: Work, dice: Dice): [string, string] {
  const ticks = dice.pick(['```', '```', '```', '````']);
  return [ticks + dice.pick(['', TAGS[work.draft.language]]), ticks];
}

function hasFences(work: Work): boolean {
  return /^\s*(```|~~~)/m.test(work.draft.original) || work.replace.some(({ text }) => /^\s*(```|~~~)/.test(text));
}

/** Markers of the format left in SEARCH, and often in REPLACE. */
export const markers: Noise = {
  name: 'left-over markers',
  family: 'wrap',
  sides: ['search', 'both'],
  apply: (work, dice, sides) => {
    if (/^(<<<<<<<|=======|>>>>>>>|-------|\+\+\+\+\+\+\+)/m.test(work.draft.original)) return undefined;
    const open = dice.pick(['<<<<<<< SEARCH', '<<<<<<< ORIGINAL', '------- SEARCH', '<<<<<<<', '<<<<<<< HEAD']);
    const close = dice.pick(['>>>>>>> REPLACE', '>>>>>>> UPDATED', '+++++++ REPLACE', '>>>>>>>']);
    const [before, after] = dice.pick([
      [[open], []],
      [[open], ['=======']],
      [[], ['=======']],
    ]);
    const searched = around(work, 'search', before, after);
    if (sides === 'search') return searched;
    return dice.pick([
      around(searched, 'replace', [], [close]),
      around(searched, 'replace', ['======='], []),
      around(searched, 'replace', ['======='], [close]),
    ]);
  },
};
