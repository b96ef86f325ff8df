import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { planFleet } from '../../src/core/fleet/planFleet.ts';
import { DEFAULT_SETTINGS } from '../../src/core/settings.ts';
import { loadSettings } from '../../src/node/configuration.ts';
import { fleetFolder } from '../../src/node/dataFolder.ts';
import { dockerHere } from '../../src/node/doctor/docker.ts';
import { endpointFindings } from '../../src/node/doctor/endpoints.ts';
import type { Finding } from '../../src/node/doctor/finding.ts';
import { fleetBasis, fleetFindings, rolesOfFleet } from '../../src/node/doctor/fleet.ts';
import { hubTokenFindings } from '../../src/node/doctor/hubToken.ts';
import { portsFinding } from '../../src/node/doctor/ports.ts';
import { adviceFinding } from '../../src/node/doctor/profile.ts';
import { vllmFinding } from '../../src/node/doctor/vllmProgram.ts';
import { weightsHere } from '../../src/node/doctor/weights.ts';
import { noteStarted } from '../../src/node/fleet/fleetRecord.ts';
import { identityOf } from '../../src/node/fleet/native/processIdentity.ts';
import { openRecords } from '../../src/node/fleet/native/records.ts';
import { readProfiles } from '../../src/node/fleet/profiles.ts';
import { nameInTerminal } from '../../src/node/settingNames.ts';
import { ROLES, type Role } from '../../src/shared/events.ts';
import { cannotRunHere } from '../skip.ts';
import { needEngine } from '../support/engine/fetchEngine.ts';
import { type Engine, startEngine } from '../support/engine/startEngine.ts';
import { type Answers, DOCKER, type FakePrograms, fakePrograms, NVIDIA_SMI } from '../support/fakePrograms.ts';

const HOME = resolve('.');
const TOKEN = 'hf_thisIsASecretOfTheUser';

