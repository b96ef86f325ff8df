import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, utimesSync, watch, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import type { Conclave } from '../support/conclave.ts';
import { CLASHING, CLASHING_SCRIPTS, MANY, MANY_SCRIPTS, PROJECT } from '../support/crashCrew.ts';
import {
  asked,
  assertCameTo,
  assertResumes,
  inFiles,
  inParallel,
  type Keep,
  type Moment,
  momentsOf,
  openWorld,
  outcomeOf,
  type Reference,
  readRun,
  resume,
  runAndKill,
  runArguments,
  runUndisturbed,
  turnsOf,
  type World,
} from '../support/crashes.ts';
import { readPersisted } from '../support/persisted.ts';
import { persistedInRedis } from '../support/persistedInRedis.ts';
import { needRedis, type RedisServer, startRedisServer } from '../support/redisServer.ts';

describe('a run whose process dies', () => {
  survives('in files', async () => ({ keep: inFiles, end: async () => {} }));

  survives('in Redis', async (context) => {
    needRedis(context);
    const server = await startRedisServer({ config: ['--appendfsync', 'always'] });
    return { keep: inRedis(server), end: () => server.stop() };
  });
});

/** A prefix of its own for each world. */
function inRedis({ url }: RedisServer): Keep {
  return () => {
    const prefix = `test-${randomBytes(4).toString('hex')}:`;
    return { store: `${url}?prefix=${prefix}`, persisted: persistedInRedis(url, prefix) };
  };
}

/** @param start makes the store ready, in a hook */
function survives(
  where: string,
  start: (context: Mocha.Context) => Promise<{ keep: Keep; end(): Promise<void> }>,
): void {
  describe(where, function () {
    this.timeout(1_500_000);
    let keep: Keep;
    let end = async (): Promise<void> => {};
    let reference: Reference;

    before(async function () {
      ({ keep, end } = await start(this));
      reference = await runUndisturbed(await openWorld(keep));
      const { events } = reference;
      const happened = (type: RunEvent['type']): number => events.filter((event) => event.type === type).length;
      assert.deepEqual(
        [happened('approval.answered'), happened('plan.answered'), happened('attempt.started')],
        [1, 1, 4],
      );
      const ended = events.findIndex(({ type }) => type === 'subtask.finished');
      const begun = events.slice(0, ended).filter(({ type }) => type === 'subtask.started');
      assert.equal(begun.length, 2, 'two subtasks at once');
      assert.deepEqual(
        reference.diffs.map(({ path, action }) => `${action} ${path}`),
        [
          'create docs/leave.md',
          'create src/capitals.js',
          'modify src/greet.js',
          'modify src/leave.js',
          'delete src/old.js',
        ],
      );
    });
    after(() => end());

    it('ends the same after kill -9 at every persisted event, and asks nothing again that was recorded', async () => {
      const points = reference.events.map((_, index) => ({ count: index + 1, after: 0 }));
      await assertResumesFrom(points, reference, () => openWorld(keep));
    });

    it('ends the same after kill -9 at random moments', async () => {
      const seed = Number(process.env.CONCLAVE_TEST_SEED ?? randomBytes(4).readUInt32LE());
      console.log(`      CONCLAVE_TEST_SEED=${seed} repeats the moments`);
      await assertResumesFrom(momentsOf(reference.events, 50, seed), reference, () => openWorld(keep));
    });

    for (const { when, isDue } of [
      { when: 'between two files', isDue: (file: string) => file.endsWith('.txt') },
      // Each is written beside its place first.
      { when: 'within a file', isDue: (file: string) => !file.endsWith('.txt') },
    ]) {
      it(`ends the same after kill -9 ${when} of the acceptance`, async () => {
        const world = await openWorld(keep, MANY_SCRIPTS);
        try {
          await killAmongFiles(world, isDue);
          const { project } = world;
          const persisted = await world.persisted.events();
          assert.ok(persisted.some(({ type }) => type === 'proposal.ready'));
          assert.ok(!persisted.some(({ type }) => type === 'proposal.accepted'));
          const written = MANY.filter((path) => existsSync(join(project.dir, path)));
          console.log(`      died ${when}, when ${written.length} of ${MANY.length} files were written`);
          assert.ok(written.length < MANY.length && (written.length > 0 || when === 'within a file'));
          assert.ok(existsSync(join(project.dir, 'many')), 'it had begun to write');

          const runId = persisted[0]?.runId ?? '';
          const { status, stderr } = await resume(world, runId);
          assert.equal(status, 0, stderr);
          const texts = Object.fromEntries(MANY.map((path) => [path, `${path}\n`]));
          assert.deepEqual(project.files(), { ...PROJECT, ...texts });
          assert.equal(fold(await readRun(world, runId)).proposal?.state, 'accepted');
        } finally {
          await world.close();
        }
      });
    }
  });
}

