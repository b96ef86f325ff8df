import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { PlannedService } from '../../src/core/fleet/driver.ts';
import { openEndpoint } from '../../src/core/models/endpoint.ts';
import { ModelError } from '../../src/core/models/modelError.ts';
import type { ModelEvent, ModelRequest } from '../../src/core/ports.ts';
import { noteStarted } from '../../src/node/fleet/fleetRecord.ts';
import { type Fleet, SERVED_MODELS, startFleet } from '../models/fleet.ts';
import { greetByName, onGreet } from '../support/greeter.ts';
import { GREETER } from '../support/project.ts';
import { endingOf, idOf, ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';

const never = new AbortController().signal;
const asked: ModelRequest = { messages: [{ role: 'user', content: 'Hi' }], maxTokens: 100, temperature: 0 };

async function collect(stream: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

async function failureOf(work: Promise<unknown>): Promise<ModelError> {
  const error = await work.then(
    () => assert.fail('no failure'),
    (reason: unknown) => reason,
  );
  assert(error instanceof ModelError, String(error));
  return error;
}

describe('a wait for a first token', () => {
  let fleet: Fleet | undefined;
  let other: Server | undefined;

  afterEach(async () => {
    await fleet?.close();
    other?.closeAllConnections();
    other?.close();
    fleet = undefined;
    other = undefined;
  });

  it('that takes long is prolonged while the server is at work, and told', async () => {
    const script = { coder: () => ({ text: 'Hello there.' }) };
    // A prompt of a dozen tokens takes it a good tenth of a second.
    fleet = await startFleet({ script, pace: 'real', timing: { prefill: 80, decode: 1000 } });
    const told: { running: number; waiting: number; waited: number }[] = [];
    const onWaiting = (about: (typeof told)[number]): void => void told.push(about);
    const model = openEndpoint({ role: 'coder', url: fleet.urls.coder });
    const events = await collect(model.stream({ ...asked, firstTokenMs: 50, onWaiting }, never));
    assert.equal(events.at(-1)?.type, 'finished');
    assert.deepEqual(told[0], { running: 1, waiting: 0, waited: 50 });
    assert.deepEqual(
      told.map(({ waited }) => waited),
      told.map((_, at) => 50 * (at + 1)),
    );
  });

  it('does not last for ever, though the server says that it is at work', async () => {
    fleet = await startFleet({ script: { coder: () => ({ text: 'Hello.' }) } });
    fleet.inject('coder', 'hangBeforeFirstByte');
    const model = openEndpoint({ role: 'coder', url: fleet.urls.coder });
    const error = await failureOf(collect(model.stream({ ...asked, firstTokenMs: 30 }, never)));
    assert.deepEqual(error.failure, { kind: 'timedOut', waited: 150 });
  });

  it('ends at once where the server has nothing to do: it has lost the request', async () => {
    other = createServer(({ url = '' }, response) => {
      if (url === '/metrics') response.end('vllm:num_requests_running{engine="0"} 0.0\n');
    });
    await new Promise<void>((resolve) => other?.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}/v1`;
    const model = openEndpoint({ url, model: 'm' });
    const error = await failureOf(collect(model.stream({ ...asked, firstTokenMs: 30 }, never)));
    assert.deepEqual(error.failure, { kind: 'timedOut', waited: 30 });
  });

  it('has an end for the whole answer too, however busy the server is', async () => {
    const script = { coder: () => ({ text: 'word '.repeat(2000) }) };
    fleet = await startFleet({ script, pace: 'real', timing: { prefill: 1000, decode: 100 } });
    const model = openEndpoint({ url: fleet.urls.coder, timeouts: { total: 200 } });
    const error = await failureOf(collect(model.stream({ ...asked, maxTokens: 5000 }, never)));
    assert.deepEqual(error.failure, { kind: 'timedOut', waited: 200 });
    await fleet.settled();
    assert.equal(fleet.requests.at(-1)?.outcome, 'cancelled');
  });
});

describe('a server in the middle of a run', () => {
  const given = scenarios();
  const greeting = () => crewScripts({ plan: plan([{ id: 'task_1', ...onGreet }]), edits: { task_1: [greetByName] } });
  const filesWith = (settings: Record<string, unknown>) => ({
    ...GREETER,
    '.conclave/config.json': JSON.stringify(settings),
  });

  it('that is started anew is waited for: the run goes on, and tells both once', async () => {
    const { start, fleet } = await given(greeting());
    let restarted: Promise<void> | undefined;
    const { ended } = start(['run', 'Greet'], {
      onEvent: ({ type }) => {
        if (type !== 'plan.proposed') return;
        restarted = fleet.outage('coder').then(async (up) => {
          await new Promise((resolve) => setTimeout(resolve, 1200));
          await up();
        });
      },
    });
    const { status, events, stderr } = await ended;
    await restarted;
    assert.equal(status, 0, stderr);
    const told = events.filter(({ type }) => type === 'server.lost' || type === 'server.recovered');
    assert.deepEqual(
      told.map(({ type }) => type),
      ['server.lost', 'server.recovered'],
    );
  });

  it('that the fleet has started is told of with what the fleet knows, before and in the middle of a run', async () => {
    const { start, run, fleet, conclave } = await given(greeting());
    const at = new Date().toISOString();
    const folder = join(conclave.data, 'fleet');
    mkdirSync(join(folder, 'servers'), { recursive: true });
    const coder: PlannedService = {
      ...{ name: 'vllm-coder', kind: 'model', roles: ['coder'] },
      serves: { model: 'org/coder', names: [SERVED_MODELS.coder], window: 8192, options: {} },
      ...{ port: Number(new URL(fleet.urls.coder).port), gpus: [], env: {} },
    };
    await noteStarted(conclave.env, { profile: 'cpu', driver: 'native' }, [coder]);
    const killed = {
      name: 'vllm-coder',
      pid: process.pid,
      identity: 'gone',
      since: at,
      end: { kind: 'ended', code: 137 },
    };
    writeFileSync(join(folder, 'servers', 'vllm-coder.json'), JSON.stringify(killed));
    conclave.env.CONCLAVE_CODER_URL = '';

    const reason =
      /coder server at .*ECONNREFUSED.* vllm-coder: It was killed from outside, as the system does when memory/;
    const { ended } = start(['run', 'Greet'], {
      onEvent: ({ type }) => {
        if (type === 'plan.proposed') void fleet.outage('coder').then((back) => setTimeout(back, 1200));
      },
    });
    const { status, events, stderr } = await ended;
    assert.equal(status, 0, stderr);
    assert.match(ofType(events, 'server.lost')[0]?.message ?? '', reason);

    const up = await fleet.outage('coder');
    assert.match(endingOf((await run(['run', 'Greet'])).events).message, reason);
    await up();
  });

  it('that stays away ends the run when the time for that is over; it can be resumed', async () => {
    const { start, run, fleet } = await given(greeting(), { files: filesWith({ limits: { serverMinutes: 0.02 } }) });
    let up: Promise<() => Promise<void>> | undefined;
    const stopped = await start(['run', 'Greet'], {
      onEvent: ({ type }) => {
        if (type === 'plan.proposed') up = fleet.outage('coder');
      },
    }).ended;
    assert.equal(stopped.status, 4);
    const { code, message, remedy } = endingOf(stopped.events);
    assert.equal(code, 'server_unavailable');
    assert.match(message, /coder server at .*ECONNREFUSED.* It was waited for 0\.02 minutes\./);
    assert.match(remedy ?? '', /resume the run.*limits\.serverMinutes/);
    await (await up)?.();
    assert.equal((await run(['run', '--resume', idOf(stopped.events)])).status, 0);
  });

  it('that stays busy ends the run when the time for that is over', async () => {
    const { run, fleet } = await given(greeting(), { files: filesWith({ limits: { serverMinutes: 0.01 } }) });
    fleet.inject('reviewer', { kind: 'busy', retryAfter: 0.2 }, { times: 1000 });
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 4);
    assert.match(endingOf(events).message, /is busy .* It was waited for 0\.01 minutes\./);
    assert.equal(ofType(events, 'server.busy').length, 1, 'told once');
  });

  it('that falls silent is asked again once it works on nothing', async () => {
    const { run, fleet } = await given(greeting(), {
      files: filesWith({ timeouts: { firstToken: 0.05, betweenTokens: 0.4 } }),
    });
    fleet.inject('coder', 'hangBeforeFirstByte');
    fleet.inject('reviewer', { kind: 'hangMidStream', afterTokens: 2 });
    const { status, events } = await run(['run', 'Greet']);
    assert.equal(status, 0);
    for (const type of ['server.busy', 'server.lost', 'server.recovered'] as const) {
      assert.deepEqual(new Set(ofType(events, type).map(({ role }) => role)), new Set(['coder', 'reviewer']), type);
    }
    assert.match(
      ofType(events, 'server.busy')[0]?.message ?? '',
      /has sent nothing for .* but is at work \(1 running\)/,
    );
    const asked = fleet.requests.filter(({ fault }) => fault !== undefined);
    assert.deepEqual(
      asked.map(({ role, outcome }) => [role, outcome]),
      [
        ['coder', 'cancelled'],
        ['reviewer', 'cancelled'],
      ],
    );
  });
});
