import assert from 'node:assert/strict';
import fc from 'fast-check';
import { advisedProfile, type FleetPlan, type Machine, planFleet } from '../../src/core/fleet/planFleet.ts';
import { type Profile, type ProfileServer, profileSchema } from '../../src/core/fleet/profile.ts';
import { vllmArguments, vllmConfig } from '../../src/core/fleet/vllmConfig.ts';
import { readProfiles } from '../../src/node/fleet/profiles.ts';

type Planned = Extract<FleetPlan, { kind: 'planned' }>;

function planned(plan: FleetPlan): Planned {
  assert.equal(plan.kind, 'planned', plan.kind === 'refused' ? plan.why : '');
  return plan as Planned;
}

/** What the plan gives away of each GPU. */
function sharesOf({ services }: Planned, { gpus }: Machine): number[] {
  return gpus.map((_, gpu) =>
    services
      .filter((service) => service.gpus.includes(gpu))
      .reduce((sum, { serves }) => sum + Number(serves?.options['gpu-memory-utilization']), 0),
  );
}

/** A profile on the GPUs of NVIDIA, of servers that are told by what counts of them. */
function profileOf(servers: Record<string, Partial<ProfileServer>>, rank = 1): Profile {
  const rest = { model: 'maker/model', kvPerToken: 64, overhead: 1, window: { wanted: 65536, least: 16384 } };
  return profileSchema.parse({
    name: `rank-${rank}`,
    title: '',
    summary: '',
    rank,
    driver: 'compose',
    runsOn: 'cuda',
    machine: [1],
    servers: Object.fromEntries(Object.entries(servers).map(([key, own]) => [key, { roles: [key], ...rest, ...own }])),
  });
}