describe('a run in files', function () {
  this.timeout(1_500_000);
  let reference: Reference;

  before(async () => {
    reference = await runUndisturbed(await openWorld());
  });

  it('cannot write into the log any more where it was only stopped, and another one went on meanwhile', async () => {
    const world = await openWorld();
    const { conclave, project } = world;
    let stale: ReturnType<Conclave['start']> | undefined;
    try {
      const stopped = new Promise<void>((resolve) => {
        stale = conclave.start(runArguments(world));
        const { child } = stale;
        world.persisted.watch(
          (events) => events.some(({ type }) => type === 'plan.proposed'),
          () => {
            child.kill('SIGSTOP');
            resolve();
          },
        );
      });
      await stopped;
      const before = await world.persisted.events();
      assert.ok(!before.some(({ type }) => type === 'proposal.ready'), 'it is in the middle of its work');
      const runId = before[0]?.runId ?? '';

      const refused = await resume(world, runId);
      assert.equal(refused.status, 2, 'as long as it may be alive, nobody takes over');
      assert.match(refused.stderr, /Another run is at work/);
      loseSignsOfLife(conclave.data);
      const resumed = await resume(world, runId);
      assert.equal(resumed.status, 0, resumed.stderr);
      const events = await readRun(world, runId);
      assert.deepEqual(outcomeOf(events), reference.outcome);
      assert.deepEqual(project.files(), reference.files);

      stale?.child.kill('SIGCONT');
      const result = await stale?.ended;
      assert.equal(result?.status, 130, result?.stderr);
      assert.match(result?.stderr ?? '', /taken over/);
      assert.deepEqual(await readRun(world, runId), events);
      assert.deepEqual(project.files(), reference.files);
    } finally {
      stale?.child.kill('SIGKILL');
      await world.close();
    }
  });

  it('ends the same after kill -9 while the merged change is checked, fails, and is planned anew', async () => {
    const open = () => openWorld(inFiles, CLASHING_SCRIPTS, CLASHING);
    const clashing = await runUndisturbed(await open());
    const starts = clashing.events.flatMap((event) =>
      event.type === 'subtask.started' ? [`${event.subtask} ${event.start}`] : [],
    );
    assert.deepEqual(starts.slice(2), ['merged 1', 'task_3 1', 'merged 2']);
    const at = (start: number): number =>
      clashing.events.findIndex(
        (event) => event.type === 'subtask.started' && event.subtask === 'merged' && event.start === start,
      );
    // After every recorded outcome between the two starts of the whole.
    const points = clashing.events.flatMap(({ step }, index) =>
      step !== undefined && index >= at(1) && index <= at(2) ? [{ count: index + 1, after: 0 }] : [],
    );
    await assertResumesFrom(points, clashing, open);
  });

  it('goes on from a log that an older version has written, and asks nothing again', async () => {
    const turns = (events: readonly RunEvent[]): number =>
      events.findIndex(({ step }) => step === 'checklist/planner/turn-1');
    const world = await openWorld();
    try {
      const persisted = await runAndKill(world, turns(reference.events) + 1);
      const old = rewriteAsVersion1(world.conclave.data);
      for (const type of ['merged.finished', 'subtask.finished', 'subtask.started']) assert.ok(old.has(type), type);
      const requests = world.fleet.requests.length;
      const runId = persisted[0]?.runId ?? '';
      const { status, stderr } = await resume(world, runId);
      assert.equal(status, 0, stderr);
      const events = await readRun(world, runId);
      assertCameTo(world, reference, events, 'from version 1');
      const recorded = new Set(turnsOf(persisted));
      assert.deepEqual(
        asked(world.fleet, requests).filter((request) => recorded.has(request)),
        [],
      );
    } finally {
      await world.close();
    }
  });
});

/**
 * Writes the log as the first version did: without what is in its shapes only since, and with another end of the merged
 * change. @returns the types of the events that this changed
 */
