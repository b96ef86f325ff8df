/** Runs of the command line that are killed, and resumed: what the crash tests do to them and ask of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openStore } from '../../src/node/openCrew.ts';
import type { ProposedFile, RunEvent } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import { type Fleet, startFleet } from '../models/fleet.ts';
import { type Conclave, openConclave } from './conclave.ts';
import { PROJECT, QUESTION, SCRIPTS } from './crashCrew.ts';
import { type Persisted, persistedFiles } from './persisted.ts';
import { makeProject, type Project } from './project.ts';

/** Where runs are kept in a world of its own, and how a stranger reads it there. */
export interface KeptIn {
  /** For CONCLAVE_STORE; a folder among the data where absent. */
  store?: string;
  persisted: Persisted;
}

/** What opens a place for one world's runs. @param data its data folder */
export type Keep = (data: string) => KeptIn;

export const inFiles: Keep = (data) => ({ persisted: persistedFiles(data) });

/** A fleet, a data folder, a store and a project of its own. */
export interface World {
  fleet: Fleet;
  conclave: Conclave;
  project: Project;
  persisted: Persisted;
  close(): Promise<void>;
}

export async function openWorld(keep: Keep = inFiles, scripts = SCRIPTS, files = PROJECT): Promise<World> {
  const fleet = await startFleet({ script: scripts });
  const conclave = openConclave(fleet.urls);
  const { store, persisted } = keep(conclave.data);
  if (store !== undefined) conclave.env.CONCLAVE_STORE = store;
  const project = makeProject(files, { git: 'none' });
  return {
    fleet,
    conclave,
    project,
    persisted,
    close: async () => {
      await fleet.close();
      conclave.remove();
      project.remove();
    },
  };
}

export function runArguments({ conclave, project }: World): string[] {
  const answers = join(conclave.data, 'answers.json');
  writeFileSync(answers, JSON.stringify({ [QUESTION]: 'yes' }));
  return ['run', 'Greet by name', '--workspace', project.dir, '--json', '--apply', '--yes', '--answers', answers];
}

/** Of a run whose process was killed. */
export async function resume({ conclave, project }: World, runId: string): ReturnType<Conclave['run']> {
  const answers = join(conclave.data, 'answers.json');
  return conclave.run(['run', '--resume', runId, '--json', '--apply', '--yes', '--answers', answers], {
    cwd: project.dir,
  });
}

/**
 * Starts the run and kills its process as soon as `count` events are persisted, or a moment later.
 * @param after milliseconds
 * @returns what was persisted by then
 */
export async function runAndKill(world: World, count: number, after = 0): Promise<RunEvent[]> {
  const { conclave, fleet, persisted } = world;
  const { child, ended } = conclave.start(runArguments(world));
  const kill = (): void => void child.kill('SIGKILL');
  const stop = persisted.watch(
    (events) => events.length >= count,
    () => (after === 0 ? kill() : void setTimeout(kill, after)),
  );
  await ended;
  await stop();
  await fleet.settled();
  return persisted.events();
}

/** The events of a run over all its sessions, as the store reads them. */
export async function readRun({ conclave }: World, runId: string): Promise<RunEvent[]> {
  const store = await openStore({ home: resolve('.'), env: conclave.env });
  try {
    const events: RunEvent[] = [];
    for await (const event of store.log.read(runId)) events.push(event);
    return events;
  } finally {
    await store.close();
  }
}

/** What a run comes to that nobody disturbs. */
export interface Reference {
  events: RunEvent[];
  diffs: ProposedFile[];
  files: Record<string, string>;
  outcome: unknown;
}

/** Runs to the end in a world that is closed then. */
export async function runUndisturbed(world: World): Promise<Reference> {
  try {
    const { status, stderr } = await world.conclave.run(runArguments(world));
    assert.equal(status, 0, stderr);
    const events = await world.persisted.events();
    assert.deepEqual([world.fleet.unmatched, world.fleet.violations], [[], []]);
    // What is compared with below: every recorded turn is one request, which its hash names.
    assert.deepEqual(turnsOf(events).sort(), asked(world.fleet).sort());
    return { events, diffs: diffsOf(events), files: world.project.files(), outcome: outcomeOf(events) };
  } finally {
    await world.close();
  }
}

/**
 * Resumes a run, which must come to what it comes to undisturbed, from what is persisted of it on, with no recorded step
 * done again.
 */
