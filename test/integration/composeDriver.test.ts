import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DriverError, type FleetDriver, type PlannedService } from '../../src/core/fleet/driver.ts';
import { composeDriver } from '../../src/node/fleet/compose/composeDriver.ts';
import { skip } from '../skip.ts';
import { type DockerAnswer, type FakeDocker, fakeDocker } from '../support/fakeDocker.ts';

const never = new AbortController().signal;
const REDIS: PlannedService = { name: 'redis', kind: 'store', roles: [], port: 1, gpus: [], env: {} };
/** Of a container that a bare `docker compose up` has started. */
const OURS = {
  'com.docker.compose.service': 'redis',
  'com.docker.compose.project.config_files': '/installed/docker-compose.yml',
};
const FOUND = '4ad941048d11c4a6d13b6b0ad72570af55661b9281469630fb56475644a47669';

/** A client, a Compose and an engine that are new enough. */
const SOUND: DockerAnswer[] = [
  { args: /^--version$/, stdout: 'Docker version 26.1.5+dfsg1, build a72d7cd\n' },
  { args: /^compose version$/, stdout: 'Docker Compose version 2.26.1-4\n' },
  {
    args: /^version /,
    stdout: '{"Platform":{"Name":""},"Components":[{"Name":"Engine","Version":"26.1.5"}],"Version":"26.1.5"}\n',
  },
];

