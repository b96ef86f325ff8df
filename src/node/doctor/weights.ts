import { readdir, stat, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { ProfileServer } from '../../core/fleet/profile.ts';
import type { Finding } from './finding.ts';

/** Where weights are kept once they were fetched. */
export type WeightsPlace =
  /** As the hub's client keeps them: a folder "models--ORG--NAME" for each. Absolute. `setBy`: what leads elsewhere. */
  | { kind: 'folder'; path: string; setBy: string }
  /** In a volume of the container engine, into which only it can see. `path`: where it keeps them, if on this machine's disk. */
  | { kind: 'volume'; path?: string };

/** What is known of a profile's weights on this machine. */
export interface WeightsHere {
  /** Models that are there. */
  fetched: ReadonlySet<string>;
  finding: Finding;
}

/**
 * Which weights have to be fetched still, and whether there is room for them.
 * @param options.folder the user's own folder with models as ORG/NAME
 * @param options.loaded models of servers of the fleet that run: they have them, or are fetching them
 */
export async function weightsHere(
  servers: readonly ProfileServer[],
  place: WeightsPlace,
  options: { folder: string | undefined; loaded: ReadonlySet<string> },
): Promise<WeightsHere> {
  const { folder, loaded } = options;
  const models = new Map(servers.map(({ model, weights }) => [model, weights]));
  const seen = await Promise.all(
    [...models.keys()].map(async (model) => {
      const isThere =
        loaded.has(model) ||
        (folder !== undefined && (await isFolder(join(folder, ...model.split('/'))))) ||
        (place.kind === 'folder' && (await isFetched(place.path, model)));
      return isThere ? [model] : [];
    }),
  );
  const fetched = new Set(seen.flat());
  const toFetch = [...models].filter(([model]) => !fetched.has(model));
  return { fetched, finding: await roomFinding(toFetch, place) };
}

/** The folder in which the hub's client keeps what it fetches, as it decides it itself. Absolute. */
export function hubCache(env: NodeJS.ProcessEnv): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE } = env;
  return resolve(HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || join(hubHome(env), 'hub'));
}

/** Where the hub's client keeps all that is its own. Absolute. */
export function hubHome({ HF_HOME, XDG_CACHE_HOME }: NodeJS.ProcessEnv): string {
  return resolve(HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface'));
}

const BYTES_IN_GIB = 1024 ** 3;

async function roomFinding(toFetch: readonly (readonly [string, number])[], place: WeightsPlace): Promise<Finding> {
  const what = 'Weights';
  if (toFetch.length === 0) return { what, state: 'good', found: 'all models of the profile are there' };
  const needed = toFetch.reduce((sum, [, weights]) => sum + weights, 0);
  const names = toFetch.map(([model]) => model).join(', ');
  const free = place.path === undefined ? undefined : await freeAt(place.path);
  const fetching =
    place.kind === 'folder'
      ? `${inGib(needed)} GiB to fetch (${names})`
      : `up to ${inGib(needed)} GiB to fetch (${names}), as far as they are not in Docker's volume yet`;
  const room = free === undefined ? '' : `; ${inGib(free)} GiB free at ${place.path}`;
  const found = `${fetching}${room}`;
  if (free === undefined || needed <= free) return { what, state: 'good', found };
  return place.kind === 'folder'
    ? {
        what,
        state: 'missing',
        found,
        remedy: `Make room for ${inGib(needed - free)} GiB there, or have ${place.setBy} lead to a larger disk.`,
      }
    : {
        what,
        state: 'limited',
        found,
        remedy: `Make room there, have Docker keep its data elsewhere ("data-root"), or set CONCLAVE_HF_CACHE to a folder on a larger disk.`,
      };
}

/** Something was fetched, and nothing is half fetched. */
async function isFetched(cache: string, model: string): Promise<boolean> {
  const folder = join(cache, `models--${model.replace('/', '--')}`);
  const [snapshots, blobs] = await Promise.all([namesIn(join(folder, 'snapshots')), namesIn(join(folder, 'blobs'))]);
  return snapshots.length > 0 && !blobs.some((name) => name.endsWith('.incomplete'));
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** GiB that a user may still write where the path is or would be made; undefined where nobody tells. */
async function freeAt(path: string): Promise<number | undefined> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return (bavail * bsize) / BYTES_IN_GIB;
    } catch {
      // Not made yet, or not ours to see: what it is in tells.
      if (dirname(at) === at) return undefined;
    }
  }
}

const inGib = (gib: number): string => `${Math.round(gib * 10) / 10}`;
