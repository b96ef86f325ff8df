import { withoutOwnFence } from './fences.ts';
import { languageOf } from './language.ts';
import { isBlank } from './lineKeys.ts';

/** The lines of an edit. */
export interface Sides {
  search: readonly string[];
  replace: readonly string[];
}

/**
 * Takes one kind of noise from the lines of SEARCH, and from those of REPLACE where they have it, too; undefined where SEARCH
 * has none.
 */
type Cleaner = (sides: Sides, path: string) => Sides | undefined;

/** Most variants of one edit that are looked for: three kinds of noise at once, and all their orders, are fewer. */
const MOST = 24;

/** What may be meant by an edit whose lines are not the file's, those with the least taken away first. Without the edit itself. */
export function cleaned(sides: Sides, path: string): Sides[] {
  const found: Sides[] = [];
  const known = new Set([JSON.stringify(sides)]);
  let level: Sides[] = [sides];
  while (level.length > 0 && found.length < MOST) {
    const next: Sides[] = [];
    for (const from of level) {
      for (const clean of CLEANERS) {
        const variant = clean(from, path);
        const key = variant && JSON.stringify(variant);
        if (variant === undefined || key === undefined || known.has(key)) continue;
        if (variant.search.every(isBlank)) continue;
        known.add(key);
        next.push(variant);
      }
    }
    found.push(...next);
    level = next;
  }
  return found.slice(0, MOST);
}

const FENCE = /^\s*(?:`{3,}|~{3,})[\w+#.:/ -]*$/;
const MARKER =
  /^\s*(?:<{5,9}|={5,9}|>{5,9}|[-+]{5,9}(?=\s*(?:SEARCH|REPLACE)))(?:\s*(?:SEARCH|REPLACE|ORIGINAL|UPDATED|HEAD|END|:.*))?\s*$/i;

const isFence = (line: string): boolean => FENCE.test(line);
const isMarker = (line: string): boolean => MARKER.test(line);

function withoutFences({ search, replace }: Sides, path: string): Sides | undefined {
  const bare = atEdges(search, isFence);
  return bare && { search: bare, replace: withoutWrapping(atEdges(replace, isFence) ?? replace, bare, path) };
}

function withoutMarkers({ search, replace }: Sides, path: string): Sides | undefined {
  const bare = atEdges(search, isMarker);
  return bare && { search: bare, replace: withoutWrapping(replace, bare, path) };
}

/** A line that names the file. */
function withoutPathLine({ search, replace }: Sides, path: string): Sides | undefined {
  const bare = afterPathLine(search, path);
  return bare && { search: bare, replace: withoutWrapping(replace, bare, path) };
}

/** REPLACE without all that SEARCH may have had around it, in whatever order. @param search without it */
function withoutWrapping(replace: readonly string[], search: readonly string[], path: string): readonly string[] {
  const bare =
    afterPathLine(replace, path) ?? atEdges(replace, isMarker) ?? withoutOwnFence(replace, search, languageOf(path));
  return bare === replace ? replace : withoutWrapping(bare, search, path);
}

/** Without such lines at the start and at the end; undefined where there are none. */
function atEdges(lines: readonly string[], isNoise: (line: string) => boolean): readonly string[] | undefined {
  const first = lines.findIndex((line) => !isBlank(line));
  const last = lines.findLastIndex((line) => !isBlank(line));
  if (first === -1) return undefined;
  const from = isNoise(lines[first] ?? '') ? first + 1 : 0;
  const to = last >= from && isNoise(lines[last] ?? '') ? last : lines.length;
  return from === 0 && to === lines.length ? undefined : lines.slice(from, to);
}

function afterPathLine(lines: readonly string[], path: string): readonly string[] | undefined {
  const first = lines.findIndex((line) => !isBlank(line));
  const text = (lines[first] ?? '')
    .trim()
    .replace(/^(?:\/\/|\/\*|#+|--|<!--|\*+|;)\s*/, '')
    .replace(/\s*(?:\*\/|-->|\*+)$/, '')
    .replace(/^(?:file(?:name|path)?|path)\s*[:=]\s*/i, '')
    .replace(/^[`"']|[`"':]+$/g, '')
    .replace(/^(?:[ab]|\.)\//, '');
  const isPath = text !== '' && (text === path || path.endsWith(`/${text}`) || text.endsWith(`/${path}`));
  return isPath ? lines.slice(first + 1) : undefined;
}

const SPACE_OR_END = '(?: |$)';
/**
 * As editors and tools show them: "12 | ", "  12 | ", "12: ", "12|", "12→", and `cat -n`'s tab. Where a space may belong to the
 * number or to the line, both are tried.
 */
const NUMBERED = [
  /^[ \t]*(\d+)[ \t]*\|(?: |$)/,
  /^[ \t]*(\d+)[ \t]*\|/,
  /^[ \t]*(\d+)→/,
  /^[ \t]*(\d+)\t/,
  /^[ \t]*L?(\d+):(?: |$)/,
  /^[ \t]*L?(\d+):/,
  /^[ \t]*(\d+)[.)](?: |$)/,
];

