/** How a runner runs tests by their names. Names come from reports, from people and from models: nothing in them is an option. */
export interface Naming {
  /** How the runner is told of this test; undefined where it cannot run it alone (a file that cannot be loaded has no test). */
  pattern(name: string): string | undefined;
  /** The command for the tests of these patterns only; undefined where it takes a file with them. */
  argv(patterns: readonly string[], testFile?: string): string[] | undefined;
  /** Says nothing of what passed, and fails where it finds no test for a pattern. */
  silent?: true;
}

/** How one program takes names: a pattern for each, and the arguments for all patterns. */
export interface NamedArguments {
  pattern: Naming['pattern'];
  args(patterns: readonly string[]): string[];
}

/** Titles are joined with a space by the runners that look at all of them. */
const byFullTitle = (option: string): NamedArguments => ({
  pattern: (name) => escapedTitle(titlesIn(name).join(' ')),
  args: (patterns) => [`${option}=${anyOf(patterns)}`],
});

/** Test programs by the word they are called with. */
const PROGRAMS: Readonly<Record<string, NamedArguments>> = {
  mocha: {
    // A hook is no test; what runs it is its suite.
    pattern: (name) =>
      escapedTitle(
        titlesIn(name)
          .filter((title) => !/^"(before|after) (all|each)" hook/.test(title))
          .join(' '),
      ),
    args: (patterns) => [`--grep=${anyOf(patterns)}`],
  },
  jest: byFullTitle('--testNamePattern'),
  'react-scripts': byFullTitle('--testNamePattern'),
  vitest: byFullTitle('--testNamePattern'),
  ava: {
    // AVA has no suites; what it tells before a title is the file. A star in a title stands for itself too.
    pattern: (name) => titlesIn(name).at(-1),
    args: (patterns) => patterns.map((pattern) => `--match=*${pattern}*`),
  },
  bun: {
    pattern: (name) => escapedTitle(titlesIn(name).join(' ')),
    args: (patterns) => [`--test-name-pattern=${anyOf(patterns)}`],
  },
  deno: {
    // Steps cannot be run alone. Between slashes it is a regular expression.
    pattern: (name) => escapedTitle(titlesIn(name)[0] ?? ''),
    args: (patterns) => [`--filter=/^(${patterns.join('|')})/`],
  },
  phpunit: {
    pattern: (name) => {
      const test = name.replace(/ with data set .*$/, '').trim();
      return /^[\p{L}\p{N}_\\:]+$/u.test(test) ? escapedPattern(test).replaceAll('/', '\\/') : undefined;
    },
    args: (patterns) => ['--filter', `/${anyOf(patterns)}/`],
  },
  rspec: {
    pattern: (name) => (name.trim() === '' || /^\S+\.rb$/.test(name) ? undefined : titlesIn(name).join(' ')),
    args: (patterns) => patterns.map((pattern) => `--example=${pattern}`),
  },
  // Versions differ in whether they look at all titles, so it is told the last one.
  node: {
    pattern: (name) => escapedTitle(titlesIn(name).at(-1) ?? ''),
    args: (patterns) => [`--test-name-pattern=${anyOf(patterns)}`],
  },
};

/**
 * How the program that a script ends with takes names; undefined where that program is not known, or what is appended to
 * the script would not reach it.
 */
export function programIn(script: string): { program: string; words: string[]; named: NamedArguments } | undefined {
  const last = script.split(/&&|\|\||;/).at(-1) ?? '';
  if (/[|<>&`]|\$\(/.test(last)) return undefined;
  const words = last.split(/\s+/).filter((word) => word !== '');
  const isNode = (word: string) => /^(tsx|node(\.exe)?)$/.test(word);
  const isProgram = (word: string) => {
    if (isNode(word)) return words.includes('--test');
    return Object.hasOwn(PROGRAMS, word) && (!/^(bun|deno)$/.test(word) || words.includes('test'));
  };
  // "c8 node --test", "cross-env A=1 mocha"
  const at = words.findIndex((word) => isProgram(nameOf(word)));
  const word = nameOf(words[at] ?? '');
  const program = isNode(word) ? 'node' : word;
  const named = at < 0 ? undefined : PROGRAMS[program];
  return named && { program, words: words.slice(at), named };
}

/** The arguments by which a program is told of names, by its own name. */
export function namedArguments(program: string): NamedArguments | undefined {
  return Object.hasOwn(PROGRAMS, program) ? PROGRAMS[program] : undefined;
}

/** The titles of suites and test, without the file that some runners name first and the number of the second one of a name. */
export function titlesIn(name: string): string[] {
  const titles = name.replace(/ \(\d+\)$/, '').split(/ [>›] /);
  return titles.length > 1 && /\.[cm]?[jt]sx?$/.test(titles[0] ?? '') ? titles.slice(1) : titles;
}

/** A text as a regular expression for just that text, in the dialects of all runners. */
export function escapedPattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** A file is no title, and neither is what stands for one that could not be loaded. */
function escapedTitle(title: string): string | undefined {
  const isTest = title !== '' && !/^\S+\.[cm]?[jt]sx?$|^Test suite failed to run$|^unhandled errors$/.test(title);
  return isTest ? escapedPattern(title) : undefined;
}

function anyOf(patterns: readonly string[]): string {
  return patterns.length === 1 ? (patterns[0] ?? '') : `(${patterns.join('|')})`;
}

function nameOf(word: string): string {
  return word.replace(/^.*[\\/]/, '').replace(/\.(cmd|js|mjs|cjs)$/, '');
}
