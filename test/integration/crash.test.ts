import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, utimesSync, watch, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { openFileEventLog } from '../../src/node/fileStore/fileEventLog.ts';
import { openFileLeases } from '../../src/node/fileStore/fileLeases.ts';
import type { ProposedFile, RunEvent } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import { type Fleet, startFleet } from '../models/fleet.ts';
import { type Conclave, openConclave } from '../support/conclave.ts';
import { cutPersisted, readPersisted, watchPersisted } from '../support/persisted.ts';
import { makeProject, type Project } from '../support/project.ts';
import { crewScripts, edit, plan } from '../support/scripts.ts';

/** A project whose checks are one quick process, with a command of its own that needs to be approved. */
const PROJECT: Record<string, string> = {
  'src/greet.js': "export function greet() {\n  return 'Hello!';\n}\n",
  'src/leave.js': "export function leave() {\n  return 'Goodbye!';\n}\n",
  'src/old.js': 'export const old = true;\n',
  'test/greet.test.js':
    "import assert from 'node:assert/strict';\nimport { greet } from '../src/greet.js';\n\nassert.equal(greet(), 'Hello!');\n",
  'package.json': '{ "type": "module" }\n',
  '.conclave/config.json': '{ "checks": { "command": ["node", "test/greet.test.js"] } }\n',
};

const QUESTION = 'Shall names be greeted in capitals?';

/** A question, two subtasks at once, a red round that is mended, and a change that modifies, creates and deletes files. */
const SCRIPTS = crewScripts({
  planner: [
    {
      name: 'question',
      when: { schema: 'plan', none: ['The user answered:'] },
      reply: { json: plan([], { clarifications_needed: [{ question: QUESTION, choices: ['yes', 'no'] }] }) },
    },
  ],
  plan: plan([
    {
      id: 'task_1',
      files: [
        { path: 'src/greet.js', action: 'modify' },
        { path: 'src/capitals.js', action: 'create' },
      ],
    },
    {
      id: 'task_2',
      files: [
        { path: 'src/leave.js', action: 'modify' },
        { path: 'src/old.js', action: 'delete' },
      ],
    },
  ]),
  edits: {
    task_1: [
      edit(
        'src/greet.js',
        "export function greet() {\n  return 'Hello!';",
        "import { capitals } from './capitals.js';\n\nexport function greet(name) {\n  return 'Hello, ' + capitals(name) + '!';",
      ) + edit('src/capitals.js', '', 'export function capitals(text) {\n  return text.toUpperCase();\n}'),
      edit(
        'src/greet.js',
        "  return 'Hello, ' + capitals(name) + '!';",
        "  return name ? 'Hello, ' + capitals(name) + '!' : 'Hello!';",
      ),
    ],
    task_2: [`${edit('src/leave.js', "  return 'Goodbye!';", "  return 'See you!';")}\nDELETE src/old.js\n`],
  },
});

/** As PROJECT, but the check allows only one of the two to take a name, and there is one round. */
const CLASHING: Record<string, string> = {
  ...PROJECT,
  'test/greet.test.js':
    "import assert from 'node:assert/strict';\nimport { greet } from '../src/greet.js';\nimport { leave } from '../src/leave.js';\n\nassert.ok(greet.length + leave.length < 2);\n",
  '.conclave/config.json': '{ "checks": { "command": ["node", "test/greet.test.js"] }, "limits": { "rounds": 1 } }\n',
};

/** Two green subtasks that are red together: the whole fails its rounds and is planned anew. */
const CLASHING_SCRIPTS = crewScripts({
  plan: plan([
    { id: 'task_1', files: [{ path: 'src/greet.js', action: 'modify' }] },
    { id: 'task_2', files: [{ path: 'src/leave.js', action: 'modify' }] },
  ]),
  planner: [
    {
      name: 'anew',
      when: { schema: 'escalation' },
      reply: {
        json: {
          decision: 'replan',
          reason: 'They clash.',
          question: '',
          plan: plan([{ id: 'task_3', files: [{ path: 'src/leave.js', action: 'modify' }] }]).plan,
        },
      },
    },
  ],
  edits: {
    task_1: [edit('src/greet.js', 'export function greet() {', 'export function greet(name) {')],
    task_2: [edit('src/leave.js', 'export function leave() {', 'export function leave(name) {')],
    merged: [edit('src/leave.js', "  return 'Goodbye!';", "  return 'See you!';")],
    task_3: [edit('src/leave.js', 'export function leave(name) {', 'export function leave() {')],
  },
});

/** A fleet, a data folder and a project of its own. */
interface World {
  fleet: Fleet;
  conclave: Conclave;
  project: Project;
  close(): Promise<void>;
}

async function openWorld(scripts = SCRIPTS, files = PROJECT): Promise<World> {
  const fleet = await startFleet({ script: scripts });
  const conclave = openConclave(fleet.urls);
  const project = makeProject(files, { git: 'none' });
  return {
    fleet,
    conclave,
    project,
    close: async () => {
      await fleet.close();
      conclave.remove();
      project.remove();
    },
  };
}