function withoutNumbers(number: RegExp): Cleaner {
  return (sides) => {
    const bare = unnumberedSides(sides, number);
    const twin = NUMBERED.find((other) => other !== number && bareSource(other) === bareSource(number));
    const other = bare && twin && unnumberedSides(sides, twin);
    if (bare === undefined || twin === undefined || other === undefined) return bare;
    // The space is the line's where REPLACE has it as the line's.
    const isOthers = sides.replace.some((line) => twin.test(line) && !number.test(line));
    const more = commonLines(other) - commonLines(bare) || oddIndents(bare) - oddIndents(other);
    return isOthers || more > 0 ? undefined : bare;
  };
}

/** How many lines begin at a column that no unit comes to. */
function oddIndents({ search, replace }: Sides): number {
  return [...search, ...replace].filter((line) => (/^ *(?=\S)/.exec(line)?.[0].length ?? 0) % 2 === 1).length;
}

function bareSource(number: RegExp): string {
  return number.source.replace(SPACE_OR_END, '');
}

/** New lines of REPLACE may have no numbers, or go on counting anyhow. Undefined where SEARCH has not. */
function unnumberedSides({ search, replace }: Sides, number: RegExp): Sides | undefined {
  const bare = unnumbered(search, number);
  return bare && { search: bare, replace: replace.map((line) => line.replace(number, '')) };
}

/** How many lines of REPLACE are SEARCH's. */
export function commonLines({ search, replace }: Sides): number {
  return replace.filter((line) => !isBlank(line) && search.includes(line)).length;
}

/** Undefined where not every line that is not blank has a number, each one more than the one before. */
function unnumbered(lines: readonly string[], number: RegExp): string[] | undefined {
  let last: { value: number; at: number } | undefined;
  for (const [at, line] of lines.entries()) {
    const value = Number(number.exec(line)?.[1] ?? Number.NaN);
    if (Number.isNaN(value)) {
      if (isBlank(line)) continue;
      return undefined;
    }
    if (last && value - last.value !== at - last.at) return undefined;
    last = { value, at };
  }
  return last && lines.map((line) => line.replace(number, ''));
}

/** The signs that a diff has before its lines. */
function withoutDiffSigns({ search, replace }: Sides): Sides | undefined {
  // Markers of dashes are none.
  if (search.some((line) => line.startsWith('-') && isMarker(line))) return undefined;
  const written = search.filter((line) => line !== '');
  if (written.length === 0 || !written.every((line) => /^[ -]/.test(line))) return undefined;
  const hasMinus = written.some((line) => line.startsWith('-'));
  const isSigned = (line: string): boolean => line === '' || /^[ +]/.test(line);
  const hasPlus = replace.every(isSigned) && replace.some((line) => line.startsWith('+'));
  if (!hasMinus && !hasPlus) return undefined;
  const keeps = replace.every((line) => line === '' || (line.startsWith(' ') && search.includes(line)));
  const bare = (line: string): string => line.slice(1);
  return { search: search.map(bare), replace: hasPlus || keeps ? replace.map(bare) : replace };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#34;': '"',
  '&#x22;': '"',
  '&#39;': "'",
  '&#x27;': "'",
  '&#039;': "'",
  '&apos;': "'",
  '&nbsp;': ' ',
  '&#x2F;': '/',
  '&#47;': '/',
  '&amp;': '&',
};
const ENTITY = new RegExp(Object.keys(ENTITIES).join('|'), 'gi');

