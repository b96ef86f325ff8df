import { drawCases } from '../edits/corpus.ts';
import { freshSeed } from '../edits/dice.ts';
import { judge, tally } from '../edits/judge.ts';
import { fetchSources } from '../edits/packages.ts';
import { timeEdits } from './edits/times.ts';
import type { Figure } from './figure.ts';

export const title =
  'Edits of real files: how many are applied as meant, and the time of one in 100, 2,000 and 20,000 lines';

/** Draws labelled edits with a fresh seed, and times edits of large files against a plain search of exact lines. */
export async function measure(say: (text: string) => void): Promise<Figure[]> {
  say('fetching the packages, the first time');
  const sources = await fetchSources();
  const seed = freshSeed();
  say(`judging edits; the same again: npx tsx test/edits/run.ts --seed ${seed} --each 40`);
  const { classes, all } = tally(drawCases(sources, seed, 40).map(judge));
  const shares = [...classes, { ...all, of: `all, seed ${seed}` }].map(
    ({ of, cases, exact, rejected, wrong, right }): Figure => {
      return {
        what: `${of}: right of ${cases} (${exact} exact, ${rejected} rejected, ${wrong} wrong)`,
        value: right * 100,
        unit: '%',
      };
    },
  );
  say('timing edits of large files');
  return [...shares, ...timeEdits(sources)];
}