function rewriteAsVersion1(data: string): Set<string> {
  const { file } = readPersisted(data) ?? assert.fail('nothing is persisted');
  const types = new Set<string>();
  const [header = '', ...lines] = readFileSync(file, 'utf8').split('\n');
  const old = lines.flatMap((line) => {
    const event = line.startsWith('{') && line.endsWith('}') ? (JSON.parse(line) as RunEvent) : undefined;
    if (event === undefined) return [line];
    const asOld = version1From(event);
    if (asOld === undefined) return [];
    if (asOld !== event) types.add(asOld.type);
    return [JSON.stringify(asOld)];
  });
  writeFileSync(file, [header.replace('"version":2', '"version":1'), ...old].join('\n'));
  return types;
}

/** @returns undefined for what there was not then */
function version1From(event: RunEvent): { type: string } | undefined {
  const isMerged = event.step?.startsWith('subtask/merged/start-1/') === true;
  if (isMerged && (event.type === 'subtask.ready' || event.type === 'subtask.started')) return undefined;
  const step = event.step?.replace(/^subtask\/merged\/start-1\//, 'merged/');
  if (event.type === 'subtask.started') {
    const { answers: _, ...old } = event;
    return old;
  }
  if (event.type !== 'subtask.finished')
    return step === event.step ? event : { ...event, ...(step !== undefined && { step }) };
  const { start: _, ...old } = event;
  if (!isMerged) return old;
  const { subtask: __, ...whole } = old;
  return { ...whole, type: 'merged.finished', ...(step !== undefined && { step }) };
}

async function assertResumesFrom(
  points: readonly Moment[],
  expected: Reference,
  open: () => Promise<World>,
): Promise<void> {
  const died: { count: number; persisted: number; isCut: boolean }[] = [];
  await inParallel(availableParallelism(), points, async ({ count, after }) => {
    const world = await open();
    try {
      const persisted = await runAndKill(world, count, after);
      // Deltas are gathered by time, so one run may have a few events less than another.
      assert.ok(
        persisted.length >= count || persisted.at(-1)?.type === 'run.finished',
        `point ${count} was not reached`,
      );
      // The process was quicker than we: events that are written together, or in the moment between notice and kill.
      const isCut = persisted.length > count && after === 0 && world.persisted.cut !== undefined;
      if (isCut) world.persisted.cut?.(count);
      died.push({ count, persisted: persisted.length, isCut });
      await assertResumes(
        world,
        expected,
        isCut ? persisted.slice(0, count) : persisted,
        `point ${count} + ${after} ms`,
      );
    } finally {
      await world.close();
    }
  });

  const exact = died.filter(({ count, persisted }) => count === persisted).length;
  const cut = died.filter(({ isCut }) => isCut).length;
  const later = died.filter(({ count, persisted, isCut }) => count < persisted && !isCut).length;
  const distinct = new Set(died.map(({ persisted, count, isCut }) => (isCut ? count : persisted))).size;
  console.log(
    `      ${died.length} crash points, of ${expected.events.length} persisted events: ${exact} died exactly there, ` +
      `${cut} a little later (cut back to it, with half a line after it), ${later} later, ` +
      `${died.length - exact - cut - later} had ended before; resumed from ${distinct} different lengths of the log`,
  );
  assert.deepEqual(
    died.map(({ count }) => count).sort((a, b) => a - b),
    points.map(({ count }) => count).sort((a, b) => a - b),
  );
}

/** Kills the process when it writes a file of many. */
async function killAmongFiles(world: World, isDue: (file: string) => boolean): Promise<void> {
  const { conclave, project } = world;
  const { child, ended } = conclave.start(runArguments(world));
  const watchers = [
    watch(project.dir, (_event, name) => {
      if (name !== 'many' || watchers.length > 1) return;
      watchers.push(
        watch(join(project.dir, 'many'), (_event, file) => {
          if (isDue(file ?? '')) child.kill('SIGKILL');
        }),
      );
    }),
  ];
  await ended;
  for (const watcher of watchers) watcher.close();
}

/** As if half a minute had gone by, in which no holder of a lease showed a sign of life. */
function loseSignsOfLife(data: string): void {
  const leases = join(data, 'store', 'leases');
  const longAgo = new Date(Date.now() - 31_000);
  for (const path of readdirSync(leases, { recursive: true, encoding: 'utf8' })) {
    if (path.endsWith('.json')) utimesSync(join(leases, path), longAgo, longAgo);
  }
}
