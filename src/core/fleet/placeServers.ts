import type { ProfileServer } from './profile.ts';

/** What counts of a server when it is given its place. */
export type ServerToPlace = ProfileServer;

/** Where a server runs. */
export interface Placed {
  /** Numbers of its GPUs; more than one: it is spread over them evenly. */
  gpus: number[];
  /** Of the whole memory of each of its GPUs: vLLM's gpu-memory-utilization. */
  share: number;
  /** Tokens. */
  window: number;
}

/** Shares are in thousandths. All of a GPU's together stay below 0.95: the rest is the driver's and the desktop's. */
const WHOLE = 1000;
const MOST = 949;
/** Windows grow up to here. What is left is a reserve, as what servers take besides weights and cache is an estimate. */
const GROWN = 930;
/** The part of a memory that can be given away. */
export const USABLE = MOST / WHOLE;

/** Windows come down together, in so many steps from what is wanted to the least. */
const STEPS = 64;
const WINDOW_UNIT = 1024;
const KIB_IN_GIB = 1024 * 1024;
/** More GPUs than this are not looked at: the largest are. */
const MOST_GPUS = 6;

/** GiB of a server with a window of so many tokens; of each of its GPUs where it is spread over several. */
export function takes(server: ServerToPlace, window: number, ways = 1): number {
  return (server.weights + cache(server, window)) / ways + server.overhead;
}

/**
 * Gives every server its GPUs, its share of their memory and its window: spread over as few GPUs as can be, then with
 * windows as large as can be, then evenly.
 * @param gpus memory of each, in GiB
 * @param rest what becomes of memory that is not needed: `all` is given to the servers' caches, in proportion
 * @returns in the order of the servers; undefined where they do not fit
 */
export function placeServers(
  servers: readonly ServerToPlace[],
  gpus: readonly number[],
  rest: 'all' | 'needed',
): Placed[] | undefined {
  const best = bestPlaces(servers, gpus);
  if (best === undefined) return undefined;
  const windows = windowsAt(servers, best, gpus);
  const needed = servers.map((server, index) => thousandths(server, windows[index] ?? 0, best[index] ?? [], gpus));
  const free = gpus.map((_, gpu) => MOST - sum(needed.filter((_, index) => best[index]?.includes(gpu))));
  return servers.map((server, index) => {
    const places = best[index] ?? [];
    const extras = places.map((gpu) => Math.floor((free[gpu] ?? 0) * cacheShare(servers, best, index, gpu)));
    const extra = rest === 'all' ? Math.min(...extras) : 0;
    return {
      gpus: places,
      share: ((needed[index] ?? 0) + extra) / WHOLE,
      window: windows[index] ?? server.window.least,
    };
  });
}

/** By server: the numbers of its GPUs. */
type Places = readonly (readonly number[])[] & number[][];

function bestPlaces(servers: readonly ServerToPlace[], gpus: readonly number[]): Places | undefined {
  const numbers = gpus
    .map((_, gpu) => gpu)
    .toSorted((a, b) => (gpus[b] ?? 0) - (gpus[a] ?? 0))
    .slice(0, MOST_GPUS);
  const most = sum(servers.map(({ splits }) => splits));
  // Spreading costs speed, so it is for what does not fit otherwise.
  for (let ways = servers.length; ways <= most; ways += 1) {
    let best: { places: Places; step: number; load: number } | undefined;
    for (const places of allPlaces(servers, gpus, numbers, ways)) {
      const step = Math.min(...stepsAt(servers, places, gpus));
      const load = Math.max(...gpus.map((_, gpu) => loadOf(servers, places, gpus, gpu, STEPS)));
      if (best === undefined || step > best.step || (step === best.step && load < best.load)) {
        best = { places, step, load };
      }
    }
    if (best !== undefined) return best.places;
  }
  return undefined;
}

