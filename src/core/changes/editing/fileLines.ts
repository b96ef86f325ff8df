import type { Language } from './language.ts';
import { isBlank, keyOf, type LineKey, parts } from './lineKeys.ts';

/** The lines of a file, and what they are compared by, worked out line by line when it is first asked for. */
export interface FileLines {
  texts: readonly string[];
  language: Language;
  key(by: LineKey, at: number): string;
  /** Indexes of the lines that are not blank. */
  written(): readonly number[];
  /** Indexes of the lines that are neither blank nor a comment. */
  code(): readonly number[];
  /** How deep one level is in columns; a tab where levels are tabs. */
  unit(): number | 'tab';
}

/** Lines that are not blank, joined without the white space that lines are broken at: where each begins and ends in the text. */
export interface Stream {
  text: string;
  /** Indexes of the lines. */
  at: readonly number[];
  begins: readonly number[];
  ends: readonly number[];
}

export function fileLines(texts: readonly string[], language: Language): FileLines {
  const keys = new Map<LineKey, (string | undefined)[]>();
  let written: readonly number[] | undefined;
  let code: readonly number[] | undefined;
  let unit: number | 'tab' | undefined;
  return {
    texts,
    language,
    key(by, at) {
      const known = keys.get(by) ?? [];
      keys.set(by, known);
      const key = known[at] ?? keyOf(texts[at] ?? '', by);
      known[at] = key;
      return key;
    },
    written() {
      written ??= linesThat(texts, (line) => !isBlank(line));
      return written;
    },
    code() {
      code ??= linesThat(texts, (line) => !isBlank(line) && !language.isComment(line));
      return code;
    },
    unit() {
      unit ??= unitOf(texts);
      return unit;
    },
  };
}

/** Indexes of such lines. */
export function linesThat(texts: readonly string[], isMeant: (line: string) => boolean): number[] {
  return texts.flatMap((line, i) => (isMeant(line) ? [i] : []));
}

/** @param from index of the first line, in the file */
export function streamOf(texts: readonly string[], from = 0): Stream {
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
    at.push(from + i);
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