function runArguments({ conclave, project }: World): string[] {
  const answers = join(conclave.data, 'answers.json');
  writeFileSync(answers, JSON.stringify({ [QUESTION]: 'yes' }));
  return ['run', 'Greet by name', '--workspace', project.dir, '--json', '--apply', '--yes', '--answers', answers];
}

/** Starts the run and kills its process as soon as `count` events are persisted. @returns what was persisted by then */
async function runAndKill(world: World, count: number): Promise<RunEvent[]> {
  const { conclave, fleet } = world;
  const { child, ended } = conclave.start(runArguments(world));
  const stop = watchPersisted(
    conclave.data,
    ({ events }) => events.length >= count,
    () => child.kill('SIGKILL'),
  );
  await ended;
  stop();
  await fleet.settled();
  return readPersisted(conclave.data)?.events ?? [];
}

function resume({ conclave, project }: World, runId: string): ReturnType<Conclave['run']> {
  const answers = join(conclave.data, 'answers.json');
  return conclave.run(['run', '--resume', runId, '--json', '--apply', '--yes', '--answers', answers], {
    cwd: project.dir,
  });
}

/** The events of a run over all its sessions, as the store reads them. */
async function readRun({ conclave }: World, runId: string): Promise<RunEvent[]> {
  const dir = join(conclave.data, 'store');
  const log = openFileEventLog(dir, openFileLeases(dir));
  const events: RunEvent[] = [];
  for await (const event of log.read(runId)) events.push(event);
  await log.close();
  return events;
}

function diffsOf(events: readonly RunEvent[]): ProposedFile[] {
  const proposals = events.flatMap((event) => (event.type === 'proposal.ready' ? [event.files] : []));
  assert.equal(proposals.length, 1);
  return proposals[0] ?? [];
}

/** What every session of the same run must come to: no times, no order between subtasks that run at once. */
function outcomeOf(events: readonly RunEvent[]): unknown {
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

/** What a run comes to that nobody disturbs. */
interface Reference {
  events: RunEvent[];
  diffs: ProposedFile[];
  files: Record<string, string>;
  outcome: unknown;
}

/** Runs to the end in a world that is closed then. */
async function runUndisturbed(world: World): Promise<Reference> {
  try {
    const { status, stderr } = await world.conclave.run(runArguments(world));
    assert.equal(status, 0, stderr);
    const events = readPersisted(world.conclave.data)?.events ?? [];
    assert.deepEqual([world.fleet.unmatched, world.fleet.violations], [[], []]);
    // What the tests below compare with: every recorded turn is one request, which its hash names.
    assert.deepEqual(turnsOf(events).sort(), asked(world.fleet).sort());
    return { events, diffs: diffsOf(events), files: world.project.files(), outcome: outcomeOf(events) };
  } finally {
    await world.close();
  }
}

/** The messages of a request that a fleet got, as the turn that it belongs to names them. */
function asked(fleet: Fleet, since = 0): string[] {
  return fleet.requests.slice(since).map(({ body }) =>
    createHash('sha256')
      .update(JSON.stringify((body as { messages: unknown }).messages))
      .digest('hex'),
  );
}

function turnsOf(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'turn.finished' ? [event.request] : []));
}

