import assert from 'node:assert/strict';
import { parse } from 'yaml';
import type { PlannedService, Seen } from '../../src/core/fleet/driver.ts';
import { flagsOf } from '../../src/core/fleet/flags.ts';
import { readContainers, seenOf, tellsOfChange } from '../../src/node/fleet/compose/containers.ts';
import { linesOf } from '../../src/node/fleet/compose/docker.ts';
import { engineFailure } from '../../src/node/fleet/compose/engineFailure.ts';
import { whatToCopy } from '../../src/node/fleet/compose/fetching.ts';
import { overrideFile } from '../../src/node/fleet/compose/overrideFile.ts';
import { pullProgress, weightsProgress } from '../../src/node/fleet/compose/pullProgress.ts';

const OWNER = { fleet: 'mine', file: '/home/docker-compose.yml' };

/** As `docker inspect` of Engine 26.1 has it, cut to what is read, and some of the rest. */
function inspected(state: object, over: object = {}, labels: Record<string, string> = {}) {
  return {
    Id: '4ad941048d11',
    Created: '2026-11-26T06:02:17.179994038Z',
    Name: '/conclave-vllm-coder-1',
    RestartCount: 0,
    State: {
      ...{ Status: 'running', Running: true, OOMKilled: false, Pid: 31781, ExitCode: 0, Error: '' },
      ...{ StartedAt: '2026-11-26T06:02:17.484084666Z', FinishedAt: '0001-01-01T00:00:00Z' },
      ...state,
    },
    Config: {
      Env: ['HF_TOKEN='],
      Labels: {
        note: 'with, commas=and signs',
        'com.docker.compose.depends_on': 'redis:service_healthy:false,vllm-planner:service_healthy:false',
        'com.docker.compose.oneoff': 'False',
        'com.docker.compose.project': 'conclave',
        'com.docker.compose.service': 'vllm-coder',
        'dev.conclave.fleet': 'mine',
        'dev.conclave.flags': 'abc',
        ...labels,
      },
    },
    ...over,
  };
}

function seen(state: object, over: object = {}, wasStopped = false): Seen['run'] {
  const [container] = readContainers(JSON.stringify([inspected(state, over)]), OWNER).services;
  assert.ok(container);
  return seenOf(container, wasStopped).run;
}

