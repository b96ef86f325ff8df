import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EventBody } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import { checksInWords } from '../../src/terminal/render/checks.ts';
import { drawDiff } from '../../src/terminal/render/diff.ts';
import { painter } from '../../src/terminal/render/paint.ts';
import { clean, columnsOf, cut, cutStart, oneLine, wrap } from '../../src/terminal/render/plainText.ts';
import { drawRuns } from '../../src/terminal/render/runs.ts';
import { drawSummary, foldRoleTimes, type RoleTimes } from '../../src/terminal/render/summary.ts';
import { checks, eventsOf, proposed, wholeRun } from './runEvents.ts';

const plain = painter({ colour: false });
const coloured = painter({ colour: true });

function upTo(type: EventBody['type'], more: Record<string, unknown> = {}): EventBody[] {
  const at = wholeRun.findIndex(
    (body) => body.type === type && Object.entries(more).every(([key, value]) => Reflect.get(body, key) === value),
  );
  assert.notEqual(at, -1, `no ${type}`);
  return wholeRun.slice(0, at + 1);
}

describe('text for the terminal', () => {
  it('loses escape sequences and control characters, whole or broken', () => {
    assert.equal(clean('\x1b[31mred\x1b[0m'), 'red');
    assert.equal(clean('\x1b]0;title\x07text'), 'text');
    assert.equal(clean('cut off \x1b'), 'cut off ');
    assert.equal(clean('bell\x07 back\b\b return\r\n\ttab \x9b2J'), 'bell back return\n\ttab ');
    assert.equal(clean('if (user\u202e\u2066== admin)'), 'if (user== admin)');
    assert.equal(oneLine('  two\r\n lines\t here '), 'two lines here');
  });

  it('never lets one through, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('\x1b', '[', ']', '0', ';', 'm', '\x9b', '\x07', 'H', 'é', '\n', '\u202e')),
        (pieces) => {
          assert.doesNotMatch(clean(pieces.join('')), /[^\n\t\P{Cc}]|\u202e/u);
        },
      ),
    );
  });

  it('is measured and cut in columns', () => {
    assert.equal(columnsOf('日本語 é e\u0301 👩‍💻'), 13);
    assert.equal(cut('日本語のコメント', 7), '日本語…');
    assert.equal(cutStart('日本語のコメント', 7), '…メント');
    assert.equal(cut('short', 5), 'short');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        assert.ok(columnsOf(cut(oneLine(text), width)) <= width);
        assert.ok(columnsOf(cutStart(oneLine(text), width)) <= width);
      }),
    );
  });

  it('is wrapped between words, without losing one', () => {
    assert.deepEqual(wrap('coder     one two three', 16, 4), ['coder     one', '    two three']);
    assert.deepEqual(wrap('x'.repeat(30), 20, 2), ['x'.repeat(20), `  ${'x'.repeat(10)}`]);
  });
});

describe('checks in words', () => {
  it('say what passed, what failed, and what could not be found out', () => {
    assert.equal(checksInWords(checks(12)), '✓ 12 passed');
    assert.equal(
      checksInWords(checks(10, [{ name: 'a', message: 'expected 1,\n got 2' }, { name: 'b' }])),
      '✗ 2 of 12 failed: a – expected 1, got 2; b',
    );
    assert.equal(
      checksInWords(
        checks(
          0,
          ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })),
        ),
      ),
      '✗ 5 of 5 failed: a; b; c; and 2 more',
    );
    assert.equal(checksInWords({ ...checks(0), status: 'timed_out', ms: 600_000 }), '✗ timed out after 10 min');
    assert.equal(
      checksInWords({ ...checks(0), status: 'could_not_run', reason: 'npm was not found' }),
      '✗ could not run: npm was not found',
    );
    assert.equal(
      checksInWords({ ...checks(0), status: 'none', reason: 'no test script' }),
      '– no checks: no test script',
    );
    assert.equal(checksInWords({ ...checks(0), status: 'failed', exit_code: 2 }), '✗ failed with exit status 2');
  });
});

describe('the diff', () => {
  it('has a header per file and keeps every line as it is', () => {
    const file = proposed('src/app.js');
    assert.deepEqual(drawDiff([file], { paint: plain }), [
      'src/app.js  changed  +1 −1',
      ...file.diff.trimEnd().split('\n'),
      '',
    ]);
  });

  it('colours what was added and removed, also where it looks like a header', () => {
    const diff = 'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- old\n+++ new\n';
    const lines = drawDiff([proposed('x', { diff })], { paint: coloured });
    assert.equal(lines[2], coloured('faint', '--- a/x'));
    assert.equal(lines[5], coloured('bad', '--- old'));
    assert.equal(lines[6], coloured('good', '+++ new'));
  });

  it('is bounded on request, and says by how much', () => {
    assert.deepEqual(drawDiff([proposed('x')], { paint: plain, linesPerFile: 5 }).slice(-3), [
      ' one',
      '… 2 more lines of x',
      '',
    ]);
  });

  it('names where a renamed file was', () => {
    assert.match(
      drawDiff([proposed('b.js', { action: 'rename', from: 'a.js' })], { paint: plain })[0] ?? '',
      /^a\.js → b\.js {2}renamed/,
    );
  });
});

