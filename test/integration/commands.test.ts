import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import { schemaName } from '../models/chatRequest.ts';
import { greetByName, leaveByName, onGreet } from '../support/greeter.ts';
import { GREETER, makeProject } from '../support/project.ts';
import { endingOf, idOf, ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, edit, failed, plan } from '../support/scripts.ts';

const onePlan = plan([{ id: 'task_1', ...onGreet }]);
const greeting = () => crewScripts({ plan: onePlan, edits: { task_1: [greetByName] } });
const reviewOf = (review: Record<string, unknown>) =>
  crewScripts({ plan: onePlan, edits: {}, reviews: { review: [review] } });

describe('conclave plan', () => {
  const given = scenarios();

  it('plans, and asks neither Coder nor Reviewer', async () => {
    const { run, fleet, project } = await given(greeting());
    const before = project.files();
    const { status, events } = await run(['plan', 'Greet by name']);
    assert.equal(status, 0);
    assert.deepEqual(
      ofType(events, 'plan.proposed')[0]?.plan.plan.map(({ id }) => id),
      ['task_1'],
    );
    assert.deepEqual(new Set(fleet.requests.map(({ role }) => role)), new Set(['planner']));
    assert.deepEqual(project.files(), before);
  });

  it('prints the plan for people', async () => {
    const { conclave, project } = await given(greeting());
    const { status, stderr } = await conclave.run(['plan', 'Greet by name', '--workspace', project.dir]);
    assert.equal(status, 0);
    assert.match(stderr, /task_1[\s\S]*Planned 1 subtask; nothing was changed/);
  });

  it('says that a plan comes from the plan cache, and plans anew where that is wanted', async () => {
    const { conclave, project, run, fleet } = await given(greeting());
    const planned = () => fleet.requests.filter(({ body }) => schemaName(body as never) === 'plan').length;
    const { events } = await run(['plan', 'Greet by name']);
    const { status, stderr } = await conclave.run(['plan', 'Greet by name', '--workspace', project.dir]);
    assert.equal(status, 0);
    assert.match(
      stderr,
      new RegExp(
        `from the plan cache: planned in run ${idOf(events)} on \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d \\(--fresh-plan`,
      ),
    );
    assert.equal(planned(), 1);
    const afresh = await run(['plan', 'Greet by name', '--fresh-plan']);
    assert.equal(afresh.status, 0);
    assert.deepEqual(ofType(afresh.events, 'plan.cached'), []);
    assert.equal(planned(), 2);
    const { events: last } = await run(['run', 'Greet by name']);
    assert.equal(ofType(last, 'plan.cached')[0]?.run, idOf(afresh.events));
  });
});

describe('conclave ask', () => {
  const given = scenarios();
  const answering = () =>
    crewScripts({
      plan: onePlan,
      edits: {},
      reviewer: [
        {
          when: { schema: 'action', none: 'Result of' },
          reply: { json: { action: 'read_file', args: { path: 'src/greet.js' } } },
        },
        {
          when: { schema: false, all: 'Result of read_file' },
          reply: { text: 'It greets, see `src/greet.js:1`.\n\n- without a name' },
        },
      ],
    });

  it('answers a question from what the tools show, with the Reviewer alone, and changes nothing', async () => {
    const { run, fleet, project, prompts } = await given(answering());
    const before = project.files();
    const { status, events } = await run(['ask', 'What does greet() do?']);
    assert.equal(status, 0);
    assert.equal(endingOf(events).code, 'answered');
    assert.equal(fold(events).answer, 'It greets, see `src/greet.js:1`.\n\n- without a name');
    assert.match(prompts('reviewer').at(-1) ?? '', /export function greet/);
    assert.deepEqual(new Set(fleet.requests.map(({ role }) => role)), new Set(['reviewer']));
    assert.deepEqual(project.files(), before);
  });

  it('prints the answer for people', async () => {
    const { conclave, project } = await given(answering());
    const { stderr } = await conclave.run(['ask', 'What does greet() do?', '--workspace', project.dir]);
    assert.match(stderr, /It greets, see `src\/greet\.js:1`\.\n\s*\n\s*- without a name/);
  });
});

