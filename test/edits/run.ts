import { parseArgs } from 'node:util';
import { drawCases } from './corpus.ts';
import { freshSeed } from './dice.ts';
import { judge, shown, tableOf, tally } from './judge.ts';
import { fetchSources } from './packages.ts';

// npx tsx test/edits/run.ts [--seed N] [--each N] [--only TEXT] [--show TEXT] [--verdict wrong|rejected|exact|all] [--most N]
// Draws labelled edits of real files and judges applyEdits by them. --only and --show take a part of a class's name, or
// 'all'; --show prints the cases of which the verdict was not right, or was the one that is given, in full.
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    each: { type: 'string', default: '20' },
    only: { type: 'string' },
    show: { type: 'string' },
    verdict: { type: 'string' },
    most: { type: 'string', default: '5' },
  },
});

const seed = values.seed === undefined ? freshSeed() : Number(values.seed);
const { only, show, verdict } = values;
const sources = await fetchSources();
const cases = drawCases(
  sources,
  seed,
  Number(values.each),
  only === undefined ? undefined : (name) => name.includes(only),
);
const judged = cases.map(judge);
if (show !== undefined) {
  const wanted = judged.filter((one) => {
    if (show !== 'all' && !one.case.of.includes(show)) return false;
    return verdict === undefined ? !one.isRight : verdict === 'all' || one.verdict === verdict;
  });
  for (const one of wanted.slice(0, Number(values.most))) console.log(`${shown(one)}\n`);
}
const packages = new Set(sources.map((file) => file.package)).size;
console.log(`${tableOf(tally(judged))}\nseed ${seed}: ${cases.length} cases of files of ${packages} packages`);
