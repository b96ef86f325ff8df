import { SearchError } from './searchError.ts';

/** Characters that a glob may have, and globs that one with braces may stand for. */
const LONGEST = 300;
const MOST = 100;

/** A piece of a name: any run of characters, or one character that `takes` says. */
type Piece = 'star' | { takes: (character: string) => boolean };
/** A part of a path between slashes; `anyDepth` stands for any number of them. */
type Part = 'anyDepth' | { name: string } | { pieces: Piece[] };

/**
 * Tells which paths a glob means, as people and models write it: without a slash it counts at any depth, a folder means
 * all that is in it, and one that begins with "!" means all others. It knows `*`, `**`, `?`, `[a-z]` and `{a,b}`.
 *
 * No library, because those make regular expressions of globs, and some globs make ones that take years for one path.
 * @throws SearchError where it is none
 */
export function globMatcher(glob: string): (path: string) => boolean {
  const isNegated = glob.trim().startsWith('!');
  const plain = glob
    .trim()
    .replace(/^!/, '')
    .replaceAll('\\', '/')
    .replace(/^(\.?\/)+/, '');
  if (plain === '') throw noGlob(glob, 'it is empty');
  if (plain.length > LONGEST) throw noGlob(glob, `it is longer than ${LONGEST} characters`);
  const alternatives = withoutBraces(plain, glob).map((one) => ({
    parts: partsOf(one, glob),
    literal: literalOf(one),
  }));
  const matches = (path: string) =>
    // Most paths lack what is written out in the glob, and are done with at once.
    alternatives.some(({ parts, literal }) => path.includes(literal) && takesPath(parts, path.split('/')));
  return isNegated ? (path) => !matches(path) : matches;
}

function noGlob(glob: string, why: string): SearchError {
  return new SearchError(`This is no glob: "${glob.slice(0, 80)}" (${why}). One is src/**/*.{ts,tsx}.`);
}

/** The globs that one with braces stands for: the inner braces first, so that each pair found is without further ones. */
function withoutBraces(plain: string, glob: string): string[] {
  const done: string[] = [];
  const open = [plain];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const pair = /\{([^{}]*)\}/.exec(one);
    if (pair === null) {
      if (/[{}]/.test(one)) throw noGlob(glob, 'a brace is not closed');
      done.push(one);
    } else {
      const [before, after] = [one.slice(0, pair.index), one.slice(pair.index + pair[0].length)];
      open.push(...(pair[1] ?? '').split(',').map((choice) => `${before}${choice}${after}`));
    }
    if (done.length + open.length > MOST) throw noGlob(glob, `it stands for more than ${MOST} globs`);
  }
  return done;
}

function partsOf(plain: string, glob: string): Part[] {
  const parts = plain
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .map((part): Part => {
      if (part === '**') return 'anyDepth';
      return /[*?[]/.test(part) ? { pieces: piecesOf(part, glob) } : { name: part };
    });
  const isAnywhere = !plain.replace(/\/+$/, '').includes('/');
  // What it takes may be a folder; then it means all that is in it.
  return [...(isAnywhere ? ['anyDepth' as const] : []), ...parts, 'anyDepth'];
}

function piecesOf(part: string, glob: string): Piece[] {
  const pieces: Piece[] = [];
  const characters = [...part];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? '';
    if (character === '*') {
      if (pieces.at(-1) !== 'star') pieces.push('star');
    } else if (character === '?') pieces.push({ takes: () => true });
    else if (character === '[') {
      // A bracket that comes first stands for itself.
      const end = characters.indexOf(']', at + (/[!^]/.test(characters[at + 1] ?? '') ? 3 : 2));
      if (end < 0) throw noGlob(glob, '"[" is not closed');
      pieces.push({ takes: classOf(characters.slice(at + 1, end)) });
      at = end;
    } else pieces.push({ takes: (other) => other === character });
  }
  return pieces;
}

function classOf(inside: readonly string[]): (character: string) => boolean {
  const isNegated = inside[0] === '!' || inside[0] === '^';
  const listed = isNegated ? inside.slice(1) : inside;
  const ranges: [string, string][] = [];
  for (let at = 0; at < listed.length; at += 1) {
    const [from = '', dash, to] = listed.slice(at, at + 3);
    const isRange = dash === '-' && to !== undefined;
    ranges.push([from, isRange ? to : from]);
    if (isRange) at += 2;
  }
  return (character) => ranges.some(([from, to]) => from <= character && character <= to) !== isNegated;
}

/** The longest text that every path has which a glob without braces takes. */
function literalOf(plain: string): string {
  const runs = plain.split(/\/|[*?]|\[[!^]?\]?[^\]]*\]/).filter((run) => run !== '.');
  return runs.reduce((longest, run) => (run.length > longest.length ? run : longest), '');
}

function takesPath(parts: readonly Part[], names: readonly string[]): boolean {
  return takesAll(parts, names, (part) => part === 'anyDepth', takesName);
}

function takesName(part: Part, name: string): boolean {
  if (part === 'anyDepth') return true;
  if ('name' in part) return part.name === name;
  return takesAll(
    part.pieces,
    [...name],
    (piece) => piece === 'star',
    (piece, character) => piece !== 'star' && piece.takes(character),
  );
}

/**
 * True where the wanted ones take all items in their order, a wild one any number of them. It is enough to go back to the
 * last wild one, so this takes no longer than the product of both lengths.
 */
function takesAll<Wanted, Item>(
  wanted: readonly Wanted[],
  items: readonly Item[],
  isWild: (one: Wanted) => boolean,
  takes: (one: Wanted, item: Item) => boolean,
): boolean {
  let at = 0;
  let item = 0;
  let wild: { at: number; item: number } | undefined;
  while (item < items.length) {
    const one = wanted[at];
    if (at < wanted.length && isWild(one as Wanted)) {
      wild = { at, item };
      at += 1;
    } else if (at < wanted.length && takes(one as Wanted, items[item] as Item)) {
      at += 1;
      item += 1;
    } else if (wild) {
      wild.item += 1;
      at = wild.at + 1;
      item = wild.item;
    } else return false;
  }
  return wanted.slice(at).every(isWild);
}
