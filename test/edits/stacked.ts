import { caseOf } from './case.ts';
import { drawDraft } from './draft.ts';
import type { Kind } from './kind.ts';
import { lessIndent, moreIndent, otherCharacter, otherUnit } from './noise/indents.ts';
import { blankLines, brokenLine, innerSpacing, otherComments } from './noise/inner.ts';
import { entities, escapedQuotes, fancyLetters, trailingSpace } from './noise/letters.ts';
import { fences, lineNumbers, markers, pathLine } from './noise/prefixes.ts';
import { elidedMiddle } from './noise/shortened.ts';
import { type Noise, workOf } from './work.ts';

/** In the order in which a text would suffer them: from its words outwards. */
const STAGES: Noise[][] = [
  [blankLines, brokenLine, otherComments, elidedMiddle],
  [innerSpacing],
  [fancyLetters],
  [lessIndent, moreIndent, otherCharacter, otherUnit],
  [trailingSpace],
  [entities, escapedQuotes],
  [lineNumbers],
  [pathLine, fences, markers],
];

/** Two or three noises in one edit. */
export const stacked: Kind = {
  name: 'stacked',
  draw: (file, dice) => {
    const count = dice.pick([2, 2, 3]);
    const stages = new Set(dice.shuffled(STAGES).slice(0, count));
    const draft = drawDraft(file, dice, { least: 3, contextLeast: 1, most: 18 });
    if (!draft) return undefined;
    let work = workOf(draft);
    const noises: string[] = [];
    for (const stage of STAGES) {
      if (!stages.has(stage)) continue;
      const noise = dice.pick(stage);
      const sides = dice.pick(noise.sides);
      const done = noise.apply(work, dice, sides);
      if (!done || done.search.map(({ text }) => text).join('\n') === work.search.map(({ text }) => text).join('\n'))
        return undefined;
      work = done;
      noises.push(`${noise.name} (${sides})`);
    }
    return caseOf('stacked', work, noises, dice);
  },
};
