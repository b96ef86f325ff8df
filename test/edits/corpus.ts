import type { Case } from './case.ts';
import { RIGHT_KINDS } from './classes.ts';
import { diceOf } from './dice.ts';
import type { Kind } from './kind.ts';
import type { Language } from './language.ts';
import type { SourceFile } from './packages.ts';
import { REJECT_KINDS } from './rejects.ts';
import { stacked } from './stacked.ts';

const KINDS: { kind: Kind; share: number }[] = [
  ...RIGHT_KINDS.map((kind) => ({ kind, share: 1 })),
  { kind: stacked, share: 5 },
  ...REJECT_KINDS.map((kind) => ({ kind, share: 1 })),
];

/** Draws that come to nothing before a class is given up. */
const MOST_DRAWS = 60_000;

/**
 * Labelled cases of all classes.
 * @param each how many of a class; of stacked ones five times as many
 * @throws where a class does not come to so many
 */
export function drawCases(
  sources: readonly SourceFile[],
  seed: number,
  each: number,
  only?: (name: string) => boolean,
): Case[] {
  const byLanguage = new Map<Language, SourceFile[]>();
  for (const file of sources) byLanguage.set(file.language, [...(byLanguage.get(file.language) ?? []), file]);
  const languages = [...byLanguage.values()];
  return KINDS.flatMap(({ kind, share }, index) => {
    if (only && !only(kind.name)) return [];
    // Each class by dice of its own: another one added does not change it.
    const dice = diceOf(seed + Math.imul(hash(kind.name), 0x9e3779b1));
    const found: Case[] = [];
    for (let draws = 0; found.length < each * share; draws++) {
      if (draws === MOST_DRAWS)
        throw new Error(`Only ${found.length} cases of "${kind.name}" (class ${index}) with seed ${seed}.`);
      const drawn = kind.draw(dice.pick(dice.pick(languages)), dice);
      if (drawn) found.push({ ...drawn, of: kind.name });
    }
    return found;
  });
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (Math.imul(sum, 31) + (letter.codePointAt(0) ?? 0)) | 0, 7);
}