/** All ways to place servers with their least windows on so many GPUs in all, but for those that differ by equal GPUs only. */
function* allPlaces(
  servers: readonly ServerToPlace[],
  gpus: readonly number[],
  numbers: readonly number[],
  ways: number,
  before: number[][] = [],
): Generator<Places> {
  const server = servers[before.length];
  if (server === undefined) {
    if (ways === 0) yield before;
    return;
  }
  const toCome = servers.slice(before.length + 1);
  for (const width of [1, 2, 4, 8].filter((each) => each <= server.splits)) {
    const left = ways - width;
    if (left < toCome.length || left > sum(toCome.map(({ splits }) => splits))) continue;
    const tried = new Set<string>();
    for (const places of choose(numbers, width)) {
      const look = places.map((gpu) => `${gpus[gpu]}:${before.flatMap((on, at) => (on.includes(gpu) ? [at] : []))}`);
      if (tried.has(look.join('|'))) continue;
      tried.add(look.join('|'));
      const next = [...before, [...places]];
      if (places.some((gpu) => loadOf(servers, next, gpus, gpu, 0) > MOST)) continue;
      yield* allPlaces(servers, gpus, numbers, left, next);
    }
  }
}

/** All selections of so many, each in the given order. */
function* choose(numbers: readonly number[], count: number, from = 0): Generator<number[]> {
  if (count === 0) {
    yield [];
    return;
  }
  for (let at = from; at < numbers.length; at += 1) {
    for (const others of choose(numbers, count - 1, at + 1)) yield [numbers[at] ?? 0, ...others];
  }
}

function windowsAt(servers: readonly ServerToPlace[], places: Places, gpus: readonly number[]): number[] {
  const steps = stepsAt(servers, places, gpus);
  return servers.map((server, index) => windowAt(server, steps[index] ?? 0));
}

/** By server: how large its window can be, as all on its GPUs grow together. */
function stepsAt(servers: readonly ServerToPlace[], places: Places, gpus: readonly number[]): number[] {
  const ofGpu = gpus.map((_, gpu) => {
    let step = STEPS;
    while (step > 0 && loadOf(servers, places, gpus, gpu, step) > GROWN) step -= 1;
    return step;
  });
  return servers.map((_, index) => Math.min(...(places[index] ?? []).map((gpu) => ofGpu[gpu] ?? 0)));
}

function windowAt({ window: { wanted, least } }: ServerToPlace, step: number): number {
  if (step === STEPS) return wanted;
  const between = least + ((wanted - least) * step) / STEPS;
  return Math.max(least, Math.floor(between / WINDOW_UNIT) * WINDOW_UNIT);
}

/** Thousandths of a GPU that its servers take together. */
function loadOf(
  servers: readonly ServerToPlace[],
  places: Places,
  gpus: readonly number[],
  gpu: number,
  step: number,
): number {
  return sum(
    places.flatMap((on, index) => {
      const server = servers[index];
      if (server === undefined || !on.includes(gpu)) return [];
      return [thousandths(server, windowAt(server, step), on, gpus)];
    }),
  );
}

/** The share is one for all GPUs of a server, so the smallest of them decides. */
function thousandths(server: ServerToPlace, window: number, on: readonly number[], gpus: readonly number[]): number {
  const smallest = Math.min(...on.map((gpu) => gpus[gpu] ?? 0));
  return Math.ceil((takes(server, window, on.length) / smallest) * WHOLE);
}

/** Which part of the caches on a GPU is a server's. */
function cacheShare(servers: readonly ServerToPlace[], places: Places, index: number, gpu: number): number {
  const caches = servers.map((server, at) => {
    const on = places[at] ?? [];
    return on.includes(gpu) ? cache(server, server.window.wanted) / on.length : 0;
  });
  const all = sum(caches);
  return all === 0 ? 0 : (caches[index] ?? 0) / all;
}

/** GiB for the tokens of its windows. */
function cache({ kvPerToken, seats }: ServerToPlace, window: number): number {
  return (kvPerToken * window * seats) / KIB_IN_GIB;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
