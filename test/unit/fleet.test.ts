import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { DriverError, type PlannedService } from '../../src/core/fleet/driver.ts';
import { createFleet } from '../../src/core/fleet/fleet.ts';
import type { FleetState, ServiceState } from '../../src/shared/fleet.ts';
import { answering, createMemoryFleet, plannedServer } from '../support/memoryFleet.ts';

const never = new AbortController().signal;
const PLANNER = 'vllm-planner';
const CODER = 'vllm-coder';
const PLANNED: PlannedService[] = [plannedServer(PLANNER, 8001), plannedServer(CODER, 8002)];

function opened() {
  const memory = createMemoryFleet(PLANNED);
  const fleet = createFleet({ profile: 'test', planned: PLANNED, ...memory });
  return { memory, fleet };
}

const stateOf = (state: FleetState | undefined, name: string): ServiceState | undefined =>
  state?.services.find((service) => service.name === name)?.state;

/** Every state of a service in the order in which it was told, repeats left out. */
function story(states: readonly FleetState[], name: string): string[] {
  const kinds = states.map((state) => stateOf(state, name)?.kind ?? 'absent');
  return kinds.filter((kind, at) => kind !== kinds[at - 1]);
}

describe('the fleet', () => {
  it('starts one after another, each once the one before is ready', async () => {
    const { memory, fleet } = opened();
    const states: FleetState[] = [];
    memory.onStart(PLANNER, (service) => {
      service.log = ['INFO Starting to load model org/model...'];
      memory.onWait((passed) => {
        if (passed === 2000) {
          service.log.push('Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01,  1.0s/it]');
        }
        if (passed === 4000) answering(service);
      });
    });
    await fleet.up('all', (state) => states.push(state), never);

    assert.deepEqual(memory.acts, [`start ${PLANNER}`, `start ${CODER}`]);
    assert.deepEqual(story(states, PLANNER), ['starting', 'ready']);
    assert.deepEqual(story(states, CODER), ['queued', 'starting', 'ready']);
    for (const state of states) {
      if (stateOf(state, CODER)?.kind !== 'starting') continue;
      assert.equal(stateOf(state, PLANNER)?.kind, 'ready', 'the coder was started before the planner was ready');
    }
    const loading = states
      .map((state) => stateOf(state, PLANNER))
      .find((state) => state?.kind === 'starting' && state.percent === 50);
    assert.deepEqual(loading && 'step' in loading && loading.step, 'loading weights');
    const ready = states.at(-1)?.services[1];
    assert.equal(ready?.url, 'http://127.0.0.1:8002/v1');
    assert.equal(ready?.window, 8192);
  });

  it('leaves alone what is ready, and waits for what is already on its way', async () => {
    const { memory, fleet } = opened();
    await fleet.up([PLANNER], () => {}, never);
    const coder = memory.service(CODER);
    coder.run = { kind: 'running', health: 'none', since: '2026-01-01T00:00:00Z', restarts: 0 };
    memory.onWait(() => answering(coder));
    await fleet.up('all', () => {}, never);
    assert.deepEqual(memory.acts, [`start ${PLANNER}`]);
  });

  it('starts anew what was started with something else than is planned', async () => {
    const { memory, fleet } = opened();
    await fleet.up('all', () => {}, never);
    memory.service(CODER).flags = 'of another profile';
    await fleet.up('all', () => {}, never);
    assert.deepEqual(memory.acts, [`start ${PLANNER}`, `start ${CODER}`, `start ${CODER}`]);
    const coder = memory.service(CODER);
    coder.pages = {};
    coder.flags = 'of another profile';
    await fleet.up([CODER], () => {}, never);
    assert.equal(memory.acts.length, 4, 'it was waited for');
  });

  it('forgets why a start failed once another process has taken it down', async () => {
    const { memory, fleet } = opened();
    memory.onStart(CODER, (service) => {
      service.run = { kind: 'ended', code: 1, byUser: false, restarts: 0 };
    });
    await assert.rejects(fleet.up([CODER], () => {}, never));
    assert.equal(stateOf(await fleet.state(never), CODER)?.kind, 'failed');
    memory.service(CODER).run = { kind: 'absent' };
    assert.equal(stateOf(await fleet.state(never), CODER)?.kind, 'absent');
  });

  it('starts nothing between the stop and the start of a restart', async () => {
    const { memory, fleet } = opened();
    await fleet.up('all', () => {}, never);
    await Promise.all([fleet.restart('all', () => {}, never), fleet.up('all', () => {}, never)]);
    assert.deepEqual(memory.acts.slice(2), [`stop ${CODER} ${PLANNER}`, `start ${PLANNER}`, `start ${CODER}`]);
  });

  it('tells what is fetched for a start', async () => {
    const { memory, fleet } = opened();
    const states: FleetState[] = [];
    memory.onStart(PLANNER, (service, onProgress) => {
      onProgress({ service: PLANNER, what: 'image vllm', percent: 40 });
      answering(service);
    });
    await fleet.up([PLANNER], (state) => states.push(state), never);
    const fetching = states.map((state) => stateOf(state, PLANNER)).find((state) => state?.kind === 'fetching');
    assert.deepEqual(fetching, { kind: 'fetching', what: 'image vllm', percent: 40 });
  });

  it('says why a start failed, and starts nothing after it', async () => {
    const { memory, fleet } = opened();
    memory.onStart(PLANNER, (service) => {
      service.log = ['torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB.'];
      service.run = { kind: 'ended', code: 1, byUser: false, restarts: 0 };
    });
    await assert.rejects(
      fleet.up('all', () => {}, never),
      (error: DriverError) =>
        error instanceof DriverError && /vllm-planner did not start.*memory of the GPU ran out/.test(error.message),
    );
    const state = await fleet.state(never);
    assert.match(JSON.stringify(stateOf(state, PLANNER)), /"failed".*memory of the GPU ran out/);
    assert.equal(stateOf(state, CODER)?.kind, 'absent');
    assert.deepEqual(memory.acts, [`start ${PLANNER}`]);
  });

  it('says of each start why it failed, also where nobody saw it run in between', async () => {
    const { memory, fleet } = opened();
    const starts = [
      {
        since: '2026-01-01T00:00:01.000Z',
        wrote: 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB.',
      },
      { since: '2026-01-01T00:00:02.000Z', wrote: 'vllm serve: error: unrecognized arguments: --no-such-option' },
    ];
    const said: string[] = [];
    for (const { since, wrote } of starts) {
      memory.onStart(CODER, (service) => {
        service.log = [wrote];
        service.run = { kind: 'ended', code: 1, byUser: false, since, restarts: 0 };
      });
      await fleet.up([CODER], () => {}, never).catch(({ message }: DriverError) => said.push(message));
    }
    assert.match(said[0] ?? '', /memory of the GPU ran out/);
    assert.match(said[1] ?? '', /does not know the option --no-such-option/);
  });

  it('keeps the reason of a start that the driver refused, until it is started again', async () => {
    const { memory, fleet } = opened();
    memory.onStart(CODER, (service) => {
      service.run = { kind: 'absent' };
      throw new DriverError('Port 8002 is taken by node.', 'Stop it.');
    });
    await assert.rejects(
      fleet.up([CODER], () => {}, never),
      /Port 8002 is taken by node/,
    );
    assert.deepEqual(stateOf(await fleet.state(never), CODER), {
      kind: 'failed',
      why: 'Port 8002 is taken by node. Stop it.',
    });
    memory.onStart(CODER, answering);
    await fleet.up([CODER], () => {}, never);
    assert.equal(stateOf(await fleet.state(never), CODER)?.kind, 'ready');
  });

  it('stops on abort what was being started and leaves what is ready', async () => {
    const { memory, fleet } = opened();
    const stop = new AbortController();
    memory.onStart(CODER, () => memory.onWait((passed) => passed > 3000 && stop.abort(new Error('enough'))));
    await assert.rejects(
      fleet.up('all', () => {}, stop.signal),
      /enough/,
    );
    assert.deepEqual(memory.acts, [`start ${PLANNER}`, `start ${CODER}`, `stop ${CODER}`]);
    const state = await fleet.state(never);
    assert.equal(stateOf(state, PLANNER)?.kind, 'ready');
    assert.equal(stateOf(state, CODER)?.kind, 'stopped');
  });

  it('ends a start that ends again and again, or that stays unhealthy', async () => {
    const { memory, fleet } = opened();
    memory.onStart(PLANNER, (service) => {
      service.log = ["ModuleNotFoundError: No module named 'vllm'"];
      service.run = { kind: 'ended', code: 1, byUser: false, restarts: 3 };
    });
    await assert.rejects(
      fleet.up([PLANNER], () => {}, never),
      /ends again and again \(3 times so far\).*no vLLM/,
    );
    assert.equal(stateOf(await fleet.state(never), PLANNER)?.kind, 'crashing');

    memory.onStart(CODER, (service) => {
      service.log = ['INFO:     Application startup complete.'];
    });
    await assert.rejects(
      fleet.up([CODER], () => {}, never),
      /vllm-coder runs and is not ready/,
    );
    assert.equal(stateOf(await fleet.state(never), CODER)?.kind, 'unhealthy');
  });

  it('has a server that loads for longer than its engine is patient still load', async () => {
    const { memory, fleet } = opened();
    const coder = memory.service(CODER);
    coder.run = { kind: 'running', health: 'unhealthy', since: '2026-01-01T00:00:00Z', restarts: 0 };
    coder.log = ['Loading safetensors checkpoint shards:  10% Completed | 1/10'];
    assert.deepEqual(stateOf(await fleet.state(never), CODER), {
      kind: 'starting',
      step: 'loading weights',
      percent: 10,
      since: '2026-01-01T00:00:00Z',
    });
  });

  it('forgives a server that was ready two questions, not three', async () => {
    const { memory, fleet } = opened();
    await fleet.up([CODER], () => {}, never);
    memory.service(CODER).pages = {};
    const kinds: (string | undefined)[] = [];
    for (let look = 0; look < 3; look += 1) kinds.push(stateOf(await fleet.state(never), CODER)?.kind);
    assert.deepEqual(kinds, ['ready', 'ready', 'unhealthy']);
  });

  it('is not ready before /v1/models answers', async () => {
    const { memory, fleet } = opened();
    const coder = memory.service(CODER);
    coder.run = { kind: 'running', health: 'healthy', since: '2026-01-01T00:00:00Z', restarts: 0 };
    assert.equal(stateOf(await fleet.state(never), CODER)?.kind, 'starting');
    answering(coder);
    assert.equal(stateOf(await fleet.state(never), CODER)?.kind, 'ready');
  });

  it('goes on following when the engine is gone and comes back', async () => {
    const { memory, fleet } = opened();
    await fleet.up('all', () => {}, never);
    const end = new AbortController();
    const told: string[] = [];
    for await (const state of fleet.follow(end.signal)) {
      told.push(state.problem?.what ?? stateOf(state, CODER)?.kind ?? '');
      if (told.length === 1) memory.gone(new DriverError('Docker does not answer.', 'Start it.'));
      if (told.length === 2) memory.gone(undefined);
      if (told.length === 3) memory.service(CODER).run = { kind: 'ended', code: 1, byUser: false, restarts: 0 };
      if (told.length === 4) end.abort();
    }
    assert.deepEqual(told, ['ready', 'Docker does not answer.', 'ready', 'failed']);
  });

  it('asks for nothing while nothing changes, where changes alone are followed', async () => {
    const { memory, fleet } = opened();
    await fleet.up('all', () => {}, never);
    let waits = 0;
    memory.onWait(() => {
      waits += 1;
    });
    const end = new AbortController();
    const told: string[] = [];
    const changes = mock.method(memory.driver, 'changes');
    for await (const state of fleet.follow(end.signal, 'changes')) {
      told.push(stateOf(state, CODER)?.kind ?? '');
      if (told.length === 2) end.abort();
      setTimeout(() => {
        memory.service(CODER).run = { kind: 'ended', code: 1, byUser: false, restarts: 0 };
        memory.tell();
      }, 20);
    }
    assert.deepEqual(told, ['ready', 'failed']);
    assert.equal(waits, 0);
    assert.equal(changes.mock.calls[0]?.arguments[1], 'seldom', 'it has processes looked at all the time');
  });

  it('makes rates out of two looks', async () => {
    const { memory, fleet } = opened();
    await fleet.up([CODER], () => {}, never);
    const coder = memory.service(CODER);
    const page = (written: number): string =>
      `vllm:num_requests_running{engine="0"} 1.0\nvllm:generation_tokens_total{engine="0"} ${written}\n`;
    coder.pages['/metrics'] = page(100);
    const vitals = async () => (await fleet.state(never)).services[1]?.vitals;
    assert.deepEqual(await vitals(), { running: 1, waiting: 0 });
    await memory.clock.sleep(2000, never);
    coder.pages['/metrics'] = page(150);
    assert.deepEqual(await vitals(), { running: 1, waiting: 0, writing: 25 });
  });

  it('names the services there are when one is asked for that is not', async () => {
    const { fleet } = opened();
    await assert.rejects(
      fleet.up(['coder'], () => {}, never),
      (error: DriverError) => /no service "coder"/.test(error.message) && /vllm-planner, vllm-coder/.test(error.remedy),
    );
  });

  it('starts anew on request', async () => {
    const { memory, fleet } = opened();
    await fleet.up('all', () => {}, never);
    await fleet.restart([CODER], () => {}, never);
    assert.deepEqual(memory.acts.slice(2), [`stop ${CODER}`, `start ${CODER}`]);
    await fleet.down(never);
    assert.deepEqual(
      (await fleet.state(never)).services.map(({ state }) => state.kind),
      ['absent', 'absent'],
    );
  });
});
