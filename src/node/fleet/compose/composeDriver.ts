import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import path from 'node:path';
import { DriverError, type FetchProgress, type FleetDriver, type PlannedService } from '../../../core/fleet/driver.ts';
import { alone } from '../alone.ts';
import { isBeforeBoot } from '../native/processIdentity.ts';
import { portHolder } from '../portHolder.ts';
import { checkEngine } from './checkEngine.ts';
import { type ComposeProject, type ConfiguredService, composeProject } from './composeProject.ts';
import { containerLogs } from './containerLogs.ts';
import { type Container, LABEL, type ProjectContainers, readContainers, seenOf } from './containers.ts';
import { type Docker, type DockerResult, dockerClient } from './docker.ts';
import { engineChanges } from './engineChanges.ts';
import { engineFailure } from './engineFailure.ts';
import { type Fetching, fetchImage, fetchWeights, whatToCopy } from './fetching.ts';
import { fleetFiles } from './fleetFiles.ts';
import { overrideFile, type ServiceHere } from './overrideFile.ts';

export interface ComposeDriverOptions {
  /** The installation's Compose files, absolute; the later over the earlier. */
  files: readonly string[];
  /** Of Compose: containers are known by it. */
  project: string;
  /** For files of its own, absolute. */
  folder: string;
  /** The user's whole environment: see dockerClient. */
  env: NodeJS.ProcessEnv;
  /** Everything that the profile starts. */
  planned: readonly PlannedService[];
  /** Absolute path of a folder that may have models as ORG/NAME; they are used in place of the hub's. */
  weights?: string;
  /** Milliseconds that the engine gets to answer a question. */
  answersWithin?: number;
}

/** Seconds that a container gets to end by itself: a server of models can wait for open streams for ever. */
const STOP_WITHIN = '5';
/** Looks for more containers while the fleet is taken down: whoever starts it meanwhile makes new ones, and is not waited for. */
const LOOKS = 5;
/** The profile whose files the shipped Compose file names. They are mounted, and not read; this one has a file for each service. */
const MOUNTED_PROFILE = 'blueprint';