describe('the summary', () => {
  const end = (body: EventBody) => fold(eventsOf([...wholeRun.slice(0, -1), body]));
  const summary = (state: ReturnType<typeof fold>, kind: 'applied' | 'printed' | 'none' = 'printed') =>
    drawSummary(state, { width: 100, paint: plain, delivery: { kind }, times: { coder: 24_000 } });

  it('says what was decided, what changed, what it took and how to apply it', () => {
    assert.deepEqual(summary(fold(eventsOf(wholeRun))), [
      'Approved: a change of 2 files.',
      '',
      'Change    2 files +42 −1',
      '          src/jwt.js  +41 −0',
      '          src/app.js  +1 −1',
      'Checks    ✓ 12 passed',
      'Rounds    task_1 2 (approved), task_2 3 (replaced)',
      'Crew      coder  devstral  1 request  6,000 read (3,000 cached), 900 written  24 s',
      'Time      38 s from start to end',
      'Diff      on standard output',
      'Next      conclave run --resume run-1 --apply   writes it to the workspace',
    ]);
  });

  it('does without the names of the models on a narrow terminal', () => {
    const narrow = drawSummary(fold(eventsOf(wholeRun)), {
      width: 70,
      paint: plain,
      delivery: { kind: 'printed' },
      times: {},
    });
    assert.ok(narrow.includes('Crew      coder  1 request  6,000 read (3,000 cached), 900 written'));
  });

  it('does not offer to apply what was applied', () => {
    const lines = summary(
      end({ type: 'run.finished', outcome: 'approved', ending: { code: 'approved', message: 'Written to 2 files.' } }),
      'applied',
    );
    assert.equal(lines[0], 'Approved: Written to 2 files.');
    assert.ok(lines.includes('Diff      written to the workspace'));
    assert.ok(!lines.some((line) => line.startsWith('Next')));
  });

  it('says how to go on after a pause, with the questions that are open', () => {
    const ending = {
      code: 'question_unanswered' as const,
      message: 'The Planner asks something.',
      remedy: 'Answer with --answers FILE.',
    };
    const lines = summary(fold(eventsOf([...upTo('plan.question'), { type: 'run.paused', ending }])), 'none');
    assert.deepEqual(lines.slice(0, 5), [
      'Paused: The Planner asks something.',
      '→ Answer with --answers FILE.',
      '? How long shall a token live?',
      '  1. 15 minutes',
      '  2. 1 hour',
    ]);
    assert.equal(lines.at(-1), 'Next      conclave run --resume run-1   goes on from here');
  });

  it('adds up how long each role took', () => {
    const turn = (role: 'coder' | 'planner', ms: number): EventBody => ({
      type: 'turn.finished',
      role,
      lane: role,
      turn: 1,
      model: 'm',
      text: '',
      stopReason: 'stop',
      usage: { promptTokens: 1, completionTokens: 1 },
      firstTokenMs: 1,
      ms,
      request: 'h',
    });
    const times = eventsOf([turn('coder', 100), turn('planner', 7), turn('coder', 50)]).reduce<RoleTimes>(
      foldRoleTimes,
      {},
    );
    assert.deepEqual(times, { coder: 150, planner: 7 });
  });
});

describe('the table of runs', () => {
  const run = {
    runId: 'run-1',
    startedAt: '2026-11-23T20:00:00Z',
    task: 'Use tokens instead of sessions',
    workspace: '/p',
    state: 'approved',
    lastSeq: 9,
  };

  it('shows the newest first and cuts the task to the width', () => {
    const lines = drawRuns([run, { ...run, runId: 'run-22', startedAt: '2026-11-24T20:00:00Z', state: 'paused' }], {
      width: 60,
      paint: plain,
    });
    assert.match(lines[0] ?? '', /^RUN +STARTED +STATE +TASK$/);
    assert.match(lines[1] ?? '', /^run-22 {2}2026-11-2\d \d\d:00 {2}paused {4}Use tokens/);
    assert.match(lines[2] ?? '', /^run-1 /);
    for (const line of lines) assert.ok(columnsOf(line) <= 60, line);
  });

  it('says how to begin where there are none', () => {
    assert.deepEqual(drawRuns([], { width: 60, paint: plain }), ['No runs yet. Start one with: conclave run "TASK"']);
  });
});
