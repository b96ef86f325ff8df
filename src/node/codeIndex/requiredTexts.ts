import type { SearchQuery } from '../../core/ports.ts';

/**
 * What a line must hold to be a match: of each list one text at least. No list at all: nothing is known.
 * Cautious: what is not understood says nothing.
 */
export function requiredTexts(query: SearchQuery): string[][] {
  if (!query.regex) return [[query.pattern]];
  try {
    const parser = { source: [...query.pattern], at: 0 };
    const node = alternation(parser);
    if (parser.at < parser.source.length) return [];
    return all(node);
  } catch (error) {
    if (error instanceof NotUnderstood) return [];
    throw error;
  }
}

/** `texts`: it matches these, and nothing else. `required`: whatever it matches holds one of each list. */
interface Known {
  texts: string[] | undefined;
  required: string[][];
}

interface Parser {
  source: string[];
  at: number;
}

class NotUnderstood extends Error {}

const MOST_TEXTS = 24;
const NOTHING: Known = { texts: undefined, required: [] };
const EMPTY: Known = { texts: [''], required: [] };

function all({ texts, required }: Known): string[][] {
  return texts ? [...required, texts] : required;
}

function alternation(parser: Parser): Known {
  const branches = [sequence(parser)];
  while (parser.source[parser.at] === '|') {
    parser.at += 1;
    branches.push(sequence(parser));
  }
  const [only] = branches;
  if (branches.length === 1 && only) return only;
  const texts = branches.every((branch) => branch.texts && branch.required.length === 0)
    ? branches.flatMap((branch) => branch.texts ?? [])
    : undefined;
  if (texts && texts.length <= MOST_TEXTS) return { texts, required: [] };
  const best = branches.map((branch) => mostTelling(all(branch)));
  if (best.some((list) => list === undefined)) return NOTHING;
  return { texts: undefined, required: [best.flatMap((list) => list ?? [])] };
}

/** The list whose shortest text is the longest. */
function mostTelling(lists: string[][]): string[] | undefined {
  const shortest = (list: string[]): number => Math.min(...list.map((text) => text.length));
  return [...lists].sort((one, other) => shortest(other) - shortest(one))[0];
}

function sequence(parser: Parser): Known {
  const required: string[][] = [];
  let run: string[] = [''];
  let isWhole = true;
  const end = (): void => {
    required.push(run);
    run = [''];
    isWhole = false;
  };
  while (parser.at < parser.source.length && !'|)'.includes(parser.source[parser.at] ?? '')) {
    const item = repeated(parser);
    required.push(...item.required);
    const joined = item.texts && run.flatMap((before) => (item.texts ?? []).map((text) => before + text));
    if (joined && joined.length <= MOST_TEXTS) {
      run = joined;
    } else {
      end();
      if (item.texts) run = item.texts;
    }
  }
  if (isWhole && required.length === 0) return { texts: run, required };
  return { texts: undefined, required: [...required, run] };
}

function repeated(parser: Parser): Known {
  let known = atom(parser);
  for (;;) {
    const least = quantifier(parser);
    if (least === undefined) return known;
    // Less often, if it can be: that says nothing of how often.
    if (parser.source[parser.at] === '?') parser.at += 1;
    if (least.kind === 'optional') known = known.texts && known.required.length === 0 ? orEmpty(known.texts) : NOTHING;
    else if (least.kind === 'any') known = NOTHING;
    else known = { texts: undefined, required: all(known) };
  }
}

function orEmpty(texts: string[]): Known {
  return { texts: ['', ...texts], required: [] };
}

function quantifier(parser: Parser): { kind: 'optional' | 'any' | 'some' } | undefined {
  const sign = parser.source[parser.at];
  if (sign === '?' || sign === '*' || sign === '+') {
    parser.at += 1;
    return { kind: sign === '?' ? 'optional' : sign === '*' ? 'any' : 'some' };
  }
  if (sign !== '{') return undefined;
  const [written, least = ''] =
    /^\{(\d+)(?:,\d*)?\}/.exec(parser.source.slice(parser.at, parser.at + 24).join('')) ?? [];
  if (written === undefined) throw new NotUnderstood();
  parser.at += written.length;
  return { kind: Number(least) === 0 ? 'any' : 'some' };
}

function atom(parser: Parser): Known {
  const sign = parser.source[parser.at];
  parser.at += 1;
  switch (sign) {
    case undefined:
    case '*':
    case '+':
    case '?':
    case '{':
    case ')':
      throw new NotUnderstood();
    case '(':
      return group(parser);
    case '[':
      return charactersIn(parser);
    case '.':
      return NOTHING;
    case '^':
    case '$':
      return EMPTY;
    case '\\':
      return escaped(parser);
    default:
      return { texts: [sign], required: [] };
  }
}

function group(parser: Parser): Known {
  if (parser.source[parser.at] === '?') {
    const ahead = parser.source.slice(parser.at, parser.at + 80).join('');
    // Flags change what all the rest means.
    const [opening] = /^\?(?::|P?<[A-Za-z_]\w*>)/.exec(ahead) ?? [];
    if (opening === undefined) throw new NotUnderstood();
    parser.at += opening.length;
  }
  const inner = alternation(parser);
  if (parser.source[parser.at] !== ')') throw new NotUnderstood();
  parser.at += 1;
  return inner;
}

function charactersIn(parser: Parser): Known {
  const next = (): string => {
    const sign = parser.source[parser.at];
    if (sign === undefined) throw new NotUnderstood();
    parser.at += 1;
    return sign;
  };
  let isSimple = true;
  if (parser.source[parser.at] === '^') {
    isSimple = false;
    parser.at += 1;
  }
  const texts: string[] = [];
  for (let sign = next(), isFirst = true; isFirst || sign !== ']'; sign = next(), isFirst = false) {
    // Classes in classes, and sums of them.
    if (sign === '[' || (['&', '~', '-'].includes(sign) && parser.source[parser.at] === sign))
      throw new NotUnderstood();
    if (sign === '\\') {
      const after = next();
      if (/[\w\s]/.test(after)) isSimple = false;
      if (/[pPxuU]/.test(after) && parser.source[parser.at] === '{') throw new NotUnderstood();
      texts.push(after);
    } else {
      if (sign === '-') isSimple = false;
      texts.push(sign);
    }
  }
  return isSimple && texts.length <= 6 ? { texts, required: [] } : NOTHING;
}

function escaped(parser: Parser): Known {
  const sign = parser.source[parser.at];
  parser.at += 1;
  if (sign === undefined) throw new NotUnderstood();
  if (sign === 't') return { texts: ['\t'], required: [] };
  if ('dDwWsS'.includes(sign)) return NOTHING;
  if ('bBAz'.includes(sign)) {
    if (parser.source[parser.at] === '{') throw new NotUnderstood();
    return EMPTY;
  }
  if (/[a-zA-Z0-9<>\s]/.test(sign) || sign > '\x7f') throw new NotUnderstood();
  return { texts: [sign], required: [] };
}