/** Runs the fleet as containers of a Docker engine, by its command line client and Compose. */
export function composeDriver(options: ComposeDriverOptions): FleetDriver {
  const { project: projectName, planned } = options;
  const files = fleetFiles(options.folder);
  const tokens = [options.env.HF_TOKEN ?? '', options.env.REDIS_PASSWORD ?? ''];
  const owner = { fleet: fleetIn(options.folder), file: options.files[0] };
  const client = { answersWithin: options.answersWithin };
  const bare = dockerClient(options.env, client);
  let checked = false;
  let withPassword: Promise<{ docker: Docker; project: ComposeProject; secrets: string[] }> | undefined;

  /** The client, once it is known to be of use. */
  async function engine(signal: AbortSignal): Promise<Docker> {
    if (!checked) await checkEngine(bare, signal);
    checked = true;
    return bare;
  }

  /** Compose over the installation's files, with the password that Redis is started with. */
  async function compose(signal: AbortSignal) {
    await engine(signal);
    withPassword ??= (async () => {
      const password = options.env.REDIS_PASSWORD || (await files.redisPassword());
      // In the environment only: arguments are seen by every user of the machine.
      const env = { ...options.env, REDIS_PASSWORD: password, CONCLAVE_FLEET_PROFILE: MOUNTED_PROFILE };
      const docker = dockerClient(env, client);
      const secrets = [...tokens, password];
      return { docker, project: composeProject(docker, projectName, options.files, secrets), secrets };
    })();
    return withPassword;
  }

  /** @throws DriverError */
  async function ask(docker: Docker, args: readonly string[], what: string, signal: AbortSignal): Promise<string> {
    return answerOf(await docker.ask(args, signal), what);
  }

  /** What may take its time. @throws DriverError */
  async function have(docker: Docker, args: readonly string[], what: string, signal: AbortSignal): Promise<string> {
    return answerOf(await docker.run(args, { signal }), what);
  }

  function answerOf({ code, stdout, stderr }: DockerResult, what: string): string {
    if (code === 0) return stdout;
    checked = false;
    throw engineFailure(stderr, { what, secrets: tokens });
  }

  async function containers(docker: Docker, signal: AbortSignal): Promise<ProjectContainers> {
    const list = ['ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${LABEL.project}=${projectName}`];
    const ids = words(await ask(docker, list, 'list its containers', signal));
    if (ids.length === 0) return { services: [], ids: [], foreign: [] };
    const { code, stdout, stderr } = await docker.ask(['inspect', '--type', 'container', ...ids], signal);
    // One that has gone meanwhile is left out, and told of.
    if (code !== 0 && !/no such (?:object|container)/i.test(stderr)) {
      throw engineFailure(stderr, { what: 'look at its containers', secrets: tokens });
    }
    return readContainers(stdout.trim() === '' ? '[]' : stdout, owner);
  }

  async function containerOf(name: string, signal: AbortSignal): Promise<Container | undefined> {
    return (await containers(await engine(signal), signal)).services.find(({ service }) => service === name);
  }

  /** Writes what is particular to this machine. */
  async function lay(
    purpose: 'running' | 'fetching',
    services: readonly PlannedService[],
    signal: AbortSignal,
  ): Promise<{ fetching: Fetching; configured: ReadonlyMap<string, ConfiguredService> }> {
    const { docker, project, secrets } = await compose(signal);
    const configured = await project.configured([], signal);
    const here = services.map((service): ServiceHere => {
      const shipped = configured.get(service.name);
      if (shipped === undefined)
        throw engineFailure(`no such service: ${service.name}`, { what: `find ${service.name}`, secrets });
      const weights = weightsOf(service);
      // Fetching takes no GPU, and must work where there is none.
      const planned = purpose === 'fetching' ? { ...service, gpus: [] } : service;
      return { planned, shipped, ...(weights === undefined ? {} : { weights }) };
    });
    const over = [await files.writeCompose(overrideFile(here, owner.fleet), purpose)];
    return { fetching: { docker, project, over, secrets }, configured };
  }

  function weightsOf({ serves }: PlannedService): string | undefined {
    if (options.weights === undefined || serves === undefined) return undefined;
    const folder = path.join(options.weights, serves.model);
    return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? folder : undefined;
  }

  /** @throws DriverError where others use our project's name: Compose would take their containers and networks for ours */
  function holdProject(name: string, [other]: ProjectContainers['foreign']): void {
    if (other === undefined) return;
    const where = other.folder === undefined ? '' : ` of ${other.folder}`;
    throw new DriverError(
      `${name} cannot be started: the container ${other.name}${where} belongs to another Compose project that is called "${projectName}", too.`,
      'Give that project another name ("name:" in its file, or COMPOSE_PROJECT_NAME), or take it down there ("docker compose down"). Conclave leaves it alone.',
    );
  }

  /** @throws DriverError where somebody else listens on a service's port: before anything is fetched for it */
  async function holdPort(docker: Docker, { name, port }: PlannedService, signal: AbortSignal): Promise<void> {
    const program = await portHolder(port);
    if (program === undefined) return;
    const publishing = ['ps', '--filter', `publish=${port}`, '--format', '{{.Names}}'];
    const [container] = words(await ask(docker, publishing, 'list its containers', signal));
    const holder = container === undefined ? program : `the container ${container}`;
    throw new DriverError(
      `${name} needs port ${port}, which is taken by ${holder}.`,
      `Stop ${container === undefined ? 'what listens there' : holder}, and start ${name} again.`,
    );
  }

  async function start(
    service: PlannedService,
    signal: AbortSignal,
    onProgress: (progress: FetchProgress) => void,
  ): Promise<void> {
    const { name } = service;
    const docker = await engine(signal);
    const { services, foreign } = await containers(docker, signal);
    holdProject(name, foreign);
    const runs = services.find((one) => one.service === name)?.state.Status === 'running';
    if (!runs) await holdPort(docker, service, signal);
    const all = [...planned.filter((one) => one.name !== name), service];
    const { fetching, configured } = await lay('running', all, signal);
    const { project, over, secrets } = fetching;
    const shipped = configured.get(name);
    if (shipped !== undefined) await fetchImage(fetching, name, shipped, onProgress, signal);
    const args = ['--profile', '*', 'up', '--detach', '--no-deps', '--force-recreate', '--pull', 'never', name];
    const { code, stderr } = await project.run(over, args, { signal });
    if (code !== 0) throw engineFailure(stderr, { what: `start ${name}`, secrets });
  }

  async function stop(names: readonly string[], signal: AbortSignal): Promise<void> {
    const docker = await engine(signal);
    const { services: all } = await containers(docker, signal);
    const meant = all.filter(({ service, state }) => names.includes(service) && state.Status !== 'created');
    if (meant.length === 0) return;
    const ids = meant.map(({ id }) => id);
    // Said first, so that nobody who looks meanwhile takes it for a failure.
    for (const id of ids) await files.stopped.write(id, id);
    await forgetGone(all);
    await have(docker, ['stop', '--time', STOP_WITHIN, ...ids], `stop ${names.join(', ')}`, signal);
  }

  async function down(signal: AbortSignal): Promise<void> {
    const docker = await engine(signal);
    // By label and not by file: what another profile, or an older version, has started goes too, and one-off containers.
    let left = await containers(docker, signal);
    for (let look = 1; left.ids.length > 0 && look < LOOKS; look += 1) {
      await have(docker, ['stop', '--time', STOP_WITHIN, ...left.ids], 'stop the fleet', signal);
      await have(docker, ['rm', '--force', '--volumes', ...left.ids], 'take the fleet down', signal);
      left = await containers(docker, signal);
    }
    // One that others of the project's name have, or that is in use again, stays.
    if (left.ids.length === 0 && left.foreign.length === 0) {
      const filter = [`label=${LABEL.project}=${projectName}`, `label=${LABEL.fleet}`];
      const list = ['network', 'ls', '--quiet', ...filter.flatMap((one) => ['--filter', one])];
      const networks = words(await ask(docker, list, 'list its networks', signal));
      if (networks.length > 0)
        await have(docker, ['network', 'rm', ...networks], 'take the network of the fleet down', signal);
    }
    await forgetGone([]);
  }

  /** Of containers that are gone it need not be known that they were stopped. */
  async function forgetGone(there: readonly Container[]): Promise<void> {
    for (const id of await files.stopped.all()) {
      if (!there.some((container) => container.id === id)) await files.stopped.remove(id);
    }
  }

  async function fetchAll(
    services: readonly PlannedService[],
    onProgress: (progress: FetchProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { fetching, configured } = await lay('fetching', services, signal);
    try {
      for (const { name } of services) {
        const shipped = configured.get(name);
        if (shipped !== undefined) await fetchImage(fetching, name, shipped, onProgress, signal);
      }
      for (const service of services) {
        if (service.serves === undefined || weightsOf(service) !== undefined) continue;
        await fetchWeights(fetching, service.name, service.serves, onProgress, signal);
      }
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      const images = services.flatMap(({ name }) => configured.get(name)?.image ?? []);
      const models = services.flatMap(({ serves }) => serves?.model ?? []);
      const remedy = `${error.remedy}\n${whatToCopy([...new Set(images)], [...new Set(models)])}`;
      throw new DriverError(error.message, remedy, { cause: error });
    }
  }

  return {
    start,
    stop,
    down,
    // Two would end each other's downloads: a container that one of them left is taken away first.
    fetch: (services, onProgress, signal) =>
      alone(options.folder, { what: 'fetch', refusal: alreadyFetching }, () => fetchAll(services, onProgress, signal)),

    async look(signal) {
      const { services: all } = await containers(await engine(signal), signal);
      const stopped = await files.stopped.all();
      const seeing = all.map(async (container) => {
        // Whoever turns the machine off means all that runs on it; the engine starts none of it anew.
        const wentWithMachine = await isBeforeBoot({ at: container.state.StartedAt });
        return seenOf(container, wentWithMachine || stopped.includes(container.id));
      });
      return Promise.all(seeing);
    },

    async *changes(signal) {
      yield* engineChanges(await engine(signal), projectName, signal);
    },

    async *logs(name, { lines, follow }, signal) {
      const find = (): Promise<Container | undefined> => containerOf(name, signal);
      yield* containerLogs(await engine(signal), find, { lines, follow }, signal);
    },
  };
}

function alreadyFetching(holder: string): DriverError {
  return new DriverError(
    `Images and weights are already being fetched, by ${holder}.`,
    'Wait until that is done, or stop it there; what it has fetched stays.',
  );
}

/** Whose fleet it is, as a label has it. @param folder of Conclave's own, absolute */
function fleetIn(folder: string): string {
  return createHash('sha256').update(path.resolve(folder)).digest('hex').slice(0, 16);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
