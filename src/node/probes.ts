import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ModelError } from '../core/models/modelError.ts';
import { type Measuring, measure } from '../core/models/probe.ts';
import type { ProbeTimeouts } from '../core/models/probeRound.ts';
import { openPages, readFacts, type ServerFacts } from '../core/models/serverPages.ts';
import { unpooledFetch } from '../core/models/unpooledFetch.ts';
import type { Crew } from '../core/orchestrator/runContext.ts';
import type { Role } from '../shared/events.ts';
import type { Probe } from '../shared/probe.ts';
import type { LoadedSettings } from './configuration.ts';
import { openConfiguredEndpoint } from './configuredEndpoint.ts';
import { errorCode } from './paths.ts';
import { replaceFile } from './replaceFile.ts';

/** Milliseconds that a probe counts where the server does not show when it was started. */
const ONE_DAY = 24 * 3600_000;
/** The same for one that could not ask everything. */
const ONE_HOUR = 3600_000;

export interface Probes {
  probe: Crew['probe'];
  forget: Crew['forgetProbe'];
}

/**
 * Measures servers, and keeps what was seen in files of the data folder: one for each URL, model, version of the server
 * and set of flags. What was kept before the server was started again does not count.
 */
export function openProbes(options: {
  dir: string;
  loaded: Pick<LoadedSettings, 'settings' | 'apiKey' | 'nameOf' | 'serverFlags'>;
  now: () => Date;
  timeouts?: Partial<ProbeTimeouts>;
}): Probes {
  const { dir, loaded, now, timeouts } = options;
  /** By URL and model as they are set: in work, or done in the life of this crew. */
  const shared = new Map<string, Promise<Probe | undefined>>();

  async function probe(role: Role, signal: AbortSignal): Promise<Probe | undefined> {
    signal.throwIfAborted();
    const key = keyOf(role);
    const running = shared.get(key);
    const promise = running ?? keptOrMeasured(role, signal);
    shared.set(key, promise);
    try {
      const found = await promise;
      if (found === undefined) shared.delete(key);
      return found;
    } catch (error) {
      if (shared.get(key) === promise) shared.delete(key);
      signal.throwIfAborted();
      // Somebody else's measurement, who has stopped it: then it is ours to make.
      if (running !== undefined) return probe(role, signal);
      throw error;
    }
  }

  function keyOf(role: Role): string {
    const { url, model } = loaded.settings.endpoints[role];
    return JSON.stringify([url, model, loaded.serverFlags?.[role]]);
  }

  async function keptOrMeasured(role: Role, signal: AbortSignal): Promise<Probe | undefined> {
    try {
      const server = await identify(role, signal);
      const kept = await readKept(server.file);
      if (kept.kind === 'probe' && counts(kept.probe, server.facts)) return kept.probe;
      const { file, ...measuring } = server;
      const measured = await measure({ ...measuring, now, ...(timeouts === undefined ? {} : { timeouts }) }, signal);
      const remarks = [...(kept.kind === 'unreadable' ? [kept.note] : []), ...(await keep(file, measured))];
      return { ...measured, notes: [...measured.notes, ...remarks] };
    } catch (error) {
      if (error instanceof ModelError) return undefined;
      throw error;
    }
  }

  /** Asks a server who it is, which takes no model, and finds the file that is for it. @throws ModelError */
  async function identify(role: Role, signal: AbortSignal): Promise<Omit<Measuring, 'now'> & { file: string }> {
    const { url } = loaded.settings.endpoints[role];
    const model = openConfiguredEndpoint(loaded, role);
    const pages = openPages({ url, apiKey: loaded.apiKey, fetch: unpooledFetch(CONNECT_LIMIT) });
    const served = await model.served(signal);
    const facts = await readFacts(pages, served.model, signal);
    const own = loaded.serverFlags?.[role];
    const file = join(dir, fileName({ url, model: served.model, version: facts.version, flags: own }));
    return { model, pages, facts, file, ...(own === undefined ? {} : { flags: own }) };
  }

  function counts(probe: Probe, facts: ServerFacts): boolean {
    if (probe.instance !== facts.instance) return false;
    const age = now().getTime() - Date.parse(probe.at);
    if (!probe.complete) return age < ONE_HOUR;
    return facts.instance !== undefined || age < ONE_DAY;
  }

  return {
    probe,
    async forget(role) {
      shared.delete(keyOf(role));
      try {
        const { file } = await identify(role, AbortSignal.timeout(FORGET_LIMIT));
        await rm(file, { force: true });
      } catch (error) {
        // A server that does not answer now is not known; what was kept of it then stays until it is asked again.
        if (!(error instanceof ModelError) && !isTimeout(error)) throw error;
      }
    },
  };
}