describe('conclave review', () => {
  const given = scenarios();

  it('shows the Reviewer what is changed and what is new, and approves', async () => {
    const { run, project, prompts, fleet } = await given(greeting());
    project.write('src/greet.js', "export function greet() {\n  return 'Hello!'; // politely\n}\n");
    project.write('src/new.js', 'export const fresh = 1;\n');
    const before = project.files();
    const { status, events } = await run(['review']);
    assert.equal(status, 0);
    assert.equal(endingOf(events).code, 'approved');
    assert.match(
      prompts('reviewer').at(-1) ?? '',
      /\+ {2}return 'Hello!'; \/\/ politely[\s\S]*\+export const fresh = 1;/,
    );
    assert.deepEqual(new Set(fleet.requests.map(({ role }) => role)), new Set(['reviewer']));
    assert.deepEqual(project.files(), before);
  });

  it('fails with status 1 on a finding that blocks', async () => {
    const finding = {
      severity: 'critical',
      type: 'bug',
      location: 'src/new.js:1',
      quote: 'export const fresh = 1;',
      message: 'Must be 2.',
    };
    const { run, conclave, project } = await given(reviewOf(failed([finding])));
    project.write('src/new.js', 'export const fresh = 1;\n');
    const { status, events } = await run(['review']);
    assert.equal(status, 1);
    assert.equal(endingOf(events).code, 'not_approved');
    const shown = await conclave.run(['review', '--workspace', project.dir]);
    assert.equal(shown.status, 1);
    assert.match(shown.stderr, /src\/new\.js:1[\s\S]*Must be 2\./);
  });

  it('reviews only the named files and folders', async () => {
    const { run, project, prompts } = await given(greeting());
    project.write('src/greet.js', "export function greet() {\n  return 'Hello!'; // politely\n}\n");
    project.write('src/leave.js', "export function leave() {\n  return 'Goodbye!'; // politely\n}\n");
    project.write('docs/one.md', '# One\n');
    const { status, events } = await run(['review', './src/greet.js', 'docs']);
    assert.equal(status, 0);
    const started = ofType(events, 'run.started')[0];
    assert.deepEqual(started?.paths, ['./src/greet.js', 'docs']);
    const asked = prompts('reviewer').at(-1) ?? '';
    assert.match(asked, /\+\+\+ b\/docs\/one\.md[\s\S]*\+\+\+ b\/src\/greet\.js/);
    assert.doesNotMatch(asked, /leave/);
  });

  it('reviews a named file as a whole where nothing has changed in it, and without a repository too', async () => {
    for (const options of [{}, { git: 'none' as const }]) {
      const { run, project, prompts } = await given(greeting(), options);
      const before = project.files();
      const { status } = await run(['review', 'src/leave.js']);
      assert.equal(status, 0);
      assert.match(
        prompts('reviewer').at(-1) ?? '',
        /Review src\/leave\.js as a whole[\s\S]*\+export function leave\(\)/,
      );
      assert.deepEqual(project.files(), before);
    }
  });

  it('says which named file cannot be reviewed, and why', async () => {
    const { run } = await given(greeting());
    for (const [path, message] of [
      ['src/gone.js', /src\/gone\.js cannot be reviewed: there is no such file/],
      ['../secret', /secret cannot be reviewed: .*outside/],
    ] as const) {
      const { status, events } = await run(['review', path]);
      assert.equal(status, 2);
      assert.match(endingOf(events).message, message);
    }
    const { events } = await run(['review', 'src']);
    assert.match(endingOf(events).message, /Nothing in src differs from HEAD/);
  });

  it('fails on red checks, whatever the Reviewer says', async () => {
    const { run, project } = await given(greeting());
    project.write('src/greet.js', "export function greet() {\n  return 'Hi!';\n}\n");
    const { status, events } = await run(['review']);
    assert.equal(status, 1);
    assert.deepEqual(
      ofType(events, 'review.finished')[0]?.verdict.failingChecks.map(({ name }) => name),
      ['greets'],
    );
  });

  it('has nothing to find where nothing differs', async () => {
    const { run } = await given(greeting());
    const { status, events } = await run(['review']);
    assert.equal(status, 0);
    assert.match(endingOf(events).message, /Nothing differs from HEAD/);
  });

  it('compares with another commit on demand', async () => {
    const { run, project, prompts } = await given(greeting());
    project.write('src/new.js', 'export const fresh = 1;\n');
    project.git('add', '--all');
    project.git('commit', '--quiet', '--message', 'more');
    const { status } = await run(['review', '--base', 'HEAD~1']);
    assert.equal(status, 0);
    assert.match(prompts('reviewer').at(-1) ?? '', /\+export const fresh = 1;/);
    const unknown = await run(['review', '--base', 'no-such-ref']);
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /no-such-ref[\s\S]*--base REF/);
  });

  it('says with status 2 that it needs a repository', async () => {
    const { run } = await given(greeting(), { git: 'none' });
    const { status, stderr } = await run(['review']);
    assert.equal(status, 2);
    assert.match(stderr, /git/);
    assert.match(stderr, /Review inside a repository/);
  });
});