describe('the doctor about the fleet', function () {
  this.timeout(60_000);
  before(function () {
    if (process.platform !== 'linux') cannotRunHere(this, 'programs are replaced by scripts, and a Mac has other GPUs');
  });
  const data = mkdtempSync(join(tmpdir(), 'conclave-doctor-'));
  const made: FakePrograms[] = [];
  after(() => {
    rmSync(data, { recursive: true, force: true });
    for (const programs of made) programs.remove();
  });

  let count = 0;
  /** A machine with these programs, nothing fetched and nothing started. */
  function machineWith(programs: Readonly<Record<string, Answers>>): NodeJS.ProcessEnv {
    const fake = fakePrograms(programs);
    made.push(fake);
    count += 1;
    const own = join(data, `${count}`);
    return { PATH: fake.path, CONCLAVE_DATA: join(own, 'data'), HF_HOME: join(own, 'hub-home') };
  }

  async function found(
    env: NodeJS.ProcessEnv,
    options: { profile?: string; rolesAnswer?: boolean } = {},
  ): Promise<Finding[]> {
    const { profile, rolesAnswer = false } = options;
    const settings = { ...DEFAULT_SETTINGS, fleet: profile === undefined ? {} : { profile } };
    const given = {
      installation: { home: HOME, env },
      loaded: { settings, nameOf: nameInTerminal },
      signal: new AbortController().signal,
    };
    return fleetFindings(given, fleetBasis(given), Promise.resolve(rolesAnswer));
  }
  const about = (findings: readonly Finding[], what: string): Finding =>
    findings.find((finding) => finding.what === what) ?? assert.fail(`nothing about ${what}`);

  describe('where none was chosen', () => {
    it('says one line where the roles have their servers, whatever the machine lacks', async () => {
      const findings = await found(machineWith({ 'nvidia-smi': NVIDIA_SMI.noDriverRuns }), { rolesAnswer: true });
      assert.deepEqual(findings, [{ what: 'Profile', state: 'good', found: "none chosen: the roles' servers answer" }]);
    });

    it('speaks of the user’s own servers where there is no GPU, and of no fault', async () => {
      const findings = await found(machineWith({}));
      assert.deepEqual(
        findings.map(({ what, state }) => [what, state]),
        [['Profile', 'good']],
      );
      assert.match(findings[0]?.found ?? '', /no GPU.*Ollama/);
    });

    it('names the best profile for the GPU that is there, and how to start it', async () => {
      const findings = await found(machineWith({ 'nvidia-smi': NVIDIA_SMI.oneCard }));
      assert.deepEqual(
        findings.filter(({ state }) => state !== 'good'),
        [],
      );
      assert.equal(about(findings, 'GPU').found, 'NVIDIA RTX 6000 Ada Generation, 45 GiB, 44.5 free');
      assert.match(about(findings, 'Profile').found, /^none chosen; gpu-48gb fits this machine/);
      assert.match(about(findings, 'Profile').remedy ?? '', /conclave fleet up/);
    });

    it('says that a driver is broken', async () => {
      const gpu = about(await found(machineWith({ 'nvidia-smi': NVIDIA_SMI.noDriverRuns })), 'GPU');
      assert.equal(gpu.state, 'limited');
      assert.match(gpu.found, /couldn't communicate with the NVIDIA driver/);
    });
  });

  describe('where the servers of roles are silent', () => {
    const DEAD = 'http://127.0.0.1:9/v1';
    const { signal } = new AbortController();

    async function remedies(env: NodeJS.ProcessEnv): Promise<string[]> {
      const loaded = await loadSettings({ env, workspace: data, trusted: false, flags: {} });
      const silent = Object.fromEntries(ROLES.map((role) => [role, { url: DEAD }])) as Record<Role, { url: string }>;
      const about = { ...loaded, settings: { ...loaded.settings, endpoints: silent } };
      const given = { installation: { home: HOME, env }, loaded: about, signal };
      const roles = async () => rolesOfFleet(await fleetBasis(given));
      const findings = await endpointFindings(about, roles, signal);
      return ['planner', 'coder'].map((role) => findings.find((one) => one.role === role)?.finding.remedy ?? '');
    }

    it('advises to start the fleet that is chosen or fits, but for servers of the user', async () => {
      const card = machineWith({ 'nvidia-smi': NVIDIA_SMI.oneCard });
      const [planner, own] = await remedies({ ...card, CONCLAVE_CODER_URL: DEAD });
      assert.equal(planner, 'Start the fleet: "conclave fleet up", or set CONCLAVE_PLANNER_URL.');
      assert.equal(own, 'Start a server there, or set CONCLAVE_CODER_URL.');
      const [chosen] = await remedies({ ...machineWith({}), CONCLAVE_FLEET_PROFILE: 'cpu' });
      assert.match(chosen ?? '', /^Start the fleet/);
    });

    it('advises to start servers where no fleet fits, or none is wanted', async () => {
      const none = await remedies({ ...machineWith({}), CONCLAVE_FLEET_PROFILE: 'blueprint' });
      const own = await remedies({ ...machineWith({}), CONCLAVE_FLEET_PROFILE: 'external' });
      for (const remedy of [...none, ...own]) assert.match(remedy, /^Start a server there, or set CONCLAVE_/);
    });
  });

  describe('of a profile that was chosen', () => {
    it('tells how its servers share the GPU, what is to be fetched and which ports it takes', async () => {
      const findings = await found(machineWith({ 'nvidia-smi': NVIDIA_SMI.oneCard }), { profile: 'gpu-48gb' });
      assert.match(about(findings, 'Profile').found, /^gpu-48gb fits: .*vllm-coder with [\d,]+ tokens on GPU 0/);
      assert.equal(about(findings, 'GPU').state, 'good');
      assert.match(about(findings, 'Weights').found, /^up to [\d.]+ GiB to fetch \(.*Qwen\/Qwen3\.8-27B-FP8/);
    });

    it('gives the sum and what fits instead where it does not, and what that hinders', async () => {
      const env = machineWith({ 'nvidia-smi': NVIDIA_SMI.oneCard });
      const profile = about(await found(env, { profile: 'blueprint' }), 'Profile');
      assert.equal(profile.state, 'missing');
      assert.match(profile.found, /^blueprint needs .* \+ .* = [\d.]+ GiB of GPU memory; the GPU has 45 GiB/);
      assert.match(profile.remedy ?? '', /^Set CONCLAVE_FLEET_PROFILE to gpu-48gb, which fits\.$/);
      const otherwise = await found(env, { profile: 'blueprint', rolesAnswer: true });
      assert.equal(about(otherwise, 'Profile').state, 'limited', 'a run has other servers');
    });

    it('tells who takes the memory that it needs', async () => {
      const findings = await found(machineWith({ 'nvidia-smi': NVIDIA_SMI.twoCards }), { profile: 'gpu-48gb' });
      assert.equal(about(findings, 'GPU 0').state, 'good');
      const taken = about(findings, 'GPU 1');
      assert.equal(taken.state, 'missing');
      assert.match(
        taken.found,
        /9 free; used by process 4711 \(ollama, 14\.5 GiB\); vllm-coder.* would take [\d.]+ GiB/,
      );
      assert.match(taken.remedy ?? '', /^Free [\d.]+ GiB: end process 4711 \(ollama, 14\.5 GiB\), or choose a smaller/);
    });

    it('says that there is no driver, no profile of that name, nothing to look at where servers are the user’s own', async () => {
      const env = machineWith({});
      assert.match(about(await found(env, { profile: 'gpu-24gb' }), 'GPU').found, /no NVIDIA driver/);
      assert.match(
        about(await found(env, { profile: 'gpu24' }), 'Profile').remedy ?? '',
        /one of blueprint, .*external/,
      );
      assert.deepEqual(
        (await found(env, { profile: 'external' })).map(({ what, state }) => [what, state]),
        [['Profile', 'good']],
      );
    });

    it('wants vLLM where there are no containers, and finds weights where the hub’s client keeps them', async () => {
      const without = await found(machineWith({}), { profile: 'cpu' });
      assert.match(about(without, 'vLLM').found, /no program vllm on PATH/);
      assert.match(about(without, 'vLLM').remedy ?? '', /CONCLAVE_FLEET_VLLM/);
      assert.match(
        about(without, 'Weights').found,
        /^0\.3 GiB to fetch \(HuggingFaceTB\/SmolLM2-135M-Instruct\); [\d.]+ GiB/,
      );
      assert.ok(!without.some(({ what }) => what === 'GPU' || what === 'Docker'));

      const env = machineWith({ vllm: [] });
      const model = join(env.HF_HOME ?? '', 'hub', 'models--HuggingFaceTB--SmolLM2-135M-Instruct');
      mkdirSync(join(model, 'snapshots', '12fd'), { recursive: true });
      mkdirSync(join(model, 'blobs'));
      const fetched = await found(env, { profile: 'cpu' });
      assert.equal(about(fetched, 'vLLM').state, 'good');
      assert.equal(about(fetched, 'Weights').found, 'all models of the profile are there');
      writeFileSync(join(model, 'blobs', 'ab12.incomplete'), '');
      assert.match(about(await found(env, { profile: 'cpu' }), 'Weights').found, /to fetch/);
    });

    it('takes what runs of it for its own', async () => {
      const env = machineWith({ vllm: [] });
      const profiles = await readProfiles(HOME);
      const cpu = profiles.find(({ name }) => name === 'cpu') ?? assert.fail();
      const plan = planFleet(cpu, { gpus: [] });
      if (plan.kind !== 'planned') assert.fail(plan.why);
      await noteStarted(env, { profile: 'cpu', driver: 'native' }, plan.services);
      const asleep = await found(env, { profile: 'blueprint', rolesAnswer: true });
      assert.equal(about(asleep, 'Ports').found, '8002 free', 'what was written down need not run');
      // This very process stands in for the server.
      await openRecords(fleetFolder(env)).write('vllm-coder', {
        ...{ name: 'vllm-coder', pid: process.pid, identity: (await identityOf(process.pid)) ?? '' },
        since: new Date().toISOString(),
      });
      const findings = await found(env, { profile: 'blueprint', rolesAnswer: true });
      assert.match(about(findings, 'Profile').found, /^cpu fits/, 'what runs counts, not what is set');
      assert.equal(about(findings, 'Ports').found, '8002 in use by the fleet');
      assert.equal(about(findings, 'Weights').found, 'all models of the profile are there');
    });
  });

  describe('of Docker', () => {
    /** Each of what may be the matter, and what is said of it. */
    const troubles: [keyof typeof DOCKER, RegExp, RegExp][] = [
      ['denied', /You may not use the Docker engine/, /usermod -aG docker/],
      ['down', /The Docker engine does not answer/, /Docker Desktop.*systemctl start docker/],
      ['withoutCompose', /no Compose plugin/, /docker-compose-plugin.*version 1\) is not supported/],
      ['oldCompose', /Compose 2\.21\.0 is too old/, /newer version/],
      [
        'elsewhere',
        /engine at ssh:\/\/me@gpu-box is on another machine/,
        /docker context use default.*set the endpoints/,
      ],
      ['podman', /Podman is not supported/, /Docker Engine with the Compose plugin/],
    ];
    for (const [trouble, said, remedy] of troubles) {
      it(`says what is the matter and what to do: ${trouble}`, async () => {
        const env = machineWith({ 'nvidia-smi': NVIDIA_SMI.oneCard, docker: DOCKER[trouble] });
        const docker = about(await found(env, { profile: 'gpu-48gb' }), 'Docker');
        assert.equal(docker.state, 'missing');
        assert.match(docker.found, said);
        assert.match(docker.remedy ?? '', remedy);
        const unasked = about(await found(env), 'Docker');
        assert.equal(unasked.state, 'good', 'no fault where no profile was chosen');
        assert.match(unasked.found, /only a fleet of Conclave's own needs it$/);
      });
    }

    it('says that there is none, and nothing of it to whom it does not concern', async () => {
      const gpu = machineWith({ 'nvidia-smi': NVIDIA_SMI.oneCard });
      assert.match(about(await found(gpu, { profile: 'gpu-48gb' }), 'Docker').found, /no program "docker" on PATH/);
      const down = machineWith({ docker: DOCKER.down });
      for (const options of [{}, { rolesAnswer: true }, { profile: 'external' }, { profile: 'cpu' }]) {
        assert.ok(!(await found(down, options)).some(({ what }) => what === 'Docker'), JSON.stringify(options));
      }
    });

    it('says whether containers can have GPUs', async () => {
      const of = async (docker: Answers): Promise<Finding[]> =>
        found(machineWith({ 'nvidia-smi': NVIDIA_SMI.oneCard, docker }), { profile: 'gpu-48gb' });
      const all = await of(DOCKER.withGpus);
      assert.equal(about(all, 'Docker').found, 'Engine 28.5.1 on Ubuntu 24.04.3 LTS, Compose 2.40.0');
      assert.equal(about(all, 'GPU runtime').state, 'good');
      assert.equal(about(await of(DOCKER.withDevices), 'GPU runtime').state, 'good');
      const none = about(await of(DOCKER.withoutGpus), 'GPU runtime');
      assert.equal(none.state, 'missing');
      assert.match(none.remedy ?? '', /NVIDIA Container Toolkit.*nvidia-ctk runtime configure/);
    });

    it('counts the containers that run as the fleet’s own', async () => {
      const env = machineWith({ 'nvidia-smi': NVIDIA_SMI.oneCard, docker: DOCKER.withDevices });
      const findings = await found(env, { profile: 'gpu-48gb' });
      assert.match(about(findings, 'Ports').found, /(^|; )8002 in use by the fleet/);
    });

    it('stops waiting where the user does', async () => {
      const env = machineWith({ docker: DOCKER.withGpus });
      await assert.rejects(dockerHere(env, AbortSignal.abort(new Error('stopped'))), /stopped/);
    });
  });

  describe('of a real engine', () => {
    let engine: Engine;
    before(async function () {
      this.timeout(300_000);
      engine = await needEngine(this, () => startEngine());
    });
    after(() => engine?.stop());

    it('says what it is, and that its containers get no GPU', async () => {
      const here = await dockerHere({ ...process.env, ...engine.env }, new AbortController().signal);
      assert.match(here.docker.found, /^Engine \d+\.\d+\.\d+.*, Compose \d+\.\d+/);
      assert.equal(here.docker.state, 'good');
      assert.equal(here.nvidia?.state, 'missing');
      assert.ok(here.dataRoot?.startsWith('/'), 'it is on this machine');
    });

    it('says where it went', async () => {
      const { DOCKER_HOST } = engine.env;
      const gone = { ...process.env, ...engine.env, DOCKER_HOST: `${DOCKER_HOST}.gone` };
      const { docker } = await dockerHere(gone, new AbortController().signal);
      assert.equal(docker.state, 'missing');
      assert.match(docker.found, /does not answer/);
    });
  });

  it('advises a Mac to what runs on its GPU, and to what that takes', async () => {
    const { finding } = adviceFinding(await readProfiles(HOME), { gpus: [48], kind: 'metal', memory: 64 }, 'That');
    assert.match(finding.found, /^none chosen; apple fits this machine/);
    const vllm = vllmFinding(undefined, { env: { PATH: data }, nameOf: nameInTerminal, isMac: true });
    assert.match(vllm.remedy ?? '', /^Install vllm-metal/);
  });

  it('says who holds a port that a service needs', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const service = { name: 'vllm-coder', kind: 'model', roles: [], port, gpus: [], env: {} } as const;
    const taken = await portsFinding([service], () => false);
    assert.equal(taken.state, 'missing');
    assert.match(
      taken.found,
      new RegExp(`^${port} \\(vllm-coder\\) is taken by (process ${process.pid}|another program)`),
    );
    assert.equal((await portsFinding([service], () => true)).state, 'good');
    server.close();
    await once(server, 'close');
    assert.equal((await portsFinding([service], () => false)).found, `${port} free`);
  });

  it('wants room for weights, wherever they are kept', async () => {
    const [profile] = await readProfiles(HOME);
    const server = { ...(Object.values(profile?.servers ?? {})[0] ?? assert.fail()), weights: 1e9 };
    const options = { folder: undefined, loaded: new Set<string>() };
    const cache = join(data, 'not', 'made', 'yet');
    const folder = await weightsHere([server], { kind: 'folder', path: cache, setBy: 'HF_HOME' }, options);
    assert.equal(folder.finding.state, 'missing');
    assert.match(folder.finding.remedy ?? '', /^Make room for \d+.* GiB there, or have HF_HOME lead/);
    const volume = await weightsHere([server], { kind: 'volume', path: data }, options);
    assert.equal(volume.finding.state, 'limited', 'some may be there');
    mkdirSync(join(data, 'models', ...server.model.split('/')), { recursive: true });
    const own = await weightsHere([server], { kind: 'volume' }, { ...options, folder: join(data, 'models') });
    assert.equal(own.finding.found, 'all models of the profile are there');
  });

  it('wants a token of the hub for models with a licence, where the servers find it, and never shows it', async () => {
    const home = join(data, 'token-home');
    const env = { HF_HOME: home };
    const model = 'google/gemma-2-2b-it';
    const none = await hubTokenFindings([model], env, 'variableOrFile');
    assert.equal(none[0]?.state, 'missing');
    assert.match(none[0]?.remedy ?? '', /huggingface\.co\/google\/gemma-2-2b-it, and set HF_TOKEN/);
    mkdirSync(home);
    writeFileSync(join(home, 'token'), `${TOKEN}\n`);
    const file = await hubTokenFindings([model], env, 'variableOrFile');
    assert.equal(file[0]?.state, 'good');
    const unseen = await hubTokenFindings([model], env, 'variable');
    assert.equal(unseen[0]?.state, 'missing');
    assert.match(unseen[0]?.found ?? '', /containers do not see/);
    const set = await hubTokenFindings([model], { ...env, HF_TOKEN: TOKEN }, 'variable');
    assert.equal(set[0]?.state, 'good');
    assert.doesNotMatch(JSON.stringify([none, file, unseen, set]), /hf_/);
    assert.deepEqual(await hubTokenFindings([], {}, 'variable'), []);
  });
});