/** Milliseconds. */
const CONNECT_LIMIT = 5000;
const FORGET_LIMIT = 5000;

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function fileName(
  of: Pick<Probe, 'url' | 'model'> & { version?: string | undefined; flags?: string | undefined },
): string {
  const key = JSON.stringify([of.url, of.model, of.version ?? null, of.flags ?? null]);
  return `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`;
}

type Kept = { kind: 'none' } | { kind: 'probe'; probe: Probe } | { kind: 'unreadable'; note: string };

async function readKept(file: string): Promise<Kept> {
  const unreadable = (why: string): Kept => ({
    kind: 'unreadable',
    note: `What was kept of an earlier probe could not be read, so it was measured again: ${file} ${why}.`,
  });
  try {
    const read = probeSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
    return read.success ? { kind: 'probe', probe: read.data } : unreadable('holds something else');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { kind: 'none' };
    return unreadable(error instanceof SyntaxError ? 'is no JSON' : `cannot be read (${(error as Error).message})`);
  }
}

/** @returns what is to be said about it: a probe that cannot be kept is good all the same */
async function keep(file: string, probe: Probe): Promise<string[]> {
  try {
    await replaceFile(file, `${JSON.stringify(probe, null, 2)}\n`);
    await dropOld(file);
    return [];
  } catch (error) {
    return [`It could not be kept, and will be measured again: ${(error as Error).message}.`];
  }
}

/** Milliseconds. A server that is used is measured anew now and then, and one that is gone leaves nothing behind. */
const LONGEST_KEPT = 30 * ONE_DAY;

/** Deletes what was kept long before the file that is new. */
async function dropOld(file: string): Promise<void> {
  const { mtimeMs: now } = await stat(file);
  const folder = dirname(file);
  for (const name of await readdir(folder)) {
    const other = join(folder, name);
    // Another process may be quicker with the same.
    const age = await stat(other).then(
      ({ mtimeMs }) => now - mtimeMs,
      () => 0,
    );
    if (age > LONGEST_KEPT) await rm(other, { force: true });
  }
}

const seen = z.enum(['works', 'broken', 'refused', 'untried']);
const optionalText = z.string().exactOptional();

const probeSchema: z.ZodType<Probe> = z.object({
  url: z.string(),
  model: z.string(),
  product: optionalText,
  version: optionalText,
  flags: optionalText,
  instance: optionalText,
  at: z.iso.datetime(),
  window: z.number().int().positive(),
  windowFrom: z.enum(['told', 'measured', 'assumed']),
  tools: z.object({ streamed: seen, whole: seen, required: seen, heldToSchema: seen }),
  schema: z.enum(['held', 'ignored', 'refused', 'runsAway', 'untried']),
  reasoning: z.enum(['separate', 'inline', 'none']),
  cachedTokens: z.enum(['reported', 'silent', 'untried']),
  cancel: z.enum(['stops', 'goesOn', 'untold']),
  prefill: z.number().exactOptional(),
  decode: z.number().exactOptional(),
  vision: seen,
  audio: seen,
  requests: z.number().int(),
  complete: z.boolean(),
  notes: z.array(z.string()),
});