describe('the planner of fleets', () => {
  let profiles: Profile[];
  const named = (name: string): Profile => profiles.find((profile) => profile.name === name) as Profile;

  before(async () => {
    profiles = await readProfiles('.');
  });

  const advice: [number[], string][] = [
    [[16], 'external'],
    [[22.5], 'gpu-24gb'],
    [[24], 'gpu-24gb'],
    [[45], 'gpu-48gb'],
    [[48], 'gpu-48gb'],
    [[80], 'gpu-80gb'],
    [[95], 'blueprint'],
    [[96], 'blueprint'],
    [[24, 24], 'gpu-48gb'],
    [[48, 48], 'blueprint'],
    [[], 'external'],
  ];
  for (const [gpus, name] of advice) {
    it(`advises ${name} for ${gpus.length > 0 ? gpus.join(' + ') : 'no'} GiB`, () => {
      const advised = advisedProfile(profiles, { gpus });
      assert.equal(advised?.name, name);
      const plan = planned(planFleet(named(name), { gpus }));
      for (const share of sharesOf(plan, { gpus })) assert.ok(share < 0.95, `${share}`);
      for (const { roles, serves } of plan.services) {
        const server =
          roles[0] && Object.values(named(name).servers).find((one) => one.roles.includes(roles[0] as 'coder'));
        if (!server || !serves) continue;
        const { window } = serves;
        assert.ok(window >= server.window.least && window <= server.window.wanted, `${roles}: ${window}`);
        assert.ok(window % 1024 === 0 || server.window.least === server.window.wanted, `${roles}: ${window}`);
      }
    });
  }

  it('has a server listen where its profile says', () => {
    const profile = profileOf({ coder: { weights: 1, port: 9002 }, planner: { weights: 1 } });
    const { services } = planned(planFleet(profile, { gpus: [80] }));
    const ports = services.flatMap(({ name, kind, port }) => (kind === 'model' ? [[name, port]] : []));
    assert.deepEqual(Object.fromEntries(ports), { 'vllm-coder': 9002, 'vllm-planner': 8001 });
  });

  it('advises a Mac what runs on a Mac, and nobody else', () => {
    assert.equal(advisedProfile(profiles, { gpus: [48], kind: 'metal' })?.name, 'apple');
    const plan = planFleet(named('apple'), { gpus: [48] });
    assert.match(plan.kind === 'refused' ? plan.why : '', /this is no Mac with Apple silicon/);
  });

  it('fits every profile to the machine that it names, with nothing left out', () => {
    for (const profile of profiles) {
      const kind = profile.runsOn === 'metal' ? 'metal' : 'cuda';
      assert.deepEqual(planned(planFleet(profile, { gpus: profile.machine, kind })).leftOut, [], profile.name);
    }
  });

  it('refuses with the sum and names what fits instead', () => {
    const plan = planFleet(named('blueprint'), { gpus: [24] }, profiles);
    assert.deepEqual(plan, {
      kind: 'refused',
      needs: plan.kind === 'refused' ? plan.needs : undefined,
      why:
        'blueprint needs 7 (preprocessor) + 17.5 (planner) + 27.5 (coder) + 31.9 (reviewer) + 2.5 (transcriber) = 86.3 GiB ' +
        'of GPU memory; the GPU has 24 GiB, of which 22.8 can be used.',
      instead: 'gpu-24gb',
    });
  });

  it('says why no GPU was seen where one may be there', () => {
    const why = "NVIDIA's driver does not work: Driver/library version mismatch";
    const plan = planFleet(profileOf({ coder: { weights: 30 } }), { gpus: [], why });
    assert.equal(plan.kind === 'refused' && plan.why, `rank-1 needs 32 GiB of GPU memory; ${why}.`);
  });

  it('says what cannot be divided among several GPUs', () => {
    const plan = planFleet(profileOf({ coder: { weights: 30 } }), { gpus: [24, 24] });
    assert.equal(
      plan.kind === 'refused' && plan.why,
      'rank-1 needs 32 GiB of GPU memory; the GPUs have 24 + 24 GiB, of which 45.6 can be used, and its servers cannot be ' +
        'divided among them; the largest, coder, takes 32 GiB.',
    );
  });

  it('keeps the order of the profile', () => {
    const plan = planned(planFleet(named('blueprint'), { gpus: [96] }));
    const names = ['vllm-preprocessor', 'vllm-planner', 'vllm-coder', 'vllm-reviewer', 'vllm-transcriber'];
    assert.deepEqual(
      plan.services.map(({ name }) => name),
      names,
    );
    assert.deepEqual(
      plan.services.map(({ port }) => port),
      [8000, 8001, 8002, 8003, 8004],
    );
  });

  it('spreads a model over two cards only where it does not fit on one', () => {
    const profile = profileOf({ coder: { weights: 28, splits: 2 } });
    const onTwo = planned(planFleet(profile, { gpus: [24, 24] })).services[0];
    assert.deepEqual(onTwo?.gpus, [0, 1]);
    assert.equal(onTwo?.serves?.options['tensor-parallel-size'], 2);
    const onOne = planned(planFleet(profile, { gpus: [24, 48] })).services[0];
    assert.deepEqual(onOne?.gpus, [1]);
    assert.equal(onOne?.serves?.options['tensor-parallel-size'], undefined);
  });

  it('puts servers on the cards where all windows are largest', () => {
    const plan = planned(
      planFleet(profileOf({ planner: { weights: 15 }, coder: { weights: 15 } }), { gpus: [48, 48] }),
    );
    assert.deepEqual(
      plan.services.map(({ gpus, serves }) => [gpus, serves?.window]),
      [
        [[0], 65536],
        [[1], 65536],
      ],
    );
  });

  it('makes windows smaller where memory is short, and leaves out what is optional before it refuses', () => {
    const profile = profileOf({ preprocessor: { weights: 4, optional: true }, coder: { weights: 16 } });
    const window = (gpu: number): number | undefined =>
      planned(planFleet(profile, { gpus: [gpu] })).services.find(({ name }) => name === 'vllm-coder')?.serves?.window;
    assert.equal(window(48), 65536);
    assert.ok((window(28) ?? 0) < 65536 && (window(28) ?? 0) > 16384, `${window(28)}`);
    assert.deepEqual(planned(planFleet(profile, { gpus: [28] })).leftOut, []);
    assert.deepEqual(planned(planFleet(profile, { gpus: [20] })).leftOut, ['vllm-preprocessor']);
    assert.equal(planFleet(profile, { gpus: [18] }).kind, 'refused');
  });

  it('plans no server without a GPU but where the profile is made for that', () => {
    const cpu = planned(planFleet(named('cpu'), { gpus: [], memory: 8 })).services[0];
    assert.deepEqual(cpu?.gpus, []);
    assert.equal(cpu?.env.VLLM_CPU_KVCACHE_SPACE, '1');
    assert.equal(cpu?.serves?.options['gpu-memory-utilization'], undefined);
    const plan = planFleet(named('cpu'), { gpus: [], memory: 2 });
    assert.match(plan.kind === 'refused' ? plan.why : '', /needs 3\.9 GiB of main memory; this machine has 2 GiB/);
    assert.match(JSON.stringify(planFleet(named('gpu-24gb'), { gpus: [] })), /no NVIDIA GPU was found here/);
    assert.deepEqual(planned(planFleet(named('external'), { gpus: [] })).services, []);
  });

  it('keeps to the memory and the windows on any machine, or cannot', () => {
    const server = fc.record({
      weights: fc.double({ min: 0.5, max: 40, noNaN: true }),
      kvPerToken: fc.integer({ min: 0, max: 200 }),
      overhead: fc.double({ min: 0.1, max: 3, noNaN: true }),
      window: fc
        .tuple(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 0, max: 96 }))
        .map(([least, more]) => ({ least: least * 1024, wanted: (least + more) * 1024 })),
      splits: fc.constantFrom<1 | 2 | 4>(1, 2, 4),
      optional: fc.boolean(),
    });
    const fleet = fc.record(
      { preprocessor: server, planner: server, coder: server, reviewer: server, transcriber: server },
      { requiredKeys: ['coder'] },
    );
    const gpus = fc.array(fc.double({ min: 4, max: 100, noNaN: true }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fleet, gpus, (servers, gpus) => {
        const profile = profileOf(servers);
        const plan = planFleet(profile, { gpus });
        if (plan.kind === 'refused') {
          const needed = Object.values(profile.servers).filter(({ optional }) => !optional);
          assert.ok(!canBePlaced(needed, gpus), plan.why);
          return;
        }
        for (const share of sharesOf(plan, { gpus })) assert.ok(share < 0.95, `${share}`);
        for (const { name, gpus: on, serves } of plan.services) {
          const own = profile.servers[name.slice('vllm-'.length) as 'coder'];
          assert.ok(own && serves);
          const { window, options } = serves;
          assert.ok(window >= own.window.least && window <= own.window.wanted && window % 1024 === 0);
          assert.ok(on.length <= own.splits);
          for (const gpu of on) {
            const given = Number(options['gpu-memory-utilization']) * (gpus[gpu] ?? 0);
            assert.ok(given + 1e-9 >= memoryOf(own, window, on.length), `${name} on ${gpu}`);
          }
        }
        for (const name of plan.leftOut) assert.ok(profile.servers[name.slice('vllm-'.length) as 'coder']?.optional);
      }),
      { numRuns: 400 },
    );
  });
});

