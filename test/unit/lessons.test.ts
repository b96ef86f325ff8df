import assert from 'node:assert/strict';
import { waiverLesson } from '../../src/core/memory/conventions.ts';
import { MOST_TEXT } from '../../src/core/memory/entries.ts';
import { lessonsOf } from '../../src/core/memory/learning.ts';
import type { EventBody } from '../../src/shared/events.ts';
import { eventsOf, finding, planOf, proposed, reviewed, started, subtask, verdict } from './runEvents.ts';

const PLANNED: EventBody = {
  type: 'plan.proposed',
  plan: planOf(subtask('task_1', [], 'divide() throws on zero')),
  notes: [],
};
const BUG = finding('Divides by zero.', { path: 'src/divide.js', line: 2 });
const RED = { name: 'divides', message: 'expected a RangeError\n  at …', file: 'test/divide.test.js' };

function changed(path: string, explanation = ''): EventBody[] {
  const about = { lane: 'coder:task_1', subtask: 'task_1' };
  return [
    { type: 'code.chunk', ...about, file: path, language: 'javascript', chunk: 'x', explanation },
    { type: 'edit.applied', ...about, edit: path, path, action: 'modify', added: 1, removed: 1 },
  ];
}

function lessons(...bodies: EventBody[]) {
  return lessonsOf(eventsOf([started, PLANNED, ...bodies]));
}

