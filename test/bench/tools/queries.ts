import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dice } from '../../edits/dice.ts';

/** Files of languages that have a grammar. */
export const CODE = /\.(?:[cm]?[jt]sx?|py)$/;

/** The words of a repository to ask about, each from a place that was drawn. */
export interface Words {
  /** A path of a file with text. @param fits which are taken */
  path(fits?: (path: string) => boolean): string;
  /** A path of a file with code in a language that has a grammar. */
  code(): string;
  /** An identifier of some file. */
  word(): string;
  /** A piece of a line of some file, without space at its ends. */
  piece(): string;
}

/** @param paths of files with text, relative to `root` */
export function wordsOf(root: string, paths: readonly string[], dice: Dice): Words {
  const path = (fits: (path: string) => boolean = () => true): string =>
    until(() => {
      const drawn = dice.pick(paths);
      return fits(drawn) ? drawn : undefined;
    });
  const until = (draw: () => string | undefined): string => {
    for (;;) {
      const drawn = draw();
      if (drawn !== undefined) return drawn;
    }
  };
  const text = (): string => readFileSync(join(root, path()), 'utf8').slice(0, 200_000);
  const code = paths.filter((one) => CODE.test(one));
  return {
    path,
    code: () => dice.pick(code),
    word: () => until(() => some(text().match(/\b[A-Za-z_]\w{4,30}\b/g), dice)),
    piece: () =>
      until(() => {
        const line = some(text().split('\n'), dice)?.trim() ?? '';
        const from = dice.int(Math.max(1, line.length - 12));
        const piece = line.slice(from, from + 6 + dice.int(14)).trim();
        return piece.length >= 5 && /^[\x20-\x7e]+$/.test(piece) ? piece : undefined;
      }),
  };
}

/** A regular expression with text in it that must be there. */
export function regexAround(words: Words, dice: Dice): string {
  const word = words.word();
  return dice.pick([
    `${word}\\s*\\(`,
    `\\b${word}\\w*\\s*=`,
    `(?:${word}|${words.word()})\\.\\w+`,
    `^\\s*\\w+.*\\b${word}\\b`,
    `${word.slice(0, 5)}\\w{2,9}\\W`,
  ]);
}

/** A regular expression without any such text. */
export function regexOfNothing(dice: Dice): string {
  const n = 12 + dice.int(40);
  return dice.pick([
    `\\b[A-Z]{${Math.min(n, 24)},}\\b`,
    `\\b\\d{${Math.min(n, 20)}}\\b`,
    `^\\s{${n}}\\S+$`,
    `\\b\\w{${n + 14},${n + 20}}\\b`,
    `[^\\x00-\\x7f]{${Math.min(n, 18)}}`,
  ]);
}

function some<T>(all: readonly T[] | null, dice: Dice): T | undefined {
  return all === null || all.length === 0 ? undefined : dice.pick(all);
}
