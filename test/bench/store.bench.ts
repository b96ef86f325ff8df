import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { recordDemo } from '../support/demoRun.ts';
import { startRedisServer } from '../support/redisServer.ts';
import { type Figure, median } from './figure.ts';
import type { Relayed } from './relay/client.ts';
import { FOLDED, PERSISTED, RESUMED, STEPS } from './store/measure.ts';

export const title = 'What keeping runs costs, in files and in Redis, against a store that does nothing';

/** Each figure is the median of so many processes, one after the other, the stores in turn. */
const TIMES = 5;
const STREAMS = 4;
const TOKENS = 2_000;
const PER_SECOND = 500;

const NOTHING = 'a store that does nothing';

interface Place {
  name: string;
  /** For CONCLAVE_STORE; undefined: nothing is kept. */
  store?: string;
}

/** Needs a build: the events are those of the demo's run. */
export async function measure(say: (text: string) => void): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'conclave-store-bench-'));
  say('the demo');
  const file = join(dir, 'events.jsonl');
  writeFileSync(file, (await recordDemo()).map((event) => JSON.stringify(event)).join('\n'));
  const redis = await startRedisServer({ config: ['--appendfsync', 'always'] });
  const places: Place[] = [
    { name: NOTHING },
    { name: 'files', store: join(dir, 'store') },
    { name: 'Redis (appendfsync always)', store: redis.url },
  ];
  const kept = places.slice(1);
  try {
    const times = async (what: string, of: Place[] = places): Promise<Map<string, number>> =>
      medians(of, async (place) => {
        say(`${what}: ${place.name}`);
        return run('store/measure.ts', [what, file, ...(place.store === undefined ? ['nothing'] : [])], place);
      });
    const figures: Figure[] = [];
    const persisted = await times('persist');
    for (const { name } of kept)
      figures.push({
        what: `${name}: events of a run persisted, as fast as they come`,
        value: PERSISTED / (figureOf(persisted, name) / 1000),
        unit: 'events/s',
        baseline: { value: PERSISTED / (figureOf(persisted, NOTHING) / 1000), of: NOTHING },
      });
    const steps = await times('step');
    for (const { name } of kept)
      figures.push({
        what: `${name}: a recorded step, durable`,
        value: figureOf(steps, name) / STEPS,
        unit: 'ms',
        baseline: { value: figureOf(steps, NOTHING) / STEPS, of: NOTHING },
      });
    figures.push(...(await streaming(places, say)));

    for (const place of kept) await run('store/measure.ts', ['fill', file], place);
    const resumed = await times('resume');
    for (const { name } of kept)
      figures.push({
        what: `${name}: resuming a run of ${RESUMED.toLocaleString('en')} events`,
        value: figureOf(resumed, name),
        unit: 'ms',
        baseline: { value: figureOf(resumed, NOTHING), of: NOTHING },
      });
    const folded = await times('fold', places.slice(0, 1));
    figures.push({
      what: `folding ${FOLDED.toLocaleString('en')} events`,
      value: figureOf(folded, NOTHING),
      unit: 'ms',
    });
    return figures;
  } finally {
    await redis.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The age of a token when front ends get it, while the run is written down. */
async function streaming(places: Place[], say: (text: string) => void): Promise<Figure[]> {
  const server = execa(process.execPath, [
    '--import',
    'tsx',
    resolve('test/bench/relay/server.ts'),
    `${TOKENS}`,
    `${PER_SECOND}`,
  ]);
  const [port] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
  const read: Record<'p50' | 'p99', Map<string, number[]>> = { p50: new Map(), p99: new Map() };
  try {
    await medians(places, async (place) => {
      say(`${STREAMS} × ${PER_SECOND} tokens/s: ${place.name}`);
      const mode = place.store === undefined ? 'unkept' : 'conclave';
      const args = [mode, `http://127.0.0.1:${port}/v1`, `${STREAMS}`];
      const relayed = JSON.parse(await output('relay/client.ts', args, place)) as Relayed;
      for (const each of ['p50', 'p99'] as const)
        read[each].set(place.name, [...(read[each].get(place.name) ?? []), relayed[each] / 1000]);
      return 0;
    });
  } finally {
    server.stdin.end();
    await server;
  }
  return places.slice(1).flatMap(({ name }) =>
    (['p50', 'p99'] as const).map(
      (each): Figure => ({
        what: `${name}: age of a token in a streaming run, ${each}`,
        value: median(read[each].get(name) ?? []),
        unit: 'ms',
        baseline: { value: median(read[each].get(NOTHING) ?? []), of: NOTHING },
      }),
    ),
  );
}

/** In turn, so that what else the machine does meets them alike. */
async function medians(places: Place[], once: (place: Place) => Promise<number>): Promise<Map<string, number>> {
  const values = new Map<string, number[]>(places.map(({ name }) => [name, []]));
  for (let time = 0; time < TIMES; time += 1) {
    for (const place of places) values.get(place.name)?.push(await once(place));
  }
  return new Map([...values].map(([name, all]) => [name, median(all)]));
}

function figureOf(values: ReadonlyMap<string, number>, name: string): number {
  const value = values.get(name);
  if (value === undefined) throw new Error(`Nothing was measured of ${name}.`);
  return value;
}

async function run(script: string, args: string[], place: Place): Promise<number> {
  return Number(await output(script, args, place));
}

async function output(script: string, args: string[], { store }: Place): Promise<string> {
  const env = store === undefined ? {} : { CONCLAVE_STORE: store };
  const { stdout } = await execa(process.execPath, ['--import', 'tsx', resolve('test/bench', script), ...args], {
    env,
  });
  return stdout;
}