function withoutEntities({ search, replace }: Sides): Sides | undefined {
  const decode = (line: string): string => line.replace(ENTITY, (entity) => ENTITIES[entity.toLowerCase()] ?? entity);
  const bare = search.map(decode);
  if (bare.every((line, i) => line === search[i])) return undefined;
  // A side that has the signs themselves was not encoded.
  const text = replace.join('\n');
  const isEncoded = !/[<>]|&(?![\w#]+;)/.test(text) && (!/"/.test(text) || !/&quot;/.test(search.join('\n')));
  return { search: bare, replace: isEncoded ? replace.map(decode) : replace };
}

/** Quotes with a backslash before them, as in a text within JSON. */
function withoutEscapedQuotes({ search, replace }: Sides): Sides | undefined {
  const decode = (line: string): string => line.replace(/\\(["'`])/g, '$1');
  const bare = search.map(decode);
  if (bare.every((line, i) => line === search[i])) return undefined;
  return { search: bare, replace: isEscapedLike(search, replace) ? replace.map(decode) : replace };
}

/** All of it as a text within JSON has it: quotes, backslashes, tabs and the ends of lines. */
function withoutEscapes({ search, replace }: Sides): Sides | undefined {
  const decode = (lines: readonly string[]): string[] => lines.flatMap((line) => decoded(line).split('\n'));
  const bare = decode(search);
  // A side that only has the ends of lines escaped is no text of JSON.
  const isMixed = hasBareQuote(replace) && replace.length === 1 && replace[0]?.includes('\\n') === true;
  if (isMixed || hasBareQuote(search) || (bare.length === search.length && bare.every((line, i) => line === search[i])))
    return undefined;
  return {
    search: withoutLastEmpty(bare, search),
    replace: hasBareQuote(replace) ? replace : withoutLastEmpty(decode(replace), replace),
  };
}

/** Within JSON there is none. */
function hasBareQuote(lines: readonly string[]): boolean {
  return lines.some((line) => /(?<!\\)"/.test(line));
}

/** Only the ends of lines; where quotes were left alone. */
function withoutEscapedEnds({ search, replace }: Sides): Sides | undefined {
  if (search.length !== 1 || !search[0]?.includes('\\n')) return undefined;
  const decode = (lines: readonly string[]): string[] =>
    lines.flatMap((line) => line.replaceAll('\\t', '\t').replaceAll('\\r\\n', '\\n').split('\\n'));
  return {
    search: withoutLastEmpty(decode(search), search),
    replace: replace.length === 1 ? withoutLastEmpty(decode(replace), replace) : replace,
  };
}

/** Without the empty line that an escaped end of the last line leaves. */
function withoutLastEmpty(lines: readonly string[], from: readonly string[]): readonly string[] {
  return lines.length > from.length && lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function decoded(line: string): string {
  const signs: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '' };
  return line.replace(/\\([ntr"'`\\/])/g, (_, sign: string) => signs[sign] ?? sign);
}

/** A side with a quote that is not escaped was not escaped. */
function isEscapedLike(search: readonly string[], replace: readonly string[]): boolean {
  const text = replace.join('\n');
  if (!/\\/.test(text)) return false;
  const quotes = new Set(Array.from(search.join('\n').matchAll(/\\(["'`])/g), ([, quote = '']) => quote));
  return [...quotes].every((quote) => !new RegExp(`(?<!\\\\)${quote}`).test(text));
}

const CLEANERS: readonly Cleaner[] = [
  withoutFences,
  withoutMarkers,
  withoutPathLine,
  ...NUMBERED.map(withoutNumbers),
  withoutDiffSigns,
  withoutEscapedQuotes,
  withoutEscapes,
  withoutEscapedEnds,
  withoutEntities,
];
