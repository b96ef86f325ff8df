import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { instructionsFor } from '../../src/core/agents/agent.ts';
import { withBrief } from '../../src/core/agents/brief.ts';
import { clip, type Part, shareRoom } from '../../src/core/agents/shareRoom.ts';
import { estimateTokens, openingChars, promptRoom } from '../../src/core/agents/windowBudget.ts';
import { CODER_TOOLS } from '../../src/core/orchestrator/attempts.ts';
import { checkParts } from '../../src/core/orchestrator/checkParts.ts';
import {
  answersText,
  checklistText,
  coderText,
  escalationText,
  feedbackParts,
  guidanceParts,
  nextReviewText,
  planningText,
  questionText,
  reviewText,
} from '../../src/core/orchestrator/messages.ts';
import { PLANNER_TOOLS } from '../../src/core/orchestrator/planning.ts';
import { REVIEWER_TOOLS } from '../../src/core/orchestrator/reviewing.ts';
import type { Workspace } from '../../src/core/ports.ts';
import type { Rule } from '../../src/core/rules/findRules.ts';
import { toolsNamed } from '../../src/core/tools/index.ts';
import type { CheckReport, Finding, Verdict } from '../../src/shared/events.ts';
import { ROLES, type Role } from '../../src/shared/events.ts';

const WINDOWS = [8_192, 16_384, 32_768, 131_072];

const TOOLS: Record<Role, readonly string[] | undefined> = {
  preprocessor: undefined,
  planner: PLANNER_TOOLS,
  coder: CODER_TOOLS,
  reviewer: REVIEWER_TOOLS,
};

function fixedPrompt(role: Role): string {
  return instructionsFor(readFileSync(`prompts/${role}.md`, 'utf8'), TOOLS[role] && toolsNamed(TOOLS[role]));
}

/** All that can be said to a role, `much` of it each. */
function situation(much: string) {
  const report: CheckReport = {
    type: 'test_results',
    status: 'failed',
    runner: 'npm',
    argv: ['npm', 'test'],
    exit_code: 1,
    output: much,
    failed: Array.from({ length: Math.min(300, much.length) }, (_, at) => ({
      name: `test ${at}`,
      message: much.slice(0, 5000),
    })),
    ms: 1,
  };
  const finding: Finding = {
    severity: 'high',
    type: 'bug',
    location: 'a.js:1',
    message: much.slice(0, 4000),
    quote: 'x',
    fingerprint: 'f',
    path: 'a.js',
    line: 1,
    blocking: true,
    because: '',
  };
  const verdict: Verdict = {
    status: 'failed',
    failingChecks: report.failed,
    findings: Array(much.length > 100 ? 20 : 1).fill(finding),
    notes: [],
  };
  const subtask = {
    id: 'task_1',
    description: much,
    success_criteria: much,
    depends_on: [],
    files: Array.from({ length: Math.min(200, much.length) }, (_, at) => ({
      path: `src/file-${at}.js`,
      action: 'modify' as const,
    })),
  };
  const answers = [{ id: 'q', question: much, answer: much }];
  const rules: Rule[] = [
    { path: 'AGENTS.md', text: much, folder: '', applies: { kind: 'always' } },
    { path: '.cursor/rules/js.mdc', text: much, folder: '', applies: { kind: 'files', globs: ['*.js'] } },
    { path: 'src/AGENTS.md', text: much, folder: 'src', applies: { kind: 'always' } },
    { path: '.devin/rules/db.md', text: much, folder: '', applies: { kind: 'onDemand', about: much } },
  ];
  const facts = { task: much, answers, rules };
  const files = subtask.files.map(({ path }) => ({ path, text: much }));
  const rounds = [1, 2, 3].map((round) => ({ round, reason: much, verdict, diff: much }));
  const feedback = feedbackParts(1, verdict, report, much);
  const coder = { said: much, rounds: [much, much] };
  const reviewed = { round: 2, diff: much, checks: report, open: verdict.findings, coder };
  return { report, verdict, subtask, answers, facts, files, rounds, feedback, reviewed };
}

