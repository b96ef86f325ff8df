import { caseOf } from './case.ts';
import { drawDraft } from './draft.ts';
import { hasBlankEdge, type Kind, sameTexts } from './kind.ts';
import { lessIndent, moreIndent, otherCharacter, otherUnit } from './noise/indents.ts';
import { blankLines, brokenLine, innerSpacing, otherComments } from './noise/inner.ts';
import { entities, escapedQuotes, fancyIndent, fancyLetters, trailingSpace } from './noise/letters.ts';
import { fences, lineNumbers, markers, pathLine, replaceFenced } from './noise/prefixes.ts';
import { closingLeftOut, elidedMiddle } from './noise/shortened.ts';
import { type Noise, workOf } from './work.ts';

/** In the order in which a text would suffer them: from its words outwards. */
const STAGES: Noise[][] = [
  [blankLines, brokenLine, otherComments, elidedMiddle, closingLeftOut],
  [innerSpacing],
  [fancyLetters, fancyLetters, fancyIndent],
  [lessIndent, moreIndent, otherCharacter, otherUnit],
  [trailingSpace],
  [entities, escapedQuotes],
  [lineNumbers],
  [pathLine],
  [fences, markers, replaceFenced],
];

/** Two or three noises in one edit. */
export const stacked: Kind = {
  name: 'stacked',
  draw: (file, dice) => {
    const count = dice.pick([2, 2, 3]);
    const stages = new Set(dice.shuffled(STAGES).slice(0, count));
    const isCrlf = dice.chance(0.2) && !file.text.includes('\r');
    const text = isCrlf ? file.text.replaceAll('\n', '\r\n') : file.text;
    const draft = drawDraft({ ...file, text }, dice, { least: 3, contextLeast: 1, most: 18 });
    if (!draft || hasBlankEdge(draft)) return undefined;
    let work = workOf(draft);
    const noises = isCrlf ? ['CRLF'] : [];
    for (const stage of STAGES) {
      if (!stages.has(stage)) continue;
      const noise = dice.pick(stage);
      const sides = dice.pick(noise.sides);
      const done = noise.apply(work, dice, sides);
      if (!done || (!noise.ofReplaceAlone && sameTexts(done.search, work.search))) return undefined;
      work = done;
      noises.push(`${noise.name} (${sides})`);
    }
    return caseOf('stacked', work, noises, dice);
  },
};
