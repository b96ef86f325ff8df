import { type Case, caseOf } from './case.ts';
import type { Dice } from './dice.ts';
import { type Draft, type DraftWishes, drawDraft, exactPlaces } from './draft.ts';
import { isBlank } from './fileLines.ts';
import type { Language } from './language.ts';
import type { SourceFile } from './packages.ts';
import { type Noise, workOf } from './work.ts';

/** One class of cases; a draw may come to nothing. */
export interface Kind {
  name: string;
  draw: (file: SourceFile, dice: Dice) => Case | undefined;
}

/** An edit with one noise. */
export function noisy(noise: Noise, wishes: DraftWishes = {}): Kind {
  return {
    name: noise.name,
    draw: (file, dice) => {
      const draft = drawDraft(file, dice, wishes);
      if (!draft || hasBlankEdge(draft)) return undefined;
      const sides = dice.pick(noise.sides);
      const work = workOf(draft);
      const done = noise.apply(work, dice, sides);
      if (!done || (!noise.ofReplaceAlone && sameTexts(done.search, work.search))) return undefined;
      return caseOf(noise.name, done, [`${noise.name} (${sides})`], dice);
    },
  };
}

/** An empty line at an edge of REPLACE could be meant, and as well be one that the model let slip in. */
export function hasBlankEdge({ after }: Draft): boolean {
  return [after.at(0), after.at(-1)].some((line) => line !== undefined && isBlank(line.text));
}

export function sameTexts(a: readonly { text: string }[], b: readonly { text: string }[]): boolean {
  return a.length === b.length && a.every(({ text }, i) => text === b[i]?.text);
}

export function regionOf(draft: Draft): string[] {
  return draft.lines.slice(draft.from, draft.to).map(({ text }) => text);
}

export function placesOf(draft: Draft): number[] {
  return exactPlaces(
    draft.lines.map(({ text }) => text),
    regionOf(draft),
  );
}

/** Draws from the file as `change` leaves it, and wants the change to be seen in SEARCH. */
export function inChangedFile(
  name: string,
  change: (text: string, dice: Dice, language: Language) => string,
  noise: Noise | undefined,
  wishes: DraftWishes = {},
): Kind {
  return {
    name,
    draw: (file, dice) => {
      const text = change(file.text, dice, file.language);
      if (text === file.text) return undefined;
      const draft = drawDraft({ ...file, text }, dice, wishes);
      if (!draft) return undefined;
      const sides = noise ? dice.pick(noise.sides) : 'both';
      const work = workOf(draft);
      const done = noise ? noise.apply(work, dice, sides) : work;
      if (!done || (noise && sameTexts(done.search, work.search))) return undefined;
      return caseOf(name, done, noise ? [`${noise.name} (${sides})`] : [], dice);
    },
  };
}