/** Every message that is made to fit, by what it is for; and which role gets it as an opening. */
function texts(much: string): { what: string; opens?: Role; text: (chars: number) => string }[] {
  const { report, subtask, answers, facts, files, rounds, feedback, reviewed } = situation(much);
  const state = { files, diff: much, feedback, beside: [subtask] };
  return [
    { what: 'to plan', opens: 'planner', text: (chars) => planningText(facts, report, chars) },
    { what: 'to plan with answers', text: (chars) => answersText(answers, chars) },
    { what: 'to code', opens: 'coder', text: (chars) => coderText(facts, subtask, state, chars) },
    { what: 'to answer', opens: 'reviewer', text: (chars) => questionText(much, facts.rules, chars) },
    { what: 'to mend', text: (chars) => shareRoom(feedback, chars) },
    { what: 'to try again', text: (chars) => shareRoom(guidanceParts(much), chars) },
    { what: 'to review', opens: 'reviewer', text: (chars) => reviewText(facts, subtask, reviewed, chars) },
    { what: 'to review again', text: (chars) => nextReviewText(reviewed, chars) },
    {
      what: 'to escalate',
      opens: 'planner',
      text: (chars) => escalationText(facts, [subtask], subtask, rounds, chars),
    },
    {
      what: 'to check off',
      opens: 'planner',
      text: (chars) => checklistText(facts, [{ subtask, evidence: much }], report, much, chars),
    },
  ];
}

describe('room shared out', () => {
  const parts = fc.array(
    fc.record(
      {
        heading: fc.string(),
        text: fc.string({ maxLength: 400, unit: 'grapheme' }),
        weight: fc.double({ min: 0.01, max: 10, noNaN: true }),
        cut: fc.oneof(
          fc.record({ kind: fc.constant('middle' as const), rest: fc.string() }),
          fc.record({ kind: fc.constant('whole' as const), instead: fc.string() }),
        ),
      },
      { requiredKeys: ['text', 'weight', 'cut'] },
    ),
    { maxLength: 8 },
  );
  const uncut = (list: readonly Part[]): string => shareRoom(list, Number.POSITIVE_INFINITY);

  it('is never exceeded, and what fits is shown whole', () =>
    fc.assert(
      fc.property(parts, fc.integer({ min: 0, max: 2000 }), (list, chars) => {
        const text = shareRoom(list as Part[], chars);
        assert.ok(text.length <= chars, `${text.length} of ${chars}`);
        if (uncut(list as Part[]).length <= chars) assert.equal(text, uncut(list as Part[]));
      }),
      { numRuns: 500 },
    ));

  it('is enough for what fits to the letter, whatever its weight comes to', () => {
    const cut = { kind: 'middle', rest: '' } as const;
    for (let weight = 0.01; weight < 1; weight += 0.0173) {
      const part: Part = { heading: '   ', text: 'in all', weight, cut };
      assert.equal(shareRoom([part], 10), '   \nin all');
    }
  });

  it('goes to the long parts where the short ones leave some over', () => {
    const cut = { kind: 'middle', rest: 'look there' } as const;
    const long = Array.from({ length: 500 }, (_, at) => `line ${at}`).join('\n');
    const text = shareRoom(
      [
        { heading: '# A', text: 'short', weight: 9, cut },
        { heading: '# B', text: long, weight: 1, cut },
      ],
      2000,
    );
    assert.ok(text.length > 1950, `${text.length}`);
    assert.match(
      text,
      /^# A\nshort\n\n# B\nline 0\n[\s\S]*\n\[… \d+ characters are left out: look there …\]\n[\s\S]*line 499$/,
    );
  });

  it('leaves out whole what is not to be cut, the largest first, and says where it is', () => {
    const file = (path: string, text: string): Part => ({
      heading: `# ${path}`,
      text,
      weight: 1,
      cut: { kind: 'whole', instead: `# ${path} is not shown` },
    });
    const text = shareRoom([file('a', 'a'.repeat(5000)), file('b', 'b'.repeat(600)), file('c', 'c'.repeat(300))], 1000);
    assert.equal(text, `# a is not shown\n\n# b\n${'b'.repeat(600)}\n\n# c\n${'c'.repeat(300)}`);
  });

  it('cuts at line ends where one is near, says how much is left out, and breaks no character', () => {
    assert.equal(clip('short', 10), 'short');
    const text = Array.from({ length: 100 }, (_, at) => `line number ${at}`).join('\n');
    const cut = clip(text, 300, 'read on');
    const [, left] = /\[… (\d+) characters are left out: read on …\]/.exec(cut) ?? [];
    const kept = cut.split('\n').filter((line) => !line.startsWith('[…'));
    assert.ok(
      kept.every((line) => text.split('\n').includes(line)),
      cut,
    );
    // The line ends around the notice are its own.
    assert.equal(kept.join('\n').length + Number(left), text.length + 1);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.integer({ min: 0, max: 60 }), (some, chars) => {
        const shown = clip(some.repeat(20), chars);
        assert.ok(shown.length <= chars);
        assert.doesNotMatch(shown, /\p{Surrogate}/u);
      }),
    );
  });
});