/** GiB of each of its GPUs. */
function memoryOf(server: ProfileServer, window: number, ways: number): number {
  return (server.weights + (server.kvPerToken * window) / 1024 ** 2) / ways + server.overhead;
}

/** Whether any division among the GPUs leaves a twentieth of each free and a thousandth for each server's rounding: tried one by one. */
function canBePlaced(servers: readonly ProfileServer[], free: readonly number[], totals = free): boolean {
  const [server, ...others] = servers;
  if (server === undefined) return true;
  return Array.from({ length: 2 ** free.length }, (_, mask) =>
    totals.flatMap((_, gpu) => (mask & (1 << gpu) ? [gpu] : [])),
  )
    .filter((on) => [1, 2, 4].includes(on.length) && on.length <= server.splits)
    .some((on) => {
      // One share for all of them, so the smallest decides.
      const smallest = Math.min(...on.map((gpu) => totals[gpu] ?? 0));
      const share = memoryOf(server, server.window.least, on.length) / smallest + 0.001;
      const left = free.map((gib, gpu) => (on.includes(gpu) ? gib - share * (totals[gpu] ?? 0) : gib));
      const holds = left.every((gib, gpu) => gib >= 0.051 * (totals[gpu] ?? 0));
      return holds && canBePlaced(others, left, totals);
    });
}

describe('what a server is started with', () => {
  const serves = {
    model: 'Qwen/Qwen3.8-27B-FP8',
    names: ['planner', 'coder'],
    window: 8192,
    options: { 'max-model-len': 8192, 'enforce-eager': true, 'enable-x': false, 'limit-mm-per-prompt': { image: 0 } },
  };

  it('is a file that names the model and the roles', () => {
    assert.deepEqual(vllmConfig(serves), {
      model: 'Qwen/Qwen3.8-27B-FP8',
      'served-model-name': ['planner', 'coder'],
      ...serves.options,
    });
  });

  it('is the same as arguments, on this machine only', () => {
    const words =
      'serve /weights/Qwen --served-model-name planner coder --host 127.0.0.1 --port 8002 --max-model-len 8192 --enforce-eager --no-enable-x';
    assert.deepEqual(vllmArguments(serves, 8002, '/weights/Qwen'), [
      ...words.split(' '),
      '--limit-mm-per-prompt',
      '{"image":0}',
    ]);
  });
});
