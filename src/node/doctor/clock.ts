import { unpooledFetch } from '../../core/models/unpooledFetch.ts';
import type { Finding } from './finding.ts';

/** Milliseconds. Less is within what a slow answer and the whole seconds of its header can make. */
const WORTH_A_LINE = 30_000;
const LIMIT = 3000;

/**
 * Compares this machine's clock with those of the servers, who tell theirs with every answer; a line only where one is off.
 * @param urls base URLs of the endpoints
 */
export async function clockFindings(urls: readonly string[], now: () => Date, signal: AbortSignal): Promise<Finding[]> {
  const origins = [...new Set(urls.map((url) => new URL(url).origin))];
  const offsets = await Promise.all(origins.map(async (origin) => ({ origin, ms: await ahead(origin, now, signal) })));
  const off = offsets.filter(({ ms }) => Math.abs(ms ?? 0) > WORTH_A_LINE);
  if (off.length === 0) return [];
  const said = off.map(({ origin, ms = 0 }) => `${origin} is ${inWords(Math.abs(ms))} ${ms > 0 ? 'ahead' : 'behind'}`);
  return [
    {
      what: 'Clock',
      state: 'limited',
      found: `against this machine's, that of ${said.join('; that of ')}`,
      remedy:
        'Have both set by a time server; where the server runs in a virtual machine, such as that of Docker Desktop or WSL, restart that.',
    },
  ];
}

/** Milliseconds by which a server's clock is ahead of ours; undefined where it does not answer or tells no time. */
async function ahead(origin: string, now: () => Date, signal: AbortSignal): Promise<number | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT)]);
  try {
    const asked = now().valueOf();
    const response = await unpooledFetch(LIMIT)(`${origin}/v1/models`, { signal: limit });
    const answered = now().valueOf();
    await response.body?.cancel();
    const told = Date.parse(response.headers.get('date') ?? '');
    // A clock that is set while it waits would make it seem off.
    return Number.isNaN(told) || answered - asked > LIMIT ? undefined : told - (asked + answered) / 2;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function inWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
