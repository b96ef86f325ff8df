import assert from 'node:assert/strict';
import { decide, failsForNothing, fingerprintOf, type GateFacts } from '../../src/core/orchestrator/gate.ts';
import type { FileContent, Workspace } from '../../src/core/ports.ts';
import type { CheckReport, Finding } from '../../src/shared/events.ts';
import type { Review, ReviewIssue } from '../../src/shared/wire.ts';

const FILES: Record<string, string> = {
  'src/greet.js': "export function greet(name) {\n  return name ? hello(name) : 'Hello!';\n}\n\nexport const x = 1;\n",
  'src/twice.js': 'stop();\ngo();\nstop();\n',
  'a b.md': '# Title\r\n\r\nText.\r\n',
};

/** The workspace with the change on top: these texts, a picture and a folder, and nothing else. */
const workspace: Workspace = {
  root: '/project',
  read: async (path): Promise<FileContent> => {
    const text = FILES[path];
    if (text !== undefined) return { kind: 'text', text, hash: 'h' };
    if (path === 'logo.png') return { kind: 'binary', bytes: 10, hash: 'h' };
    return path.startsWith('..') ? { kind: 'forbidden', reason: 'outside' } : { kind: 'missing' };
  },
  list: async () => [],
  search: async () => [],
};

function report(status: CheckReport['status'], failed: string[] = []): CheckReport {
  return {
    type: 'test_results',
    status,
    runner: 'npm',
    exit_code: status === 'passed' ? 0 : 1,
    output: '',
    failed: failed.map((name) => ({ name })),
    ms: 1,
  };
}

const green: GateFacts = {
  round: 1,
  baseChecks: report('passed'),
  checks: report('passed'),
  knownFailures: [],
  earlier: [],
  workspace,
  waivers: [],
  criterion: 'greet() without a name returns "Hello!", and a test shows it.',
};

function issue(more: Partial<ReviewIssue> = {}): ReviewIssue {
  return { severity: 'high', type: 'bug', location: 'src/greet.js:2', message: 'It is wrong.', ...more };
}

function review(status: Review['status'], ...issues: ReviewIssue[]): Review {
  return { status, issues, feedback: 'Mend it.' };
}

/** The verdict's findings in short: where, and whether they block. */
async function counted(issues: ReviewIssue[], facts: Partial<GateFacts> = {}) {
  const { findings } = await decide(review('failed', ...issues), { ...green, ...facts });
  return findings.map(({ path, line, blocking }) => [line === undefined ? path : `${path}:${line}`, blocking]);
}

async function earlierFindings(...issues: ReviewIssue[]): Promise<Finding[]> {
  return (await decide(review('failed', ...issues), green)).findings;
}