describe('what Docker shows of containers', () => {
  it('is read from labels that hold commas', () => {
    const [container] = readContainers(JSON.stringify([inspected({})]), OWNER).services;
    assert.equal(container?.service, 'vllm-coder');
    assert.equal(container?.name, 'conclave-vllm-coder-1');
  });

  it('leaves out one-off containers and all but the newest of a service', () => {
    const found = readContainers(
      JSON.stringify([
        inspected({}, { Id: 'new', Created: '2026-11-26T07:00:00Z' }),
        inspected({}, { Id: 'old', Created: '2026-11-25T07:00:00Z' }),
        inspected({}, { Id: 'run' }, { 'com.docker.compose.service': 'redis', 'com.docker.compose.oneoff': 'True' }),
        inspected({}, { Id: 'other', Name: '/other', Config: { Labels: null } }),
      ]),
      OWNER,
    );
    assert.deepEqual(
      found.services.map(({ id, flags }) => [id, flags]),
      [['new', 'abc']],
    );
    // Those go with the fleet, and what is nobody's of the fleet stays.
    assert.deepEqual(found.ids.toSorted(), ['new', 'old', 'run']);
    assert.deepEqual(found.foreign, [{ name: 'other' }]);
  });

  it('are the fleet’s by its label, or where its own file alone started them', () => {
    const files = 'com.docker.compose.project.config_files';
    const folder = 'com.docker.compose.project.working_dir';
    const bare = (labels: Record<string, string>) => ({
      ...{ 'com.docker.compose.project': 'conclave', 'com.docker.compose.service': 'redis', ...labels },
    });
    const read = (Labels: Record<string, string>) =>
      readContainers(JSON.stringify([inspected({}, { Config: { Labels } })]), OWNER);
    assert.equal(read(bare({ [files]: OWNER.file })).services.length, 1);
    assert.equal(read(bare({ [files]: `${OWNER.file},/home/docker-compose.override.yml` })).services.length, 1);
    const others = [
      bare({ [files]: '/src/conclave/compose.yaml', [folder]: '/src/conclave' }),
      bare({ [files]: `/x,${OWNER.file}`, [folder]: '/src/conclave' }),
      bare({ [files]: OWNER.file, 'dev.conclave.fleet': 'theirs', [folder]: '/src/conclave' }),
    ];
    for (const labels of others) {
      const { services, ids, foreign } = read(labels);
      assert.deepEqual([services, ids], [[], []]);
      assert.deepEqual(foreign, [{ name: 'conclave-vllm-coder-1', folder: '/src/conclave' }]);
    }
  });

  it('is a state for each of Docker’s', () => {
    const since = '2026-11-26T06:02:17.484084666Z';
    const running = { kind: 'running', since, restarts: 0 };
    const ended = { kind: 'ended', byUser: false, since, restarts: 0 };
    for (const code of [0, 130, 143]) {
      // vLLM, too, ends with 0 when its engine has died.
      assert.deepEqual(seen({ Status: 'exited', ExitCode: code }), { ...ended, code });
      assert.deepEqual(seen({ Status: 'exited', ExitCode: code }, {}, true), { ...ended, code, byUser: true });
    }
    assert.deepEqual(seen({}), { ...running, health: 'none' });
    assert.deepEqual(seen({ Health: { Status: 'starting' } }), { ...running, health: 'starting' });
    assert.deepEqual(seen({ Health: { Status: 'healthy' } }), { ...running, health: 'healthy' });
    assert.deepEqual(seen({ Health: { Status: 'unhealthy' } }), { ...running, health: 'unhealthy' });
    assert.deepEqual(seen({ Status: 'paused', Health: { Status: 'healthy' } }), { ...running, health: 'unhealthy' });
    assert.deepEqual(seen({ Status: 'created' }), { kind: 'created' });
    assert.deepEqual(seen({ Status: 'removing' }), { kind: 'absent' });
    assert.deepEqual(seen({ Status: 'exited', ExitCode: 1 }), { ...ended, code: 1 });
    assert.deepEqual(seen({ Status: 'exited', ExitCode: 137 }, {}, true), { ...ended, code: 137, byUser: true });
    const again = seen({ Status: 'restarting', ExitCode: 0 }, { RestartCount: 2 });
    assert.deepEqual(again, { ...ended, code: 0, restarts: 2 });
    const ranOut = seen({ Status: 'exited', ExitCode: 137, OOMKilled: true });
    assert.match(ranOut.kind === 'ended' ? (ranOut.why ?? '') : '', /memory .* ran out/);
    const never = seen({ Status: 'created', Error: 'could not select device driver "nvidia"' });
    assert.match(never.kind === 'ended' ? (never.why ?? '') : '', /^It could not be started: could not select/);
  });

  it('changes with all events but those of health checks', () => {
    const event = (Action: string): string => JSON.stringify({ Type: 'container', Action, Actor: { ID: '4ad9' } });
    const told = ['start', 'die', 'oom', 'health_status: healthy'].map((action) => tellsOfChange(event(action)));
    assert.deepEqual(told, [true, true, true, true]);
    const flood = ['exec_create: curl -fsS http://localhost:8000/health', 'exec_start: curl', 'exec_die'];
    assert.deepEqual(
      flood.map((action) => tellsOfChange(event(action))),
      [false, false, false],
    );
    assert.equal(tellsOfChange('error during connect: EOF'), false);
  });
});