describe('what a run teaches', () => {
  it('is what failed in a round, and what mended it', () => {
    const { learnt } = lessons(
      ...changed('src/divide.js', 'Divides.'),
      reviewed('task_1', 1, verdict([BUG], [RED])),
      ...changed('src/divide.js', 'Throws a RangeError.'),
      ...changed('test/divide.test.js'),
      reviewed('task_1', 2, verdict()),
    );
    assert.deepEqual(
      learnt.map(({ kind, text, paths, run }) => ({ kind, text, paths, run })),
      [
        {
          kind: 'failure',
          text: 'Failed: check "divides": expected a RangeError. bug at src/divide.js:2: Divides by zero.\nMended in src/divide.js, test/divide.test.js: Throws a RangeError.\nSubtask: divide() throws on zero',
          paths: ['src/divide.js', 'test/divide.test.js'],
          run: 'run-1',
        },
      ],
    );
  });

  it('is nothing where all went well, and nothing of remarks that did not block', () => {
    const remark = finding('Long name.', { path: 'src/divide.js', line: 1 }, { blocking: false });
    assert.deepEqual(lessons(...changed('src/divide.js'), reviewed('task_1', 1, verdict([remark]))), {
      learnt: [],
      unlearnt: [],
    });
  });

  it('is kept once: the same trouble has the same id, and mended it takes the place of given up', () => {
    const failed = reviewed('task_1', 1, verdict([BUG]));
    const givenUp = lessons(failed, {
      type: 'subtask.finished',
      subtask: 'task_1',
      start: 1,
      outcome: 'failed',
      rounds: 1,
      reason: '1 blocking finding',
      files: [],
    }).learnt;
    assert.match(givenUp[0]?.text ?? '', /Divides by zero\.\nGiven up: 1 blocking finding/);
    const mended = lessons(failed, ...changed('src/divide.js'), reviewed('task_1', 2, verdict())).learnt;
    assert.equal(mended[0]?.id, givenUp[0]?.id);
    const other = finding('Another one.', { path: 'src/divide.js', line: 2 });
    const another = lessons(
      reviewed('task_1', 1, verdict([other])),
      ...changed('src/divide.js'),
      reviewed('task_1', 2, verdict()),
    ).learnt;
    assert.notEqual(another[0]?.id, givenUp[0]?.id);
  });

  it('is another one for each task, where a check only says that it failed', () => {
    const idOf = (task: string): string | undefined =>
      lessonsOf(
        eventsOf([
          started,
          { type: 'plan.proposed', plan: planOf(subtask('task_1', [], task)), notes: [] },
          reviewed('task_1', 1, verdict([], [{ name: 'npm: exit code 1' }])),
          ...changed('src/divide.js'),
          reviewed('task_1', 2, verdict()),
        ]),
      ).learnt[0]?.id;
    assert.ok(idOf('Divide'));
    assert.equal(idOf('Divide'), idOf('Divide'));
    assert.notEqual(idOf('Divide'), idOf('Multiply'));
  });

  it('is why a subtask was planned anew', () => {
    const { learnt } = lessons(reviewed('task_1', 1, verdict([BUG])), {
      type: 'subtask.escalated',
      subtask: 'task_1',
      reason: '3 rounds failed.',
      decision: 'replan',
      because: 'It is two things.',
      replacements: ['a', 'b'],
    });
    assert.match(learnt[0]?.text ?? '', /^Failed: .*\nPlanned anew as a, b: It is two things\.\nSubtask: divide/);
  });

  it('is what the user answered', () => {
    const { learnt } = lessons({
      type: 'plan.answered',
      answers: [
        { id: 'q1-1', question: 'Which error?', answer: 'RangeError, always.' },
        { id: 'q1-2', question: 'Anything else?', answer: ' ' },
      ],
    });
    assert.deepEqual(
      learnt.map(({ kind, text }) => [kind, text]),
      [['convention', 'Asked: Which error?\nThe user answered: RangeError, always.']],
    );
  });

  const READY: EventBody = { type: 'proposal.ready', files: [proposed('src/a.js'), proposed('src/b.js')] };
  const decides = (path: string, decision: 'accepted' | 'rejected'): EventBody => ({
    type: 'proposal.decided',
    path,
    hunks: [0],
    decision,
  });

  it('is which hunks the user rejected, until they are accepted after all', () => {
    const first = lessons(READY, decides('src/a.js', 'rejected'), decides('src/b.js', 'accepted')).learnt;
    assert.deepEqual(
      first.map(({ kind, text, paths }) => [kind, text, paths]),
      [
        [
          'convention',
          'The user rejected this change (modify):\n-two\n+three\nTask: Use tokens instead of sessions',
          ['src/a.js'],
        ],
      ],
    );
    const second = lessons(READY, decides('src/a.js', 'rejected'), decides('src/a.js', 'accepted'));
    assert.deepEqual(second, { learnt: [], unlearnt: first.map(({ id }) => id) });
  });

  it('is one thing where the user rejected all of a large proposal, and the hunk where there was but one', () => {
    const rejected: EventBody = { type: 'proposal.rejected', reason: 'The user kept the workspace as it is.' };
    const all = lessons(READY, rejected).learnt;
    assert.equal(all.length, 1);
    assert.match(
      all[0]?.text ?? '',
      /rejected the whole change for: Use tokens.*\nIt was: modify src\/a\.js \(\+1 −1\)/,
    );
    const one = lessons({ type: 'proposal.ready', files: [proposed('src/a.js')] }, rejected).learnt;
    assert.match(one[0]?.text ?? '', /rejected this change \(modify\):\n-two\n\+three/);
  });

  it('is what the user waives, with the reason', () => {
    const { kind, text, paths } = waiverLesson(BUG, 'Zero cannot come here.', '2026-11-23T20:00:00.000Z');
    assert.deepEqual(
      [kind, text, paths],
      [
        'convention',
        'The user waived a finding (bug): Divides by zero.\nReason: Zero cannot come here.',
        ['src/divide.js'],
      ],
    );
  });

  it('is learnt once, by the session in which it happened', () => {
    const events = eventsOf([
      started,
      PLANNED,
      reviewed('task_1', 1, verdict([BUG])),
      ...changed('src/divide.js'),
      reviewed('task_1', 2, verdict()),
      READY,
      decides('src/a.js', 'rejected'),
      decides('src/b.js', 'rejected'),
    ]);
    assert.equal(lessonsOf(events, 5).learnt.length, 3, 'a failure that was mended after event 5 is new');
    assert.equal(lessonsOf(events, 7).learnt.length, 2);
    assert.deepEqual(
      lessonsOf(events, 8).learnt.map(({ paths }) => paths),
      [['src/b.js']],
    );
    assert.deepEqual(lessonsOf(events, 9), { learnt: [], unlearnt: [] });
  });

  it('holds no secrets, and is never longer than its bound', () => {
    const token = `ghp_${'aB3dE6gH9jK2mN5pQ8sT'.repeat(2).slice(0, 36)}`;
    const secret = finding(`The token ${token} is in the source. ${'x '.repeat(900)}`, { path: 'src/a.js', line: 1 });
    const { learnt } = lessons(
      reviewed('task_1', 1, verdict([secret, BUG], [RED])),
      ...changed('src/a.js', `Takes ${token} out. ${'y '.repeat(900)}`),
      reviewed('task_1', 2, verdict()),
    );
    const text = learnt[0]?.text ?? '';
    assert.ok(!text.includes(token.slice(0, 12)), text);
    assert.ok(
      text.length <= MOST_TEXT && text.includes('\nMended in src/a.js: ') && text.includes('\nSubtask: '),
      text,
    );
  });
});