describe('the gate', () => {
  describe('on what the user has waived', () => {
    const quoted = issue({ severity: 'critical', quote: "return name ? hello(name) : 'Hello!';" });
    const waiver = {
      fingerprint: fingerprintOf(quoted, 'src/greet.js'),
      type: 'bug',
      path: 'src/greet.js',
      quote: "  return name ? hello(name) : 'Hello!';",
      reason: 'as agreed',
      date: '2026-11-23',
    };

    it('never reports it, never lets it block, and says so', async () => {
      const verdict = await decide(review('failed', quoted, quoted), { ...green, waivers: [waiver] });
      assert.deepEqual([verdict.status, verdict.findings, verdict.waived], ['approved', [], [waiver.fingerprint]]);
      assert.match(
        verdict.notes[0] ?? '',
        /^Waived by the user \(as agreed\): bug at src\/greet\.js:2: It is wrong\.$/,
      );
      assert.equal(verdict.notes.filter((note) => note.startsWith('Waived')).length, 1);
    });

    it('does not take it for a review that fails for nothing', async () => {
      const answer = review('failed', quoted);
      assert.equal(failsForNothing(answer, await decide(answer, { ...green, waivers: [waiver] })), false);
    });

    it('knows it again by its line, whatever part of it is quoted, or none', async () => {
      for (const other of [issue({ quote: 'hello(name)' }), issue({ message: 'Said otherwise.' })]) {
        const verdict = await decide(review('failed', other), { ...green, waivers: [waiver] });
        assert.deepEqual(verdict.findings, []);
      }
    });

    it('still reports another type about the line, and the same about another line', async () => {
      const others = [issue({ type: 'security', quote: 'hello(name)' }), issue({ quote: 'export const x = 1;' })];
      const verdict = await decide(review('failed', ...others), { ...green, waivers: [waiver] });
      assert.equal(verdict.findings.length, 2);
      assert.equal(verdict.waived, undefined);
    });
  });

  describe('on checks', () => {
    it('never approves what newly fails, whatever the Reviewer said', async () => {
      const verdict = await decide(review('approved'), { ...green, checks: report('failed', ['greets']) });
      assert.equal(verdict.status, 'failed');
      assert.deepEqual(
        verdict.failingChecks.map(({ name }) => name),
        ['greets'],
      );
    });

    it('excuses by name what was red before, and only that', async () => {
      const facts = { ...green, baseChecks: report('failed', ['old']), knownFailures: ['old', 'greets'] };
      const excused = await decide(review('approved'), { ...facts, checks: report('failed', ['old']) });
      assert.equal(excused.status, 'approved');
      assert.match(excused.notes.join(), /declared unrelated by the plan: old\./);
      const fresh = await decide(review('approved'), { ...facts, checks: report('failed', ['old', 'greets']) });
      assert.deepEqual(
        fresh.failingChecks.map(({ name }) => name),
        ['greets'],
      );
      const undeclared = await decide(review('approved'), {
        ...facts,
        knownFailures: [],
        checks: report('failed', ['old']),
      });
      assert.deepEqual(
        undeclared.failingChecks.map(({ name }) => name),
        ['old'],
      );
    });

    it('where nothing was changed, unless the Reviewer says so itself', async () => {
      const unchanged = { ...green, needsApproval: true };
      assert.equal((await decide(review('approved'), unchanged)).status, 'approved');
      assert.equal((await decide(review('failed'), unchanged)).status, 'failed');
      assert.equal((await decide(review('failed', issue({ severity: 'low' })), unchanged)).status, 'failed');
      assert.equal(
        (await decide(review('approved'), { ...unchanged, checks: report('failed', ['greets']) })).status,
        'failed',
      );
    });

    it('takes checks that timed out or could not run for failing, unless they were like that before', async () => {
      for (const status of ['timed_out', 'could_not_run'] as const) {
        assert.equal((await decide(review('approved'), { ...green, checks: report(status) })).status, 'failed');
        const before = { baseChecks: report(status), checks: report(status) };
        const verdict = await decide(review('approved'), { ...green, ...before });
        assert.equal(verdict.status, 'approved');
        assert.match(verdict.notes.join(), /The checks decide nothing here, as before the run/);
      }
    });

    it('says openly that there are none', async () => {
      const verdict = await decide(review('approved'), {
        ...green,
        checks: { ...report('none'), reason: 'no runner' },
      });
      assert.equal(verdict.status, 'approved');
      assert.deepEqual(verdict.notes, ['No checks ran: no runner.']);
    });
  });

  describe('on findings', () => {
    it('counts a quote that exists, at the line nearest to the one claimed', async () => {
      assert.deepEqual(await counted([issue({ location: 'src/greet.js:99', quote: '  export   const x = 1;' })]), [
        ['src/greet.js:5', true],
      ]);
      assert.deepEqual(
        await counted([
          issue({ location: 'src/twice.js:1', quote: 'stop();' }),
          issue({ location: 'src/twice.js:3', quote: 'go();' }),
        ]),
        [
          ['src/twice.js:1', true],
          ['src/twice.js:2', true],
        ],
      );
      assert.deepEqual(await counted([issue({ location: 'src/twice.js:3', quote: 'stop();' })]), [
        ['src/twice.js:3', true],
      ]);
    });

    it('counts a location without a quote where the line exists', async () => {
      assert.deepEqual(await counted([issue({ location: './src/greet.js:2' })]), [['src/greet.js:2', true]]);
      assert.deepEqual(await counted([issue({ location: '`src\\greet.js:2:7`' })]), [['src/greet.js:2', true]]);
      assert.deepEqual(await counted([issue({ location: 'src/greet.js:1-3' })]), [['src/greet.js:1', true]]);
      assert.deepEqual(await counted([issue({ location: 'src/greet.js' })]), [['src/greet.js', true]]);
      assert.deepEqual(await counted([issue({ location: 'a b.md:3' })]), [['a b.md:3', true]]);
    });

    for (const [what, wrong] of [
      ['an invented quote', { quote: 'launch();' }],
      ['a line beyond the end', { location: 'src/greet.js:60' }],
      ['line 0', { location: 'src/greet.js:0' }],
      ['a file that does not exist', { location: 'src/nowhere.js:1' }],
      ['a file outside', { location: '../etc/passwd:1' }],
      ['a picture', { location: 'logo.png:1' }],
      ['no location', { location: '' }],
      ['a quote of nothing but space', { quote: ' \n ' }],
    ] as const) {
      it(`does not count ${what}, but notes it`, async () => {
        const verdict = await decide(review('failed', issue(wrong)), green);
        assert.deepEqual(verdict.findings, []);
        assert.equal(verdict.status, 'approved');
        assert.match(
          verdict.notes.join('\n'),
          /Not counted, because it points at nothing that exists[\s\S]*It is wrong\./,
        );
      });
    }

    it('blocks for critical and high, and only shows the rest', async () => {
      const severities = (['critical', 'high', 'medium', 'low'] as const).map((severity, at) =>
        issue({ severity, location: `src/greet.js:${at + 1}`, message: `${severity} one` }),
      );
      assert.deepEqual(
        (await counted(severities)).map(([, blocking]) => blocking),
        [true, true, false, false],
      );
      const mild = await decide(review('failed', issue({ severity: 'medium' })), green);
      assert.equal(mild.status, 'approved');
      assert.match(mild.notes.join(), /The Reviewer's remark: Mend it\./);
    });

    it('keeps the gravest of several about one line', async () => {
      const quote = 'export const x = 1;';
      const both = [
        issue({ severity: 'low', quote, message: 'A poor name.' }),
        issue({ severity: 'critical', quote, message: 'It leaks.' }),
      ];
      for (const issues of [both, both.toReversed()]) {
        const { status, findings } = await decide(review('failed', ...issues), green);
        assert.equal(status, 'failed');
        assert.ok(findings.some(({ blocking, message }) => blocking && message === 'It leaks.'));
      }
    });

    it('lets a finding block although the Reviewer said "approved"', async () => {
      assert.equal((await decide(review('approved', issue()), green)).status, 'failed');
    });
  });

  describe('from round 2 on', () => {
    it('lets what was open before block again, also where the lines moved or it is said in other words', async () => {
      const quoted = issue({ quote: 'export const x = 1;' });
      const earlier = await earlierFindings(quoted);
      const again = { ...quoted, location: 'src/greet.js:1', type: 'security', message: 'Still there.' };
      assert.deepEqual(await counted([again], { round: 2, earlier }), [['src/greet.js:5', true]]);
      const near = await earlierFindings(issue({ location: 'src/greet.js:2' }));
      assert.deepEqual(
        await counted([issue({ location: 'src/greet.js:3', message: 'Other words.' })], { round: 2, earlier: near }),
        [['src/greet.js:3', true]],
      );
    });

    it('lets something new block only with evidence', async () => {
      const facts = { round: 2, earlier: await earlierFindings(issue({ quote: 'export const x = 1;' })) };
      const fresh = (evidence?: string) =>
        issue({ quote: '  return name', ...(evidence === undefined ? {} : { evidence }) });
      assert.deepEqual(await counted([fresh()], facts), [['src/greet.js:2', false]]);
      assert.deepEqual(await counted([fresh('I am sure.')], facts), [['src/greet.js:2', false]]);
      assert.deepEqual(await counted([fresh('Greet() without a NAME returns "Hello!"')], facts), [
        ['src/greet.js:2', true],
      ]);
      const red = { ...facts, checks: report('failed', ['greets politely']) };
      assert.deepEqual(await counted([fresh('the check "greets politely" fails')], red), [['src/greet.js:2', true]]);
    });
  });

  it('tells a review that fails for nothing', async () => {
    const nothing = review('failed', issue({ quote: 'launch();' }));
    assert.equal(failsForNothing(nothing, await decide(nothing, green)), true);
    const mild = review('failed', issue({ severity: 'low' }));
    assert.equal(failsForNothing(mild, await decide(mild, green)), false);
    const red = await decide(nothing, { ...green, checks: report('failed', ['greets']) });
    assert.equal(failsForNothing(nothing, red), false);
    assert.equal(failsForNothing(review('approved'), await decide(review('approved'), green)), false);
  });

  it('names findings by file and quoted line', () => {
    const one = fingerprintOf(issue({ quote: '  Export  const x = 1;' }), 'a.js');
    assert.equal(
      fingerprintOf(issue({ quote: 'export const x = 1;', message: 'Else.', location: 'a.js:9' }), 'a.js'),
      one,
    );
    assert.notEqual(fingerprintOf(issue({ quote: 'export const x = 1;' }), 'b.js'), one);
    assert.notEqual(fingerprintOf(issue({ quote: 'export const y = 1;' }), 'a.js'), one);
    assert.match(one, /^[0-9a-f]{16}$/);
  });
});
