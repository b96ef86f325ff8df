import type { Language } from './language.ts';
import { isBlank, keyOf, type LineKey, parts } from './lineKeys.ts';

/** The lines of a file, and what they are compared by; each is worked out once, when it is first asked for. */
export interface FileLines {
  texts: readonly string[];
  language: Language;
  keys(by: LineKey): readonly string[];
  /** Indexes of the lines that are not blank, and their keys by spacing. */
  written(): KeyedLines;
  /** Indexes of the lines that are neither blank nor a comment, and their keys by spacing. */
  code(): KeyedLines;
  /** All of it in one, without the white space that lines are broken at. */
  stream(): Stream;
  /** How deep one level is in columns; a tab where levels are tabs. */
  unit(): number | 'tab';
}

export interface KeyedLines {
  at: readonly number[];
  keys: readonly string[];
}

/** Lines that are not blank, joined: where each begins and ends in the text. */
export interface Stream {
  text: string;
  /** Indexes of the lines. */
  at: readonly number[];
  begins: readonly number[];
  ends: readonly number[];
}

export function fileLines(texts: readonly string[], language: Language): FileLines {
  const keys = new Map<LineKey, readonly string[]>();
  let written: KeyedLines | undefined;
  let code: KeyedLines | undefined;
  let stream: Stream | undefined;
  let unit: number | 'tab' | undefined;
  return {
    texts,
    language,
    keys(by) {
      const known = keys.get(by) ?? texts.map((line) => keyOf(line, by));
      keys.set(by, known);
      return known;
    },
    written: () => (written ??= linesThat(texts, (line) => !isBlank(line))),
    code: () => (code ??= linesThat(texts, (line) => !isBlank(line) && !language.isComment(line))),
    stream: () => (stream ??= streamOf(texts)),
    unit: () => (unit ??= unitOf(texts)),
  };
}

export function linesThat(texts: readonly string[], isMeant: (line: string) => boolean): KeyedLines {
  const at = texts.flatMap((line, i) => (isMeant(line) ? [i] : []));
  return { at, keys: at.map((i) => keyOf(texts[i] ?? '', 'spacing')) };
}

export function streamOf(texts: readonly string[]): Stream {
  const at: number[] = [];
  const begins: number[] = [];
  const ends: number[] = [];
  const pieces: string[] = [];
  let length = 0;
  let last: string | undefined;
  texts.forEach((line, i) => {
    const key = keyOf(line, 'spacing');
    if (key === '') return;
    if (parts(last, key[0])) {
      pieces.push(' ');
      length += 1;
    }
    at.push(i);
    begins.push(length);
    pieces.push(key);
    length += key.length;
    ends.push(length);
    last = key.at(-1);
  });
  return { text: pieces.join(''), at, begins, ends };
}

/** The step by which most lines are deeper than the one before. */
function unitOf(texts: readonly string[]): number | 'tab' {
  const steps = new Map<number, number>();
  let tabs = 0;
  let spaced = 0;
  let before = 0;
  for (const line of texts) {
    if (isBlank(line)) continue;
    if (line.startsWith('\t')) {
      tabs += 1;
      continue;
    }
    const width = /^ */.exec(line)?.[0].length ?? 0;
    if (width > 0) spaced += 1;
    const step = width - before;
    if (step > 1 && step <= 8) steps.set(step, (steps.get(step) ?? 0) + 1);
    before = width;
  }
  if (tabs > spaced) return 'tab';
  let best = { step: 0, times: 0 };
  for (const [step, times] of steps) if (times > best.times) best = { step, times };
  return best.step === 0 ? 4 : best.step;
}
