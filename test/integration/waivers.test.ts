import assert from 'node:assert/strict';
import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintOf } from '../../src/core/orchestrator/gate.ts';
import { RunStop } from '../../src/core/orchestrator/runStop.ts';
import type { Waiver } from '../../src/core/orchestrator/waivers.ts';
import { addWaiver, readWaivers } from '../../src/node/waivers.ts';
import type { ReviewIssue } from '../../src/shared/wire.ts';
import { greetByName, onGreet } from '../support/greeter.ts';
import { GREETER, makeProject, type Project } from '../support/project.ts';
import { endingOf, ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, failed, plan } from '../support/scripts.ts';

const posixOnly = process.platform === 'win32' ? it.skip : it;

const finding: ReviewIssue = {
  severity: 'critical',
  type: 'style',
  location: 'src/greet.js:1',
  quote: 'export function greet(name) {',
  message: 'The name is not checked.',
};
const waiver: Waiver = {
  fingerprint: fingerprintOf(finding, 'src/greet.js'),
  type: 'style',
  path: 'src/greet.js',
  quote: 'export function greet(name) {',
  reason: 'callers do',
  date: '2026-11-23',
};
const FILE = '.conclave/waived.json';

describe('a waived finding', () => {
  const given = scenarios();
  const picky = () =>
    crewScripts({
      plan: plan([{ id: 'task_1', ...onGreet }]),
      edits: { task_1: [greetByName] },
      reviews: { task_1: [failed([{ ...finding }])] },
    });

  it('neither blocks nor shows up in a later run; the review says that it was waived', async () => {
    const { run, project } = await given(picky());
    await addWaiver(project.dir, waiver);
    const { status, events } = await run(['run', 'Greet by name', '--apply']);
    assert.equal(status, 0);
    const verdicts = ofType(events, 'review.finished').map(({ verdict }) => verdict);
    assert.deepEqual(
      verdicts.flatMap(({ findings }) => findings),
      [],
    );
    assert.equal(ofType(events, 'attempt.started').length, 1);
    assert.match(verdicts[0]?.notes.join('\n') ?? '', /Waived by the user \(callers do\): style at src\/greet\.js:1/);
  });

  it('blocks where nobody has waived it', async () => {
    const { run } = await given(picky());
    const { events } = await run(['run', 'Greet by name']);
    assert.ok(ofType(events, 'attempt.started').length > 1);
  });

  it('stops the run before any model is asked where the file is broken, and names file and line', async () => {
    const { run, project, fleet } = await given(picky());
    const broken = `[\n  ${JSON.stringify(waiver)},\n]\n`;
    project.write(FILE, broken);
    const { status, events } = await run(['run', 'Greet by name']);
    assert.equal(status, 2);
    assert.match(endingOf(events).message, /waived\.json: line 3, column 1: this is not valid JSON/);
    assert.equal(fleet.requests.filter(({ path }) => path === '/v1/chat/completions').length, 0);
    assert.equal(project.read(FILE), broken);
  });
});

describe('.conclave/waived.json', () => {
  let project: Project;
  beforeEach(() => {
    project = makeProject(GREETER, { git: 'none' });
  });
  afterEach(() => project.remove());

  it('is sorted and laid out the same, whatever the order; one entry a fingerprint', async () => {
    const others = ['b', 'a'].map((fingerprint) => ({ ...waiver, fingerprint, path: `src/${fingerprint}.js` }));
    for (const one of [waiver, ...others, { ...waiver, reason: 'newer' }]) await addWaiver(project.dir, one);
    const read = await readWaivers(project.dir);
    assert.deepEqual(
      read.map(({ path, reason }) => [path, reason]),
      [
        ['src/a.js', 'callers do'],
        ['src/b.js', 'callers do'],
        ['src/greet.js', 'newer'],
      ],
    );
    assert.equal(project.read(FILE), `${JSON.stringify(read, null, 2)}\n`);
    assert.deepEqual(readdirSync(join(project.dir, '.conclave')), ['waived.json']);
  });

  it('keeps what others wrote into an entry', async () => {
    project.write(FILE, JSON.stringify([{ ...waiver, by: 'Ann' }]));
    await addWaiver(project.dir, { ...waiver, fingerprint: 'other' });
    assert.match(project.read(FILE), /"by": "Ann"/);
  });

  for (const [what, text, message] of [
    ['no JSON', `[\n{"fingerprint": x}]`, /waived\.json: line 2, column 17: this is not valid JSON/],
    ['no array', '{}', /waived\.json: line 1: expected an array/],
    [
      'an entry without a reason',
      JSON.stringify([waiver, { ...waiver, reason: undefined }], null, 2),
      /line 10: "reason": /,
    ],
    ['an entry that is none', '[\n  {"a": "[,{"},\n  7\n]', /line 2: "fingerprint": /],
  ] as const) {
    it(`is left as it is where it holds ${what}, and that is said`, async () => {
      project.write(FILE, text);
      for (const attempt of [() => readWaivers(project.dir), () => addWaiver(project.dir, waiver)]) {
        await assert.rejects(attempt, (error) => {
          assert.ok(error instanceof RunStop && error.ending.code === 'configuration');
          assert.match(error.message, message);
          return true;
        });
      }
      assert.equal(project.read(FILE), text);
    });
  }

  posixOnly('is not written through a link', async () => {
    const elsewhere = makeProject({ 'waived.json': '[]' }, { git: 'none' });
    try {
      symlinkSync(elsewhere.dir, join(project.dir, '.conclave'));
      await assert.rejects(addWaiver(project.dir, waiver), /\.conclave: is a symbolic link/);
      assert.equal(elsewhere.read('waived.json'), '[]');
    } finally {
      elsewhere.remove();
    }
  });
});
