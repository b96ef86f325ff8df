import { readdirSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { type Figure, table } from './figure.ts';

// `npm run bench -- NAME`: measures, prints a table, asserts nothing. Without a name: what benches there are. A bench is a
// file NAME.bench.ts beside this one that exports `title` and `measure`.
interface Bench {
  title: string;
  /** @param say tells what is going on; for a bench that takes minutes */
  measure: (say: (text: string) => void) => Promise<Figure[]>;
}

const NAMES = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace(/\.bench\.ts$/, ''));

const [name] = process.argv.slice(2);
if (name === undefined || !NAMES.includes(name)) {
  const lines = await Promise.all(NAMES.map(async (one) => `  ${one.padEnd(12)}${(await load(one)).title}`));
  const unknown = name === undefined ? '' : `There is no bench "${name}". `;
  console.log(`${unknown}npm run bench -- NAME, with one of\n${lines.join('\n')}`);
  process.exitCode = name === undefined ? 0 : 2;
} else {
  const { title, measure } = await load(name);
  const begun = loadavg()[0] ?? 0;
  const started = performance.now();
  const figures = await measure((text) => process.stderr.write(`… ${text}\n`));
  const seconds = Math.round((performance.now() - started) / 1000);
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}`;
  console.log(
    `${title}\n${machine}; load ${begun.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after; ${seconds} s\n\n${table(figures)}`,
  );
  // Browsers and editors are stopped by now; nothing that lingers keeps the terminal.
  process.exit(0);
}

function load(name: string): Promise<Bench> {
  return import(`./${name}.bench.ts`) as Promise<Bench>;
}
