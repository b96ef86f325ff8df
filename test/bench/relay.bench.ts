import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import type { Figure } from './figure.ts';
import type { Relayed } from './relay/client.ts';

export const title = 'From a model server to the events of a run, against the openai client alone';

const STREAMS = [1, 4, 16];
const TOKENS = 2_000;
const PER_SECOND = 500;

/** Reads the same server with both, in processes of their own. */
export async function measure(say: (text: string) => void): Promise<Figure[]> {
  const server = script('server.ts', String(TOKENS), String(PER_SECOND));
  const [port] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
  const url = `http://127.0.0.1:${port}/v1`;
  try {
    const figures: Figure[] = [];
    for (const streams of STREAMS) {
      say(`${streams} × ${PER_SECOND} tokens/s, ${TOKENS} tokens each`);
      // One after the other: beside each other they would wait for the processor.
      const bare = await read('openai', url, streams);
      const ours = await read('conclave', url, streams);
      figures.push(...compared(streams, ours, bare));
    }
    return figures;
  } finally {
    server.stdin.end();
    await server;
  }
}

function compared(streams: number, ours: Relayed, bare: Relayed): Figure[] {
  const of = 'openai client';
  const what = streams === 1 ? '1 stream' : `${streams} streams`;
  const each = (relayed: Relayed): number => (relayed.cpu / relayed.tokens / 1000) * 100_000;
  return [
    {
      what: `${what}: age of a token, p50`,
      value: ours.p50 / 1000,
      unit: 'ms',
      baseline: { value: bare.p50 / 1000, of },
    },
    {
      what: `${what}: age of a token, p99`,
      value: ours.p99 / 1000,
      unit: 'ms',
      baseline: { value: bare.p99 / 1000, of },
    },
    {
      what: `${what}: processor time, 100,000 tokens`,
      value: each(ours),
      unit: 'ms',
      baseline: { value: each(bare), of },
    },
  ];
}

async function read(mode: 'conclave' | 'openai', url: string, streams: number): Promise<Relayed> {
  const { stdout } = await script('client.ts', mode, url, String(streams));
  const relayed = JSON.parse(stdout) as Relayed;
  if (relayed.tokens !== streams * TOKENS)
    throw new Error(`${mode} read ${relayed.tokens} tokens of ${streams * TOKENS}.`);
  return relayed;
}

function script(file: string, ...args: string[]) {
  return execa(process.execPath, ['--import', 'tsx', resolve('test/bench/relay', file), ...args]);
}