describe('lines of a program', () => {
  const bytes = Buffer.from('one \u001b[2Kand ü\r\nLoading: 10%\rLoading: 20%\n\nlast');
  const wanted = ['one and ü', 'Loading: 10%\rLoading: 20%', '', 'last'];
  for (const size of [1, 2, 3, 1000]) {
    it(`are the same in pieces of ${size} bytes`, async () => {
      async function* pieces() {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      const lines: string[] = [];
      for await (const line of linesOf(pieces())) lines.push(line);
      assert.deepEqual(lines, wanted);
    });
  }
});

describe('a progress bar', () => {
  it('is told of while it moves', async () => {
    async function* pieces() {
      yield 'Fetching: 10%';
      yield '\rFetching: 20%';
      yield '\rFetching: 30%\nnext';
    }
    const bars: string[] = [];
    const lines: string[] = [];
    for await (const line of linesOf(pieces(), (bar) => bars.push(bar))) lines.push(line);
    assert.deepEqual(bars, ['Fetching: 10%\rFetching: 20%']);
    assert.deepEqual(lines, ['Fetching: 10%\rFetching: 20%\rFetching: 30%', 'next']);
  });
});

describe('a progress bar that moves for hours', () => {
  it('keeps no more than what it shows at last', async () => {
    async function* pieces() {
      for (let step = 0; step < 20_000; step++) yield `\rFetching 9 files: ${step % 101}%|`;
      yield '\rFetching 9 files: 42%|\n';
    }
    const lines: string[] = [];
    for await (const line of linesOf(pieces())) lines.push(line);
    assert.equal(lines.length, 1);
    assert.ok((lines[0]?.length ?? 0) <= 17_000, `${lines[0]?.length} characters`);
    assert.equal(weightsProgress(lines[0] ?? ''), 42);
  });
});

describe('the progress of fetching', () => {
  it('is read from what Compose says of layers, and never goes back', () => {
    const read = pullProgress();
    const lines: [string, number | undefined][] = [
      [' vllm-coder Pulling ', undefined],
      [' 6b0d26418019 Pulling fs layer ', undefined],
      [' 6b0d26418019 Downloading [>      ]   69.4kB/4.001MB', 1],
      [' 6b0d26418019 Downloading [====> ]  3.266MB/4.001MB', 81],
      [' 0a1b2c3d4e5f Downloading [>     ]  1MB/8MB', 81],
      [' 6b0d26418019 Download complete ', 81],
      [' 0a1b2c3d4e5f Downloading [====> ]  7.5MB/8MB', 95],
      [' 0a1b2c3d4e5f Verifying Checksum ', 100],
      [' 6b0d26418019 Extracting [=>     ]  65.54kB/4.001MB', 100],
    ];
    for (const [line, percent] of lines) assert.equal(read(line), percent, line);
  });

  it('is read from the bars of the hub, of all files where that is told', () => {
    assert.equal(weightsProgress('Fetching 12 files:   8%|▊         | 1/12\rFetching 12 files:  25%|██▌  | 3/12'), 25);
    assert.equal(weightsProgress('model-00001-of-00002.safetensors:  12%|█▏        | 598M/4.97G'), 12);
    assert.equal(weightsProgress('INFO nothing of it'), undefined);
  });

  it('can be replaced by copying', () => {
    const text = whatToCopy(['vllm/vllm-openai:v0.33.0'], ['Qwen/Qwen3.6-27B']);
    assert.match(text, /docker save vllm\/vllm-openai:v0\.33\.0 \| gzip > vllm-vllm-openai-v0\.33\.0\.tar\.gz/);
    assert.match(text, /docker load < vllm-vllm-openai-v0\.33\.0\.tar\.gz/);
    assert.match(text, /hf download Qwen\/Qwen3\.6-27B --local-dir Qwen\/Qwen3\.6-27B/);
    assert.match(text, /fleet\.weights/);
  });
});

describe('what Docker says when it fails', () => {
  /** As they were seen of Engine 20 to 28, the client, and Docker Desktop. */
  const SAID: [string, RegExp][] = [
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      /does not answer/,
    ],
    [
      'error during connect: Get "http://%2F%2F.%2Fpipe%2Fdocker_engine/_ping": open //./pipe/docker_engine: The system cannot find the file specified.',
      /does not answer/,
    ],
    [
      'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/_ping": dial unix /var/run/docker.sock: connect: permission denied',
      /may not use/,
    ],
    [
      'Error response from daemon: could not select device driver "nvidia" with capabilities: [[gpu]]',
      /no NVIDIA runtime/,
    ],
    [
      'nvidia-container-cli: device error: 1: unknown device: unknown',
      /cannot give the container its GPU \(device error: 1/,
    ],
    [
      'Error response from daemon: driver failed programming external connectivity on endpoint conclave-other-1 (7fe3): Bind for 127.0.0.1:8002 failed: port is already allocated',
      /Port 8002 is taken by another container/,
    ],
    [
      'Error response from daemon: driver failed programming external connectivity on endpoint x (7512): Error starting userland proxy: listen tcp4 127.0.0.1:8002: bind: address already in use',
      /Port 8002 is taken by another program/,
    ],
    [
      'Error response from daemon: Ports are not available: exposing port TCP 127.0.0.1:8002 -> 0.0.0.0:0: listen tcp 127.0.0.1:8002: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.',
      /Port 8002 is taken/,
    ],
    [
      "Error response from daemon: pull access denied for vllm/nothere, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      /does not give out the image vllm\/nothere/,
    ],
    [' c Error denied\nError response from daemon: denied', /does not give out/],
    [' b Error manifest unknown\nError response from daemon: manifest unknown', /There is no image/],
    [
      'Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.53:53: no such host',
      /registry of the images cannot be reached/,
    ],
    [
      'Error response from daemon: Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
      /cannot be reached/,
    ],
    ['Error response from daemon: toomanyrequests: You have reached your pull rate limit.', /limit/],
    ['failed to register layer: write /usr/lib/x.so: no space left on device', /disk .* is full/],
    ['error during connect: Post "http://%2Ftmp%2Fs/v1.45/images/create": EOF', /does not answer|went away/],
    ['unexpected EOF', /went away/],
    ['no such service: vllm-critic', /has no service vllm-critic/],
    [
      'Current context "lab" is not found on the file system, please check your config file: context "lab": context not found',
      /no Docker context "lab"/,
    ],
  ];
  for (const [said, wanted] of SAID) {
    it(`is put into words: ${said.slice(0, 60)}`, () => {
      const { message, remedy } = engineFailure(said, { what: 'start vllm-coder', secrets: [] });
      assert.match(message, wanted);
      assert.match(message, /^Docker could not start vllm-coder\. /);
      assert.ok(remedy.length > 20, remedy);
    });
  }

  it('is shown as it is where it is not known, without secrets', () => {
    const said = 'Creating\nError response from daemon: odd s3cret at https://me:pw@host/x with hf_abcdefghijklmnop.';
    const { message } = engineFailure(said, { what: 'start redis', secrets: ['s3cret', ''] });
    assert.equal(message, 'Docker could not start redis: odd *** at https://***@host/x with hf_***.');
  });
});

describe('the Compose file of this machine', () => {
  const coder: PlannedService = {
    name: 'vllm-coder',
    kind: 'model',
    roles: ['coder', 'reviewer'],
    port: 8102,
    gpus: [0, 1],
    env: { DO_NOT_TRACK: '1', ODD: '$HOME' },
    serves: {
      model: 'org/coder',
      names: ['coder', 'reviewer'],
      window: 8192,
      options: { 'max-model-len': 8192, note: '$x' },
    },
  };
  const shipped = { ports: [{ target: 8000, published: 8002 }] };

  it('replaces lists of the shipped one, and keeps dollar signs from Compose', () => {
    const text = overrideFile([{ planned: coder, shipped }], 'mine');
    assert.match(text, /devices: !override/);
    assert.match(text, /ports: !override/);
    const file = parse(text, { logLevel: 'silent' });
    const service = file.services['vllm-coder'];
    assert.deepEqual(service.ports, ['127.0.0.1:8102:8000']);
    assert.deepEqual(service.labels, { 'dev.conclave.fleet': 'mine', 'dev.conclave.flags': flagsOf(coder) });
    assert.deepEqual(service.environment, { DO_NOT_TRACK: '1', ODD: '$$HOME' });
    assert.deepEqual(service.deploy.resources.reservations.devices[0].device_ids, ['0', '1']);
    assert.match(file.configs['vllm-coder'].content, /note: \$\$x/);
    assert.deepEqual(parse(file.configs['vllm-coder'].content), {
      model: 'org/coder',
      'served-model-name': ['coder', 'reviewer'],
      'max-model-len': 8192,
      note: '$$x',
      port: 8000,
    });
  });

  it('has weights from a folder in place of the hub’s', () => {
    const file = parse(overrideFile([{ planned: coder, shipped, weights: '/models/org/coder' }], 'mine'), {
      logLevel: 'silent',
    });
    const service = file.services['vllm-coder'];
    assert.deepEqual(service.volumes, [
      { type: 'bind', source: '/models/org/coder', target: '/weights/org/coder', read_only: true },
    ]);
    assert.equal(service.environment.HF_HUB_OFFLINE, '1');
    assert.equal(parse(file.configs['vllm-coder'].content).model, '/weights/org/coder');
  });
});
