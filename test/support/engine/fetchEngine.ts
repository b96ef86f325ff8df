import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { cannotRunHere, skip } from '../../skip.ts';
import { cachedFolder, RegistryUnreachable } from '../cache.ts';

/** The engine has been tried, and cannot run on this machine: the one reason that is let through even where nothing may be skipped. */
export class EngineCannotRun extends Error {
  override readonly name = 'EngineCannotRun';
}

/** What would fetch the engine is not set up here; it could be. */
class EngineNotFetched extends Error {
  override readonly name = 'EngineNotFetched';
}

/** Docker's programs, from the test cache. Read only, shared by all tests. */
export interface EnginePrograms {
  /** Absolute path of the command line client, which has the Compose plugin under `env`. */
  docker: string;
  /** Variables to set: PATH finds `docker` and what the engine needs, DOCKER_CONFIG the Compose plugin. */
  env: { PATH: string; DOCKER_CONFIG: string };
  /** Absolute path of a static busybox. */
  busybox: string;
}

/** Name and content of what is fetched; a change of what is in it wants a new name. */
const FOLDER = 'docker-engine-26.1-compose-2.26-b';
/** Which of Debian's releases has which parts that run together: its newer runc wants kernels that not everybody has. */
const PACKAGES = {
  bookworm: ['runc', 'busybox-static'],
  trixie: ['docker.io', 'docker-cli', 'containerd', 'docker-compose', 'tini'],
} as const;
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Docker Engine 26.1 with Compose 2.26 out of Debian's packages, fetched into the test cache on first use (20 s, 75 MB).
 * Nothing is installed, nothing is started: `docker compose config` works with it as it is.
 * @throws EngineNotFetched where this machine is not set up for these packages
 * @throws RegistryUnreachable where the mirror does not answer
 */
export async function fetchEngine(): Promise<EnginePrograms> {
  if (process.platform !== 'linux') throw new EngineNotFetched(`the engine is for Linux, not ${process.platform}`);
  const folder = await cachedFolder(FOLDER, async (dir) => {
    const mirror = debianMirror();
    const packages = join(dir, 'packages');
    mkdirSync(packages);
    for (const [release, names] of Object.entries(PACKAGES)) {
      const apt = aptOf(dir, release, mirror);
      await run(apt, dir, 'update');
      await run(apt, packages, 'download', ...names);
    }
    for (const file of readdirSync(packages)) {
      await execa('dpkg', ['-x', join(packages, file), join(dir, 'root')]);
    }
    for (const done of ['packages', 'apt', 'root/usr/share']) rmSync(join(dir, done), { recursive: true });
    const plugins = join(dir, 'client', 'cli-plugins');
    mkdirSync(plugins, { recursive: true });
    // Relative: the cache moves the folder once it is complete.
    symlinkSync('../../root/usr/libexec/docker/cli-plugins/docker-compose', join(plugins, 'docker-compose'));
  });
  const at = (path: string): string => join(folder, 'root', path);
  const path = [at('usr/bin'), at('usr/sbin'), at('bin'), process.env.PATH ?? ''].join(':');
  return {
    docker: at('usr/bin/docker'),
    env: { PATH: path, DOCKER_CONFIG: join(folder, 'client') },
    busybox: at('bin/busybox'),
  };
}

/**
 * What `get` gives, for a test or a suite that needs the engine. Where it cannot be had the test is skipped with the
 * reason; with REQUIRE_ENGINE=1 it fails instead, unless the engine was there, was tried, and cannot run on this machine.
 */
export async function needEngine<T>(context: Mocha.Context, get: () => Promise<T>): Promise<T> {
  try {
    return await get();
  } catch (error) {
    if (error instanceof EngineCannotRun) cannotRunHere(context, error.message);
    const isMissing = error instanceof RegistryUnreachable || error instanceof EngineNotFetched;
    if (isMissing && process.env.REQUIRE_ENGINE !== '1') skip(context, error.message);
    throw error;
  }
}

/** The mirror of Debian that this machine is set up with. */
function debianMirror(): string {
  const folder = '/etc/apt/sources.list.d';
  const listed = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const text = ['/etc/apt/sources.list', ...listed]
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const mirror = /^[^#\n]*?(https?:\/\/\S+\/debian)\/?(?=\s|$)/m.exec(text)?.[1];
  if (mirror === undefined) throw new EngineNotFetched('no mirror of Debian is set up, whose packages have the engine');
  if (!existsSync(KEYRING))
    throw new EngineNotFetched(`there is no ${KEYRING}, so Debian's packages cannot be trusted`);
  return mirror;
}

/** An apt of our own, which leaves the system's alone. @returns its configuration file */
function aptOf(dir: string, release: string, mirror: string): string {
  const at = (name: string): string => join(dir, 'apt', name);
  mkdirSync(at(`${release}/partial`), { recursive: true });
  mkdirSync(at('cache/archives/partial'), { recursive: true });
  writeFileSync(at(`${release}.list`), `deb [signed-by=${KEYRING}] ${mirror} ${release} main\n`);
  const settings = {
    'Dir::Etc::sourcelist': at(`${release}.list`),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': at(release),
    'Dir::Cache': at('cache'),
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} "${value}";\n`);
  writeFileSync(at(`${release}.conf`), lines.join(''));
  return at(`${release}.conf`);
}

/** @throws RegistryUnreachable */
async function run(apt: string, cwd: string, ...args: string[]): Promise<void> {
  const options = { cwd, reject: false, stdin: 'ignore', env: { APT_CONFIG: apt, LC_ALL: 'C' } } as const;
  const result = await execa('apt-get', ['-qq', ...args], options);
  if (result.exitCode === 0 && !result.stderr.includes('Failed to fetch')) return;
  if (result.exitCode === undefined) throw new EngineNotFetched('there is no apt-get, which fetches the engine');
  const line = result.stderr.split('\n').find((text) => /^[EW]: /.test(text)) ?? `exit code ${result.exitCode}`;
  throw new RegistryUnreachable(`the mirror of Debian cannot be reached (${line})`);
}
