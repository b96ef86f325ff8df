import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** What tests fetch is kept here between runs of the tests: CONCLAVE_TEST_CACHE, or a folder beside the temporary files. */
const CACHE = process.env.CONCLAVE_TEST_CACHE ?? join(tmpdir(), 'conclave-test-cache');

/** The package registry cannot be reached from here: the one reason to skip a test that needs it. */
export class RegistryUnreachable extends Error {
  override readonly name = 'RegistryUnreachable';
}

/** A published package, as its tarball has it, and what its tests need. Read only: copy it before you change it. */
export interface FetchedPackage {
  /** The content of the tarball. */
  files: string;
  /** A node_modules folder. */
  modules: string;
}

/**
 * Fetches a package from the npm registry, with its dependencies and those of its devDependencies that its tests need.
 * @param needs names of devDependencies; their ranges are those of the package
 * @throws RegistryUnreachable
 */
export async function fetchPackage(name: string, version: string, needs: readonly string[]): Promise<FetchedPackage> {
  const key = createHash('sha256')
    .update(JSON.stringify([name, version, needs]))
    .digest('hex')
    .slice(0, 12);
  const folder = await cachedFolder(`${name}-${version}-${key}`, async (dir) => {
    await npm(dir, 'pack', `${name}@${version}`);
    await execa('tar', ['-xzf', `${name}-${version}.tgz`], { cwd: dir });
    const manifest = JSON.parse(readFileSync(join(dir, 'package', 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    const wanted = Object.entries(manifest.devDependencies ?? {}).filter(([dependency]) => needs.includes(dependency));
    const dependencies = { ...manifest.dependencies, ...Object.fromEntries(wanted) };
    mkdirSync(join(dir, 'needs'));
    writeFileSync(join(dir, 'needs', 'package.json'), JSON.stringify({ private: true, dependencies }));
    await npm(join(dir, 'needs'), 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock');
  });
  return { files: join(folder, 'package'), modules: join(folder, 'needs', 'node_modules') };
}

/** Where a folder of the cache is, or would be. */
export function cachedPath(name: string): string {
  return join(CACHE, name);
}

/** A folder of the cache, filled on first use. A filling that was cut short leaves nothing behind that counts. */
export async function cachedFolder(name: string, fill: (dir: string) => Promise<void>): Promise<string> {
  const folder = cachedPath(name);
  if (existsSync(folder)) return folder;
  const filling = join(CACHE, `.${name}-${randomUUID()}`);
  mkdirSync(filling, { recursive: true });
  try {
    await fill(filling);
    renameSync(filling, folder);
  } catch (error) {
    rmSync(filling, { recursive: true, force: true });
    // Somebody else was quicker with the same.
    if (existsSync(folder)) return folder;
    throw error;
  }
  return folder;
}

/** How npm says that it does not get through. */
const UNREACHABLE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED)\b/;

/** Runs npm in a folder. @throws RegistryUnreachable */
export async function npm(cwd: string, ...args: string[]): Promise<void> {
  const result = await execa('npm', args, { cwd, reject: false, stdin: 'ignore' });
  if (result.exitCode === 0) return;
  const code = UNREACHABLE.exec(result.stderr)?.[1];
  if (code !== undefined) throw new RegistryUnreachable(`the package registry cannot be reached (${code})`);
  throw new Error(`npm ${args.join(' ')} failed: ${result.stderr}`);
}