describe('a message to a role', () => {
  const huge = 'word '.repeat(40_000);
  const lines = Array.from({ length: 8_000 }, (_, at) => `line ${at} of many`).join('\n');

  for (const [size, much] of [
    ['tiny', 'x'],
    ['huge', huge],
    ['of many lines', lines],
  ] as const) {
    for (const { what, opens, text } of texts(much)) {
      it(`${what}, where everything is ${size}, fits every window and uses it`, () => {
        const all = text(Number.POSITIVE_INFINITY);
        for (const window of WINDOWS) {
          for (const chars of [openingChars({ window }), Math.floor(openingChars({ window }) / 4)]) {
            const said = text(chars);
            assert.ok(said.length <= chars, `${said.length} of ${chars}`);
            if (size === 'tiny') assert.equal(said, all);
            else {
              assert.ok(said.length > chars * 0.75, `only ${said.length} of ${chars}`);
              assert.match(said, /characters are left out: /);
            }
          }
          if (opens === undefined) continue;
          const tokens = estimateTokens(fixedPrompt(opens)) + estimateTokens(text(openingChars({ window })));
          assert.ok(tokens <= promptRoom({ window }) * 0.85, `${tokens} of ${promptRoom({ window })} tokens`);
        }
      });
    }
  }

  it('with a long task at the smallest window still has everything else whole', () => {
    const { subtask, report } = situation('x');
    const text = planningText({ task: huge, answers: [], rules: [] }, report, openingChars({ window: 8_192 }));
    assert.match(text, /left out: read_file with path="\.conclave\/brief\.md" shows all of it/);
    assert.match(text, /Red: `npm test`, exit code 1\.[\s\S]*- test 0: x[\s\S]*Output:\nx$/);
    const feedback = guidanceParts('Mind the edge.');
    const files = [{ path: 'src/a.js', text: 'const a = 1;\n'.repeat(150) }];
    const coder = coderText(
      { task: huge, answers: [], rules: [] },
      { ...subtask, description: 'Do it.' },
      { files, diff: '', feedback, beside: [] },
      openingChars({ window: 8_192 }),
    );
    assert.ok(coder.includes('# Your subtask: task_1\nDo it.'));
    assert.ok(coder.includes(files[0]?.text ?? '?'));
    assert.ok(coder.includes('Mind the edge.'));
  });

  it('tells every state of the checks apart', () => {
    const { report } = situation('out');
    const said = (more: Partial<CheckReport>) =>
      shareRoom(checkParts('# Checks', { ...report, failed: [], ...more }, 1), 1000).replace('# Checks\n', '');
    assert.match(said({ status: 'none', reason: 'no runner' }), /^There are none: no runner\./);
    assert.match(said({ status: 'passed', passed: 3 }), /^Green: `npm test` \(3 passed, 0 failed\)\./);
    assert.match(
      said({ failed: [{ name: 'greets', message: 'no' }] }),
      /^Red: `npm test`, exit code 1\.\n\nFailing:\n- greets: no\n\nOutput:\nout/,
    );
    assert.match(said({ status: 'timed_out' }), /did not end in time/);
    assert.match(
      said({ status: 'could_not_run', reason: 'npm is missing' }),
      /^They could not run: `npm test` npm is missing/,
    );
  });
});

describe('the fixed part of a prompt, tools included', () => {
  for (const role of ROLES) {
    it(`of the ${role} is at most 25 % of the smallest window, and 12 % of any from 16k`, () => {
      const tokens = estimateTokens(fixedPrompt(role));
      assert.ok(tokens <= 8_192 * 0.25, `${tokens} tokens`);
      assert.ok(tokens <= 16_384 * 0.12, `${tokens} tokens`);
    });
  }
});

describe('an estimate of tokens', () => {
  it('takes a character for a token where scripts are not Latin', () => {
    assert.equal(estimateTokens('abc'.repeat(100)), 104);
    assert.equal(estimateTokens('日本語'.repeat(100)), 304);
    assert.equal(estimateTokens('👍'.repeat(100)), 204);
  });
});

describe("an agent's brief", () => {
  it('is one more file of the workspace, which stays what it is otherwise', async () => {
    const unsaved = [{ path: 'src/a.js', text: 'typed' }];
    const workspace: Workspace = {
      root: '/project',
      read: async () => ({ kind: 'missing' }),
      list: async () => [{ path: 'src/a.js', bytes: 5 }],
      search: async () => [],
      unsaved: async () => unsaved,
    };
    const briefed = withBrief(workspace, () => 'all of it');
    const read = await briefed.read('.conclave/brief.md');
    assert.equal(read.kind === 'text' && read.text, 'all of it');
    assert.deepEqual(await briefed.read('src/b.js'), { kind: 'missing' });
    assert.deepEqual(await briefed.list(), [{ path: 'src/a.js', bytes: 5 }]);
    assert.deepEqual(await briefed.unsaved?.(), unsaved);
  });
});
