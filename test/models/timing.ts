/** How long a model takes: a queue for its slots, prefill, a prefix cache, and a pace for writing. */
import { createHash } from 'node:crypto';
import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';

export interface Timing {
  /** Prompt tokens a second that are not in the cache. */
  prefill: number;
  /** Answer tokens a second. */
  decode: number;
  /** Requests at the same time; more wait in line. */
  maxRunning: number;
}

export const DEFAULT_TIMING: Timing = { prefill: 4000, decode: 60, maxRunning: 8 };

/** `real` takes the time that the timing says; `instant` only computes it. */
export type Pace = 'real' | 'instant';

/** The cache forgets its oldest blocks beyond this number of tokens. */
const CACHE_TOKENS = 1_048_576;

interface Slot {
  /** Milliseconds it took to get it. */
  waited: number;
  leave(): void;
}

export interface Engine {
  readonly timing: Timing;
  running(): number;
  waiting(): number;
  /** Waits for a free slot; rejects when the signal aborts. */
  enter(signal: AbortSignal): Promise<Slot>;
  /** Looks a prompt up in the prefix cache and puts it in. @returns how many of its tokens were there */
  cachedTokens(tokens: readonly string[]): number;
  /** Puts a prompt with its answer into the cache. */
  remember(tokens: readonly string[]): void;
  /** Empties the cache, as other users of a server do. */
  forget(): void;
  /** Lets model time pass; rejects when the signal aborts. */
  pass(ms: number, signal: AbortSignal): Promise<void>;
}

/** @param block tokens that the prefix cache keeps or forgets together */
export function createEngine(timing: Timing, pace: Pace, block: number): Engine {
  const cache = new Set<string>();
  const line: (() => void)[] = [];
  let running = 0;

  const leave = (): void => {
    // The slot goes to the next in line, or becomes free: nobody can slip in between.
    const next = line.shift();
    if (next) next();
    else running -= 1;
  };

  const remember = (tokens: readonly string[]): void => {
    for (const key of blockKeys(tokens, block)) {
      cache.delete(key);
      cache.add(key);
    }
    for (const oldest of cache) {
      if (cache.size * block <= CACHE_TOKENS) break;
      cache.delete(oldest);
    }
  };

  return {
    timing,
    running: () => running,
    waiting: () => line.length,
    enter: async (signal) => {
      signal.throwIfAborted();
      const started = performance.now();
      if (running >= timing.maxRunning) await waitInLine(line, signal);
      else running += 1;
      return { waited: performance.now() - started, leave: once(leave) };
    },
    cachedTokens: (tokens) => {
      const keys = blockKeys(tokens, block);
      // The last token is always computed, so a prompt is never wholly cached.
      const usable = keys.slice(0, Math.floor((tokens.length - 1) / block));
      const firstMiss = usable.findIndex((key) => !cache.has(key));
      remember(tokens);
      return (firstMiss === -1 ? usable.length : firstMiss) * block;
    },
    remember,
    forget: () => cache.clear(),
    pass: async (ms, signal) => {
      if (pace === 'real' && ms >= 1) await sleep(ms, undefined, { signal });
      else await nextTick(undefined, { signal });
    },
  };
}

/** Whole blocks, each named by itself and all before it. */
function blockKeys(tokens: readonly string[], block: number): string[] {
  const keys: string[] = [];
  let key = '';
  for (let at = 0; at + block <= tokens.length; at += block) {
    key = createHash('sha1')
      .update(key)
      .update(tokens.slice(at, at + block).join(''))
      .digest('base64');
    keys.push(key);
  }
  return keys;
}

function waitInLine(line: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const proceed = (): void => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    const giveUp = (): void => {
      line.splice(line.indexOf(proceed), 1);
      reject(signal.reason);
    };
    line.push(proceed);
    signal.addEventListener('abort', giveUp, { once: true });
  });
}

function once(work: () => void): () => void {
  let left = false;
  return () => {
    if (left) return;
    left = true;
    work();
  };
}
