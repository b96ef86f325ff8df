/**
 * Reads several streams of the steady server at once and prints, as one line of JSON, how old the tokens were when they
 * came and what they cost: `node --import tsx client.ts conclave|unkept|openai URL STREAMS`. The events of `unkept` go nowhere.
 */
import OpenAI from 'openai';
import { openAgent } from '../../../src/core/agents/agent.ts';
import type { AnswerFormat } from '../../../src/core/agents/answerFormat.ts';
import { ask } from '../../../src/core/agents/ask.ts';
import { finish } from '../../../src/core/orchestrator/finish.ts';
import { startRun } from '../../../src/core/orchestrator/session.ts';
import { openBenchCrew } from '../crew.ts';
import { percentile } from '../figure.ts';
import { storeOfNothing } from '../store/nothing.ts';

export interface Relayed {
  tokens: number;
  /** Microseconds from the server's write to whoever shows it. */
  p50: number;
  p99: number;
  /** Microseconds of processor time of the whole process, from the first request to the last token. */
  cpu: number;
}

const [mode = '', url = '', streams = '1'] = process.argv.slice(2);
const ages: number[] = [];

/** Takes what a piece of the answer says of the times at which its tokens were sent. */
function arrived(text: string): void {
  const now = process.hrtime.bigint() / 1000n;
  for (const sent of text.match(/\d+(?= )/g) ?? []) ages.push(Number(now - BigInt(sent)));
}

const numbers = Array.from({ length: Number(streams) }, (_, index) => index);
const cpu = await (mode === 'openai' ? throughOpenAi() : throughConclave());
const relayed: Relayed = { tokens: ages.length, p50: percentile(ages, 50), p99: percentile(ages, 99), cpu };
console.log(JSON.stringify(relayed));
process.exit();

async function costOf(work: Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work;
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** The `openai` client alone. */
async function throughOpenAi(): Promise<number> {
  const client = new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 });
  const read = async (): Promise<void> => {
    const stream = await client.chat.completions.create({
      model: 'steady',
      messages: [{ role: 'user', content: 'Go.' }],
      stream: true,
    });
    for await (const chunk of stream) arrived(chunk.choices[0]?.delta.content ?? '');
  };
  return costOf(Promise.all(numbers.map(read)));
}

/** Our agents, from the endpoint to the events that front ends get, which are written to a log as they come. */
async function throughConclave(): Promise<number> {
  const opened = await openBenchCrew({ ...process.env, CONCLAVE_CODER_URL: url });
  const { crew } = opened;
  const store = mode === 'unkept' ? storeOfNothing() : await opened.store();
  const format: AnswerFormat<null> = {
    request: 'Go.',
    begin: () => ({ push: () => {}, end: async () => ({ kind: 'answer', value: null }) }),
  };
  let spent = 0;
  const session: Parameters<typeof startRun>[2] = {
    holder: 'bench',
    signal: new AbortController().signal,
    onEvent: (event) => {
      if (event.type === 'agent.delta') arrived(event.delta);
    },
    catchUp: () => {},
    async work(run) {
      const agents = await Promise.all(
        numbers.map((number) =>
          openAgent(run, {
            role: 'coder',
            lane: `coder:${number}`,
            key: `bench/${number}`,
            thinking: 'off',
            opening: () => 'Go.',
          }),
        ),
      );
      spent = await costOf(Promise.all(agents.map((agent) => ask(run, agent, '', format))));
      return finish('answered', { code: 'answered', message: 'Measured.' });
    },
  };
  const { ending } = await startRun(crew, store, session, { kind: 'ask', task: 'Go.' });
  await store.close();
  opened.remove();
  if (ending.code !== 'answered') throw new Error(ending.message);
  return spent;
}