export async function assertResumes(
  world: World,
  expected: Reference,
  persisted: readonly RunEvent[],
  at: string,
): Promise<void> {
  const { fleet, project, conclave } = world;
  const runId = persisted[0]?.runId ?? '';
  const requestsBefore = fleet.requests.length;
  const { status, stderr } = await resume(world, runId);
  assert.equal(status, 0, `${at}: ${stderr}`);
  const events = await readRun(world, runId);

  assert.deepEqual(events.slice(0, persisted.length), persisted, at);
  assertCameTo(world, expected, events, at);
  const recorded = new Set(turnsOf(persisted));
  const again = asked(fleet, requestsBefore).filter((request) => recorded.has(request));
  assert.deepEqual(again, [], `${at}: a recorded turn was asked again`);
  const since = events.slice(persisted.length);
  const checksOf = (type: 'checks.started' | 'checks.finished'): string[] =>
    since.flatMap((event) => (event.type === type ? [keyOfChecks(event)] : [])).sort();
  // What was recorded before has no second end.
  assert.deepEqual(checksOf('checks.started'), checksOf('checks.finished'), `${at}: recorded checks were run again`);
  const copies = join(conclave.data, 'copies');
  const left = readdirSync(copies, { recursive: true, encoding: 'utf8' }).filter((path) => /copy-\d+-/.test(path));
  assert.deepEqual(left, [], `${at}: copies of the dead process are left`);
  assert.deepEqual(project.files(), expected.files, at);
}

/** The same change as undisturbed, and a log in which no step is recorded twice. */
export function assertCameTo(
  { fleet, project }: World,
  expected: Reference,
  events: readonly RunEvent[],
  at: string,
): void {
  assert.deepEqual(diffsOf(events), expected.diffs, at);
  assert.deepEqual(project.files(), expected.files, at);
  assert.deepEqual(outcomeOf(events), expected.outcome, at);
  const seqs = events.map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    [...new Set(seqs)].sort((a, b) => a - b),
    `${at}: an event is there twice, or out of order`,
  );
  const steps = events.flatMap(({ step }) => (step === undefined ? [] : [step]));
  assert.equal(new Set(steps).size, steps.length, `${at}: a step is recorded twice`);
  const differs = events.filter((event) => event.type === 'redflag.raised' && event.flag === 'transcript_differs');
  assert.deepEqual(differs, [], `${at}: a transcript was not made up again as it was`);
  assert.deepEqual([fleet.unmatched, fleet.violations], [[], []], at);
}

/** What every session of the same run must come to: no times, no order between subtasks that run at once. */
export function outcomeOf(events: readonly RunEvent[]): unknown {
  const { phase, subtasks, merged, answers, checklist, proposal, baseChecks } = fold(events);
  return {
    outcome: phase.kind === 'finished' && phase.outcome,
    subtasks: subtasks.map(({ plan: { id }, phase, round, verdict }) => ({ id, phase, round, verdict })),
    merged: [merged.checks?.status, merged.verdict],
    base: baseChecks?.status,
    answers,
    checklist,
    proposal: proposal?.state,
  };
}

/** The messages of the requests that a fleet got, as the turns that they belong to name them. */
export function asked(fleet: Fleet, since = 0): string[] {
  return fleet.requests.slice(since).map(({ body }) =>
    createHash('sha256')
      .update(JSON.stringify((body as { messages: unknown }).messages))
      .digest('hex'),
  );
}

export function turnsOf(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'turn.finished' ? [event.request] : []));
}

/** A place between two events: that many are persisted, and so many milliseconds have passed since. */
export interface Moment {
  count: number;
  after: number;
}

/** Spread over the time that the run took, as a seed has it. */
export function momentsOf(events: readonly RunEvent[], count: number, seed: number): Moment[] {
  const times = events.map(({ at }) => Date.parse(at));
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const random = randomFrom(seed);
  return Array.from({ length: count }, () => {
    const time = first + random() * (last - first);
    const before = Math.max(1, times.filter((one) => one <= time).length);
    return { count: before, after: Math.round(time - (times[before - 1] ?? first)) };
  });
}

/** mulberry32. @returns a function that gives numbers from 0 to below 1 */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Works on the items in their order, some at once. The first failure ends it, when those under way are done. */
export async function inParallel<T>(
  width: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let [item] = queue.splice(0, 1); item !== undefined; [item] = queue.splice(0, 1)) await work(item);
  };
  const results = await Promise.allSettled(
    Array.from({ length: width }, () =>
      worker().catch((error: unknown) => {
        queue.length = 0;
        throw error;
      }),
    ),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

function diffsOf(events: readonly RunEvent[]): ProposedFile[] {
  const proposals = events.flatMap((event) => (event.type === 'proposal.ready' ? [event.files] : []));
  assert.equal(proposals.length, 1);
  return proposals[0] ?? [];
}

function keyOfChecks({ scope, subtask, round }: { scope: string; subtask?: string; round?: number }): string {
  return `${scope} ${subtask} ${round}`;
}
