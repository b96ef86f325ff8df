import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { syntaxGate } from '../../src/core/checks/syntaxGate.ts';
import { grammarsOf } from '../../src/node/grammars/grammars.ts';
import { openSyntax } from '../../src/node/grammars/syntax.ts';
import { type Figure, median } from './figure.ts';

export const title =
  'Time that the syntax gate takes for a change of a file of TypeScript with 2,000 lines, and memory';

const LINES = 2000;
const TIMES = 15;

/** The first time loads tree-sitter and the grammar; later ones only parse. */
export async function measure(): Promise<Figure[]> {
  const before = sourceOf(LINES);
  const clean = before.replace('import ', 'import { one } from "./one.ts";\nimport ');
  const broken = before.replace(/^ {2}if \(.*\{$/m, '$&\n  if (true) {');
  const syntax = openSyntax(grammarsOf(resolve('.')));
  const timed = async (after: string): Promise<number> => {
    const start = performance.now();
    const outcome = await syntaxGate(syntax, { path: 'a.ts', before, after });
    const ms = performance.now() - start;
    const found = outcome.kind === 'checked' ? outcome.problems.length > 0 : undefined;
    if (found !== (after === broken)) throw new Error(`The gate is wrong: ${JSON.stringify(outcome)}`);
    return ms;
  };
  const repeated = async (after: string): Promise<number> => {
    const all: number[] = [];
    for (let time = 0; time < TIMES; time += 1) all.push(await timed(after));
    return median(all);
  };
  const memory = process.memoryUsage.rss();
  const first = await timed(clean);
  const loaded = process.memoryUsage.rss();
  const parses = await repeated(clean);
  return [
    { what: 'a change that parses, with the loading of the grammar', value: first, unit: 'ms' },
    { what: `a change that parses, median of ${TIMES}`, value: parses, unit: 'ms' },
    {
      what: `a change that does not, median of ${TIMES}`,
      value: await repeated(broken),
      unit: 'ms',
      baseline: { value: parses, of: 'one that does' },
    },
    { what: 'memory that tree-sitter and the grammar take', value: (loaded - memory) / 1024 / 1024, unit: 'MB' },
  ];
}

function sourceOf(lines: number): string {
  const files = readdirSync('src/core', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const texts = files.sort().map((file) => readFileSync(join('src/core', file), 'utf8'));
  const few = texts.slice(
    0,
    texts.findIndex(
      (_, at) =>
        texts
          .slice(0, at + 1)
          .join('')
          .split('\n').length > lines,
    ),
  );
  return few.join('');
}