describe('a run whose process dies', function () {
  this.timeout(1_500_000);
  let reference: Reference;

  before(async () => {
    reference = await runUndisturbed(await openWorld());
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
      ['create src/capitals.js', 'modify src/greet.js', 'modify src/leave.js', 'delete src/old.js'],
    );
  });

  it('ends the same after kill -9 at every persisted event, and asks nothing again that was recorded', async () => {
    const points = reference.events.map((_, index) => index + 1);
    await assertResumesFrom(points, reference, () => openWorld());
  });

  it('ends the same after kill -9 while the merged change is checked, fails, and is planned anew', async () => {
    const open = () => openWorld(CLASHING_SCRIPTS, CLASHING);
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
      step !== undefined && index >= at(1) && index <= at(2) ? [index + 1] : [],
    );
    await assertResumesFrom(points, clashing, open);
  });

  async function assertResumesFrom(
    points: readonly number[],
    expected: Reference,
    open: () => Promise<World>,
  ): Promise<void> {
    const died: { count: number; persisted: number }[] = [];
    await inParallel(availableParallelism(), points, async (count) => {
      const world = await open();
      try {
        const persisted = await runAndKill(world, count);
        // Deltas are gathered by time, so one run may have a few events less than another.
        assert.ok(
          persisted.length >= count || persisted.at(-1)?.type === 'run.finished',
          `point ${count} was not reached`,
        );
        died.push({ count, persisted: persisted.length });
        // The process was quicker than we: events that are written together, or in the moment between notice and kill.
        const isCut = persisted.length > count;
        if (isCut) cutPersisted(world.conclave.data, count);
        await assertResumes(world, expected, persisted.slice(0, count), `point ${count}`);
      } finally {
        await world.close();
      }
    });

    const exact = died.filter(({ count, persisted }) => count === persisted).length;
    const later = died.filter(({ count, persisted }) => count < persisted).length;
    const distinct = new Set(died.map(({ persisted }) => persisted)).size;
    console.log(
      `      ${died.length} crash points, one for each of ${points.length} of ${expected.events.length} persisted events: ${exact} died exactly there, ` +
        `${later} a little later (cut back to it, with half a line after it), ${died.length - exact - later} had ended before; ` +
        `killed at ${distinct} different lengths of the log`,
    );
    assert.deepEqual(
      died.map(({ count }) => count).sort((a, b) => a - b),
      points,
    );
  }

  for (const { where, isDue } of [
    { where: 'between two files', isDue: (file: string) => file.endsWith('.txt') },
    // Each is written beside its place first.
    { where: 'within a file', isDue: (file: string) => !file.endsWith('.txt') },
  ]) {
    it(`ends the same after kill -9 ${where} of the acceptance`, async () => {
      const world = await openWorld(MANY_SCRIPTS);
      try {
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
        const persisted = readPersisted(conclave.data)?.events ?? [];
        assert.ok(persisted.some(({ type }) => type === 'proposal.ready'));
        assert.ok(!persisted.some(({ type }) => type === 'proposal.accepted'));
        const written = MANY.filter((path) => existsSync(join(project.dir, path)));
        console.log(`      died ${where}, when ${written.length} of ${MANY.length} files were written`);
        assert.ok(written.length < MANY.length && (written.length > 0 || where === 'within a file'));
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

  it('cannot write into the log any more where it was only stopped, and another one went on meanwhile', async () => {
    const world = await openWorld();
    const { conclave, project } = world;
    let stale: ReturnType<Conclave['start']> | undefined;
    try {
      const stopped = new Promise<void>((resolve) => {
        stale = conclave.start(runArguments(world));
        const { child } = stale;
        watchPersisted(
          conclave.data,
          ({ events }) => events.some(({ type }) => type === 'plan.proposed'),
          () => {
            child.kill('SIGSTOP');
            resolve();
          },
        );
      });
      await stopped;
      const before = readPersisted(conclave.data)?.events ?? [];
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

  async function assertResumes(
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
    assert.deepEqual(diffsOf(events), expected.diffs, at);
    assert.deepEqual(project.files(), expected.files, at);
    assert.deepEqual(outcomeOf(events), expected.outcome, at);

    const steps = events.flatMap(({ step }) => (step === undefined ? [] : [step]));
    assert.equal(new Set(steps).size, steps.length, `${at}: a step is recorded twice`);
    const recorded = new Set(turnsOf(persisted));
    const again = asked(fleet, requestsBefore).filter((request) => recorded.has(request));
    assert.deepEqual(again, [], `${at}: a recorded turn was asked again`);
    const differs = events.filter((event) => event.type === 'redflag.raised' && event.flag === 'transcript_differs');
    assert.deepEqual(differs, [], `${at}: a transcript was not made up again as it was`);
    assert.deepEqual([fleet.unmatched, fleet.violations], [[], []], at);
    const since = events.slice(persisted.length);
    const checksOf = (type: 'checks.started' | 'checks.finished'): string[] =>
      since.flatMap((event) => (event.type === type ? [keyOfChecks(event)] : [])).sort();
    // What was recorded before has no second end.
    assert.deepEqual(checksOf('checks.started'), checksOf('checks.finished'), `${at}: recorded checks were run again`);
    const copies = join(conclave.data, 'copies');
    const left = readdirSync(copies, { recursive: true, encoding: 'utf8' }).filter((path) => /copy-\d+-/.test(path));
    assert.deepEqual(left, [], `${at}: copies of the dead process are left`);
  }
});

/** Many small files, so that there is time to die among them. */
const MANY = Array.from({ length: 200 }, (_, index) => `many/${String(index).padStart(3, '0')}.txt`);

const MANY_SCRIPTS = crewScripts({
  plan: plan([{ id: 'task_1' }]),
  edits: { task_1: [MANY.map((path) => edit(path, '', path)).join('\n')] },
});

/** As if half a minute had gone by, in which no holder of a lease showed a sign of life. */
function loseSignsOfLife(data: string): void {
  const leases = join(data, 'store', 'leases');
  const longAgo = new Date(Date.now() - 31_000);
  for (const path of readdirSync(leases, { recursive: true, encoding: 'utf8' })) {
    if (path.endsWith('.json')) utimesSync(join(leases, path), longAgo, longAgo);
  }
}

function keyOfChecks({ scope, subtask, round }: { scope: string; subtask?: string; round?: number }): string {
  return `${scope} ${subtask} ${round}`;
}

/** Works on the items in their order, some at once. The first failure ends it, when those under way are done. */
async function inParallel<T>(width: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
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