describe('the compose driver, on a client that answers as recorded', () => {
  let folder: string;
  const clients: FakeDocker[] = [];
  before(function () {
    if (process.platform === 'win32')
      skip(this, 'the recorded client is a script with a first line that Windows does not read');
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'conclave-compose-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    for (const client of clients.splice(0)) client.remove();
  });

  function driverOn(
    answers: readonly DockerAnswer[],
    env: NodeJS.ProcessEnv = {},
    more: { answersWithin?: number } = {},
  ): { driver: FleetDriver; client: FakeDocker } {
    const client = fakeDocker(answers);
    clients.push(client);
    const driver = composeDriver({
      files: ['/installed/docker-compose.yml'],
      project: 'conclave',
      folder,
      env: { ...env, ...client.env },
      planned: [REDIS],
      ...more,
    });
    return { driver, client };
  }

  async function refusal(answers: readonly DockerAnswer[]): Promise<DriverError> {
    const error = await driverOn(answers)
      .driver.look(never)
      .then(
        () => assert.fail('it was not refused'),
        (reason: unknown) => reason,
      );
    if (!(error instanceof DriverError)) throw error;
    return error;
  }

  it('says what is missing, and what is not supported', async () => {
    const [client, plugin, engine] = SOUND as [DockerAnswer, DockerAnswer, DockerAnswer];
    const none = composeDriver({ files: [], project: 'conclave', folder, env: { PATH: folder }, planned: [] });
    await assert.rejects(
      none.look(never),
      (error) => error instanceof DriverError && /no program "docker"/.test(error.message),
    );

    const podman = await refusal([{ args: /^--version/, stdout: 'podman version 4.9.3\n' }]);
    assert.match(podman.message, /Podman is not supported/);
    const underneath = {
      ...engine,
      stdout: '{"Components":[{"Name":"Podman Engine","Version":"4.9.3"}],"Version":"4.9.3"}\n',
    };
    assert.match((await refusal([client, plugin, underneath])).message, /Podman is not supported/);

    const noPlugin = await refusal([
      client,
      { args: /^compose/, stderr: "docker: 'compose' is not a docker command.\n", code: 1 },
    ]);
    assert.match(noPlugin.message, /no Compose plugin/);
    assert.match(noPlugin.remedy, /version 1\) is not supported/);
    const old = await refusal([client, { ...plugin, stdout: 'Docker Compose version v2.17.3\n' }]);
    assert.match(old.message, /Compose 2\.17\.3 is too old/);

    const gone = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n';
    assert.match(
      (await refusal([client, plugin, { ...engine, stdout: 'null\n', stderr: gone, code: 1 }])).message,
      /does not answer/,
    );
  });

  it('gives the client what it finds the engine with, and services their secrets, by the environment alone', async () => {
    const config = JSON.stringify({
      services: { redis: { image: 'redis:7', ports: [{ target: 6379, published: '6379' }] } },
    });
    const { driver, client } = driverOn(
      [
        ...SOUND,
        { args: /^ps / },
        { args: /^network ls/ },
        { args: / config --format json$/, stdout: config },
        { args: /^image inspect/, stdout: 'sha256:1\n' },
        { args: / up --detach --no-deps / },
      ],
      {
        DOCKER_HOST: 'ssh://me@lab',
        DOCKER_CONTEXT: 'lab',
        DOCKER_CONFIG: '/home/me/.docker',
        SSH_AUTH_SOCK: '/run/agent',
        HF_TOKEN: 'hf_abcdefghijklmnop',
        COMPOSE_FILE: 'other.yml',
        COMPOSE_PROFILES: 'services',
        CONCLAVE_FLEET_PROFILE: 'gpu-24gb',
      },
    );
    await driver.start({ ...REDIS, port: 18_379 }, never, () => {});
    const up = client.calls().find(({ args }) => args.includes('up'));
    assert.ok(up);
    const { DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG, SSH_AUTH_SOCK, HF_TOKEN, DO_NOT_TRACK } = up.env;
    assert.deepEqual(
      [DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG, SSH_AUTH_SOCK, HF_TOKEN, DO_NOT_TRACK],
      ['ssh://me@lab', 'lab', '/home/me/.docker', '/run/agent', 'hf_abcdefghijklmnop', '1'],
    );
    assert.deepEqual([up.env.COMPOSE_FILE, up.env.COMPOSE_PROFILES], [undefined, undefined]);
    // Of the shipped file each service mounts one of this folder's, which has one for each.
    assert.equal(up.env.CONCLAVE_FLEET_PROFILE, 'blueprint');
    const password = readFileSync(join(folder, 'redis-password'), 'utf8').trim();
    assert.ok(password.length >= 32);
    assert.equal(up.env.REDIS_PASSWORD, password);
    const said = client
      .calls()
      .flatMap(({ args }) => args)
      .join(' ');
    assert.ok(!said.includes(password) && !said.includes('hf_'), said);
    assert.ok(!readFileSync(join(folder, 'compose.yaml'), 'utf8').includes(password));
    assert.match(
      up.args.join(' '),
      /^compose --project-name conclave --file \/installed\/docker-compose\.yml --file \S+compose\.yaml /,
    );
  });

  it('is told of changes through a flood of health checks, and asks again when the events break off', async () => {
    const event = (Action: string): string => `${JSON.stringify({ Type: 'container', Action })}\n`;
    const flood = event('exec_create: curl -fsS http://localhost:8000/health').repeat(500);
    const { driver, client } = driverOn([
      ...SOUND,
      { args: /^events /, stdout: flood + event('die') + flood, stderr: 'unexpected EOF\n', code: 1 },
    ]);
    const stop = new AbortController();
    let told = 0;
    for await (const _ of driver.changes(stop.signal)) {
      told += 1;
      if (client.calls().filter(({ args }) => args[0] === 'events').length >= 3) stop.abort();
    }
    // Each time one event that tells, and the break itself; those that come together may be told as one.
    assert.ok(told >= 3 && told <= 6, `told ${told} times`);
  });

  it('says that an engine does not answer which hangs, and runs its client in no folder of others', async () => {
    const { driver, client } = driverOn([...SOUND, { args: /^ps /, stays: true }], {}, { answersWithin: 4000 });
    await assert.rejects(
      driver.look(never),
      (error) => error instanceof DriverError && /does not answer: nothing came within 4 seconds/.test(error.message),
    );
    const giveUp = new AbortController();
    const looking = driver.look(giveUp.signal);
    giveUp.abort();
    await assert.rejects(looking, { name: 'AbortError' });
    assert.deepEqual([...new Set(client.calls().map(({ cwd }) => cwd))], [realpathSync(dirname(process.execPath))]);
  });

  it('leaves out a container that went while it was looked at', async () => {
    const one = {
      Id: FOUND,
      Name: '/conclave-redis-1',
      State: { Status: 'running' },
      Config: { Labels: OURS },
    };
    const { driver } = driverOn([
      ...SOUND,
      { args: /^ps /, stdout: `${FOUND}\nffffffffffff\n` },
      {
        args: /^inspect /,
        stdout: `${JSON.stringify([one])}\n`,
        stderr: 'Error: No such container: ffffffffffff\n',
        code: 1,
      },
    ]);
    assert.deepEqual(
      (await driver.look(never)).map(({ name, run }) => [name, run.kind]),
      [['redis', 'running']],
    );
  });

  it('follows a log until it is told to stop, and ends the client then', async () => {
    const one = {
      Id: FOUND,
      Name: '/conclave-redis-1',
      State: { Status: 'running', StartedAt: '2026-11-26T06:02:17Z' },
      Config: { Labels: OURS },
    };
    const { driver } = driverOn([
      ...SOUND,
      { args: /^ps /, stdout: `${FOUND}\n` },
      { args: /^inspect /, stdout: `${JSON.stringify([one])}\n` },
      { args: /^logs .*--follow/, stdout: '2026-11-26T06:02:18.100000000Z \u001b[32mready\u001b[0m\n', stays: true },
    ]);
    const stop = new AbortController();
    const lines: string[] = [];
    for await (const line of driver.logs('redis', { lines: 10, follow: true }, stop.signal)) {
      lines.push(line);
      stop.abort();
    }
    assert.deepEqual(lines, ['ready']);
  });
});