describe('a run that is over', () => {
  const given = scenarios();

  it('replays to the same final state from its events alone, without models and workspace', async () => {
    const { run, conclave, project, fleet } = await given(greeting());
    const { events } = await run(['run', 'Greet by name', '--apply']);
    await fleet.close();
    project.remove();
    const replayed = await conclave.run(['replay', idOf(events), '--json']);
    assert.equal(replayed.status, 0);
    assert.deepEqual(fold(replayed.events), fold(events));
    const shown = await conclave.run(['replay', idOf(events)]);
    assert.equal(shown.status, 0);
    assert.match(shown.stderr, /Approved, and written to 1 file/);
  });

  it('is played in its rhythm where a speed is given, and refuses what is none', async () => {
    const { run, conclave } = await given(greeting());
    const { events } = await run(['run', 'Greet by name']);
    const id = idOf(events);
    const played = await conclave.run(['replay', id, '--speed', '50', '--json']);
    assert.equal(played.status, 0, played.stderr);
    assert.deepEqual(fold(played.events), fold(events));
    assert.equal((await conclave.run(['replay', id, '--speed', '0'])).status, 2);
    const stopped = conclave.start(['replay', id, '--speed', '0.001', '--json'], {
      onEvent: (_event, child) => child.kill('SIGINT'),
    });
    assert.equal((await stopped.ended).status, 130);
  });

  it('is followed from its first event to its end while another process works on it', async () => {
    const { start, conclave, fleet } = await given(greeting());
    let following: ReturnType<typeof conclave.start> | undefined;
    const { ended } = start(['run', 'Greet by name'], {
      onEvent: ({ type, runId }) => {
        if (type === 'run.started') following = conclave.start(['replay', runId, '--follow', '--json']);
      },
    });
    const { events } = await ended;
    await fleet.settled();
    const followed = await (following ?? assert.fail('nothing has begun')).ended;
    assert.equal(followed.status, 0, followed.stderr);
    assert.deepEqual(fold(followed.events), fold(events));
    // One that is over is shown to its end, too.
    const late = await conclave.run(['replay', idOf(events), '--follow']);
    assert.equal(late.status, 0);
    assert.match(late.stderr, /Approved/);
    assert.match((await conclave.run(['replay', 'none', '--follow'])).stderr, /none/);
  });

  it('is forked from a step that it lists, and the fork is resumed like any other', async () => {
    const { run, conclave, fleet } = await given(greeting());
    const { events } = await run(['run', 'Greet by name']);
    const id = idOf(events);
    const listed = await conclave.run(['fork', id]);
    assert.equal(listed.status, 0, listed.stderr);
    assert.match(
      listed.stdout,
      /^STEP[^\n]*\n1 +crew +run [\s\S]*planner turn 1 \([\s\S]*\n\d+ +planner +plan of 1 subtask/,
    );
    const at = events.find(({ type }) => type === 'plan.proposed')?.step ?? assert.fail('no plan');
    const mend = fleet.inject('reviewer', 'serverError', { times: 99 });
    const stopped = await conclave.run(['fork', id, '--at', at, '--role', 'coder', '--temperature', '0.5', '--json']);
    assert.equal(stopped.status, 4, stopped.stderr);
    const forkId = idOf(stopped.events);
    mend();
    const resumed = await conclave.run(['run', '--resume', forkId, '--apply', '--json']);
    assert.equal(resumed.status, 0, resumed.stderr);
    const shown = await conclave.run(['replay', forkId]);
    assert.match(shown.stderr, new RegExp(`fork of ${id} from step \\d+: coder with temperature 0.5`));
    assert.match(shown.stderr, /the files are as they were then/);
    for (const [args, message] of [
      [['--at', '0'], /no step "0"/],
      [['--at', 'proposal'], /no step "proposal"/],
      [['--at', at, '--role', 'boss'], /--role/],
      [['--at', at, '--temperature', 'warm'], /--temperature/],
    ] as const) {
      const { status, stderr } = await conclave.run(['fork', id, ...args]);
      assert.equal(status, 2);
      assert.match(stderr, message);
    }
  });

  it('is exported as one file, without secrets', async () => {
    const { run, conclave } = await given(greeting());
    const { events } = await run(['run', 'Greet by name; the PASSWORD=correct-horse']);
    const id = idOf(events);
    const document = await conclave.run(['export', id]);
    assert.equal(document.status, 0, document.stderr);
    assert.match(document.stdout, /^# Greet by name; the PASSWORD=‹secret: password›\n[\s\S]*\n```diff\n/);
    const file = join(conclave.data, 'run.jsonl');
    const json = await conclave.run(['export', id, '--format', 'json', '--output', file]);
    assert.equal(json.status, 0, json.stderr);
    assert.equal(json.stdout, '');
    const text = readFileSync(file, 'utf8');
    assert.ok(!text.includes('correct-horse'));
    const exported = text
      .trimEnd()
      .split('\n')
      .map((line): RunEvent => JSON.parse(line));
    assert.deepEqual(fold(exported).proposal, fold(events).proposal);
    assert.equal((await conclave.run(['export', id, '--format', 'pdf'])).status, 2);
    assert.match((await conclave.run(['export', 'none'])).stderr, /none/);
  });

  it('is listed, newest first, with its state', async () => {
    const { run, conclave, project } = await given(greeting());
    const first = await run(['run', 'Greet by name']);
    const second = await run(['plan', 'Plan it']);
    const { status, stdout } = await conclave.run(['runs', '--json']);
    assert.equal(status, 0);
    const runs = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      runs.map(({ runId, task, workspace }) => [runId, task, workspace]),
      [
        [idOf(second.events), 'Plan it', project.dir],
        [idOf(first.events), 'Greet by name', project.dir],
      ],
    );
    assert.match((await conclave.run(['runs'])).stdout, /Plan it[\s\S]*Greet by name/);
  });

  it('leaves a patch with --patch that git takes', async () => {
    const all = `${greetByName}\n${leaveByName}\n${edit('`docs/new file.md`', '', 'New.')}\nRENAME test/greet.test.js TO test/hello.test.js\n`;
    const { run, conclave, project } = await given(crewScripts({ plan: onePlan, edits: { task_1: [all] } }), {
      files: { ...GREETER, 'src/no-end.js': 'export const end = 1;' },
    });
    const patch = join(conclave.data, 'change.patch');
    const before = project.files();
    const { status, events } = await run(['run', 'Greet by name', '--patch', patch]);
    assert.equal(status, 0);
    assert.deepEqual(project.files(), before);
    project.git('apply', '--check', patch);
    project.git('apply', patch);
    const other = makeProject(before);
    try {
      const applied = await conclave.run(['run', '--resume', idOf(events), '--apply', '--workspace', other.dir]);
      assert.equal(applied.status, 2, 'a run belongs to its workspace');
    } finally {
      other.remove();
    }
    assert.equal(project.read('docs/new file.md'), 'New.\n');
    assert.match(project.read('test/hello.test.js'), /greets/);
    assert.equal(project.files()['test/greet.test.js'], undefined);
  });

  it('and approved is written by --resume --apply, once, and without any server', async () => {
    const { run, conclave, project, fleet } = await given(greeting());
    const { events } = await run(['run', 'Greet by name']);
    assert.ok(!project.read('src/greet.js').includes('name'));
    await fleet.close();
    const applied = await conclave.run(['run', '--resume', idOf(events), '--apply', '--json']);
    assert.equal(applied.status, 0, applied.stderr);
    assert.match(project.read('src/greet.js'), /greet\(name\)/);
    const after = project.files();
    const again = await conclave.run(['run', '--resume', idOf(events), '--apply', '--json']);
    assert.equal(again.status, 0);
    assert.deepEqual(again.events, []);
    assert.deepEqual(project.files(), after);
  });

  it('and approved shows its diff again with --resume', async () => {
    const { run, conclave, project } = await given(greeting());
    const { events } = await run(['run', 'Greet by name']);
    const shown = await conclave.run(['run', '--resume', idOf(events), '--workspace', project.dir]);
    assert.equal(shown.status, 0);
    assert.match(shown.stdout, /\+export function greet\(name\)/);
  });
});
