import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ROLES } from '../../src/shared/events.ts';
import { LLAMA_CPP } from '../models/traits.ts';
import { openCrewHere } from '../support/crewHere.ts';
import { FILES, SCRIPT, TASK } from '../support/greetingCrew.ts';
import { allCells } from './faultMatrix/cells.ts';
import { expectedOf } from './faultMatrix/expected.ts';
import type { CellResult } from './faultMatrix/runCell.ts';

// Whatever one fault does to one request of a run: it ends as the table says, for a reason that is true; it never hangs,
// never makes a call that was cut, never loses what was recorded. See faultMatrix/cells.ts and expected.ts.
describe('a run with a fault', function () {
  this.timeout(1_200_000);

  it('ends as expected, for every fault, at every request of every role, at its start, middle and end', async () => {
    const cells = allCells();
    const started = performance.now();
    const shards = Math.min(4, availableParallelism());
    const results = new Map(
      (await Promise.all(Array.from({ length: shards }, (_, index) => runShard(index, shards))))
        .flat()
        .map((result) => [result.name, result]),
    );
    const wrong = cells.flatMap((cell) => {
      const result = results.get(cell.name);
      if (result === undefined) return [`${cell.name}: there is no result`];
      const { code, why } = expectedOf(cell);
      const isExpected = result.code === code && why.test(result.message);
      const ended = isExpected ? [] : [`ended with ${result.code}, not ${code} (${why}): ${result.message}`];
      return [...ended, ...result.problems].map((problem) => `${cell.name}: ${problem}`);
    });
    const codes = [...results.values()].map(({ code }) => code);
    const ends = [...new Set(codes)].map((code) => `${codes.filter((one) => one === code).length} ${code}`);
    console.log(
      `      ${results.size} cases: ${ends.join(', ')}; in ${Math.round((performance.now() - started) / 1000)} s, ${shards} processes`,
    );
    assert.deepEqual(wrong, []);
    assert.equal(results.size, cells.length);
  });

  it('has no fault where the servers are llama.cpp’s, with their ragged JSON and their way to refuse a long prompt', async () => {
    const crew = await openCrewHere({
      files: FILES,
      script: SCRIPT,
      roles: Object.fromEntries(ROLES.map((role) => [role, { traits: LLAMA_CPP }])),
    });
    try {
      crew.fleet.inject('coder', { kind: 'contextExceeded', window: 8_192 });
      const { ending } = await crew.run(TASK);
      assert.equal(ending.code, 'approved', ending.message);
      assert.ok(crew.live.some((event) => event.type === 'window.learnt' && event.window === 8_192));
    } finally {
      await crew.close();
    }
  });
});

async function runShard(index: number, shards: number): Promise<CellResult[]> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', resolve('test/integration/faultMatrix/shard.ts'), String(index), String(shards)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const results: CellResult[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => void results.push(JSON.parse(line) as CellResult));
  const [[status]] = await Promise.all([once(child, 'close'), once(lines, 'close')]);
  assert.equal(status, 0, `shard ${index} ended with ${status}`);
  return results;
}
