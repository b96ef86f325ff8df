import type {
  CheckReport,
  EventBody,
  FailedTest,
  Finding,
  ProposedFile,
  Role,
  RunEvent,
  Verdict,
} from '../../src/shared/events.ts';
import type { Probe } from '../../src/shared/probe.ts';
import type { Plan, PlannedSubtask } from '../../src/shared/wire.ts';

/** Hand-written events with what the journal adds: one second apart, numbered from 1. */
export function eventsOf(bodies: readonly EventBody[]): RunEvent[] {
  const start = Date.parse('2026-11-23T20:00:00Z');
  return bodies.map((body, at) => ({
    ...body,
    runId: 'run-1',
    seq: at + 1,
    at: new Date(start + at * 1000).toISOString(),
  }));
}

export const started: EventBody = {
  type: 'run.started',
  task: 'Use tokens instead of sessions',
  workspace: '/projects/orders',
  version: '0.1.0',
  kind: 'run',
  endpoints: [],
};

export function subtask(id: string, depends_on: string[] = [], description = `Do ${id}`): PlannedSubtask {
  return { id, description, success_criteria: `${id} works`, depends_on, files: [] };
}

export function planOf(...plan: PlannedSubtask[]): Plan {
  return {
    task_understood: 'Replace sessions by tokens.',
    plan,
    clarifications_needed: [],
    known_failures: [],
    risks: [],
  };
}

export function checks(passed: number, failed: FailedTest[] = []): CheckReport {
  return {
    type: 'test_results',
    status: failed.length > 0 ? 'failed' : 'passed',
    runner: 'npm',
    argv: ['npm', 'test'],
    exit_code: failed.length > 0 ? 1 : 0,
    output: '',
    passed,
    failed,
    ms: 2000,
  };
}

export function verdict(findings: Finding[] = [], failingChecks: FailedTest[] = []): Verdict {
  const status = failingChecks.length > 0 || findings.some(({ blocking }) => blocking) ? 'failed' : 'approved';
  return { status, failingChecks, findings, notes: [] };
}

export function finding(message: string, place: { path: string; line: number }, more: Partial<Finding> = {}): Finding {
  const location = `${place.path}:${place.line}`;
  return {
    severity: 'high',
    type: 'bug',
    location,
    message,
    fingerprint: message,
    ...place,
    blocking: true,
    because: 'it is high',
    ...more,
  };
}

export function reviewed(id: string, round: number, decided: Verdict): EventBody {
  const review = { status: decided.status, issues: [], feedback: '' };
  return { type: 'review.finished', subtask: id, round, review, verdict: decided };
}

export function proposed(path: string, more: Partial<ProposedFile> = {}): ProposedFile {
  const diff = `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n`;
  return { path, action: 'modify', baseHash: 'a', resultHash: 'b', added: 1, removed: 1, diff, ...more };
}

/** What a role's server was seen to do: all that is wanted, but for what a test says. */
export function probed(role: Role, more: Partial<Probe> = {}): EventBody {
  const tools: Probe['tools'] = { streamed: 'works', whole: 'works', required: 'works', heldToSchema: 'works' };
  const probe: Probe = {
    url: 'http://localhost:8001/v1',
    model: 'SmolLM2',
    at: '2026-11-23T20:00:00.000Z',
    window: 8192,
    windowFrom: 'told',
    tools,
    schema: 'held',
    reasoning: 'none',
    cachedTokens: 'reported',
    cancel: 'stops',
    vision: 'refused',
    audio: 'refused',
    requests: 9,
    complete: true,
    notes: [],
    ...more,
  };
  return { type: 'server.probed', role, probe };
}

/** A whole run: two rounds for the first subtask, a new plan for the second, a merged check and a proposal. */
export const wholeRun: readonly EventBody[] = [
  started,
  { type: 'checks.started', scope: 'base', runner: 'npm', argv: ['npm', 'test'] },
  { type: 'checks.finished', scope: 'base', report: checks(8) },
  { type: 'plan.started' },
  { type: 'agent.delta', role: 'planner', lane: 'planner', channel: 'reasoning', delta: 'First I look at the routes.' },
  {
    type: 'tool.called',
    role: 'planner',
    lane: 'planner',
    call: 'c1',
    tool: 'read_file',
    args: { path: 'src/auth.js' },
  },
  {
    type: 'tool.returned',
    role: 'planner',
    lane: 'planner',
    call: 'c1',
    tool: 'read_file',
    text: '',
    isError: false,
    ms: 1,
  },
  {
    type: 'plan.question',
    questions: [{ id: 'q1', text: 'How long shall a token live?', choices: ['15 minutes', '1 hour'] }],
  },
  { type: 'plan.answered', answers: [{ id: 'q1', question: 'How long shall a token live?', answer: '1 hour' }] },
  { type: 'plan.proposed', plan: planOf(subtask('task_1'), subtask('task_2', ['task_1'])), notes: [] },
  { type: 'subtask.ready', subtask: 'task_1' },
  { type: 'subtask.started', subtask: 'task_1', start: 1, includes: [], answers: 0 },
  { type: 'attempt.started', subtask: 'task_1', round: 1, rounds: 3 },
  { type: 'agent.delta', role: 'coder', lane: 'coder:task_1', channel: 'text', delta: 'export function sign() {' },
  {
    type: 'edit.applied',
    lane: 'coder:task_1',
    subtask: 'task_1',
    edit: 'e1',
    path: 'src/jwt.js',
    action: 'create',
    added: 40,
    removed: 0,
  },
  {
    type: 'edit.rejected',
    lane: 'coder:task_1',
    subtask: 'task_1',
    edit: 'e2',
    path: 'src/app.js',
    reason: 'the text occurs twice',
  },
  {
    type: 'usage.reported',
    role: 'coder',
    lane: 'coder:task_1',
    model: 'devstral',
    window: 32768,
    usage: { promptTokens: 6000, completionTokens: 900, cachedTokens: 3000 },
    tokensPerSecond: 38.2,
  },
  { type: 'checks.started', scope: 'attempt', subtask: 'task_1', round: 1, runner: 'npm', argv: ['npm', 'test'] },
  {
    type: 'checks.finished',
    scope: 'attempt',
    subtask: 'task_1',
    round: 1,
    report: checks(8, [{ name: 'expired tokens are refused' }]),
  },
  reviewed(
    'task_1',
    1,
    verdict(
      [finding('The expiry is never compared.', { path: 'src/jwt.js', line: 31 })],
      [{ name: 'expired tokens are refused' }],
    ),
  ),
  { type: 'attempt.started', subtask: 'task_1', round: 2, rounds: 3 },
  {
    type: 'edit.applied',
    lane: 'coder:task_1',
    subtask: 'task_1',
    edit: 'e3',
    path: 'src/jwt.js',
    action: 'modify',
    added: 3,
    removed: 2,
  },
  { type: 'checks.finished', scope: 'attempt', subtask: 'task_1', round: 2, report: checks(9) },
  reviewed('task_1', 2, verdict()),
  {
    type: 'subtask.finished',
    subtask: 'task_1',
    start: 1,
    outcome: 'approved',
    rounds: 2,
    reason: '',
    files: [{ path: 'src/jwt.js', text: '' }],
  },
  { type: 'subtask.started', subtask: 'task_2', start: 1, includes: ['task_1'], answers: 0 },
  { type: 'attempt.started', subtask: 'task_2', round: 3, rounds: 3 },
  {
    type: 'subtask.escalated',
    subtask: 'task_2',
    reason: 'not approved in 3 rounds',
    decision: 'replan',
    because: 'it is two things',
    replacements: ['task_2a'],
  },
  {
    type: 'subtask.finished',
    subtask: 'task_2',
    start: 1,
    outcome: 'replaced',
    rounds: 3,
    reason: 'replanned',
    files: [],
  },
  { type: 'plan.started', replanFor: 'task_2' },
  { type: 'plan.proposed', replanFor: 'task_2', plan: planOf(subtask('task_2a', ['task_1'])), notes: ['smaller now'] },
  { type: 'subtask.started', subtask: 'task_2a', start: 1, includes: ['task_1'], answers: 0 },
  {
    type: 'subtask.finished',
    subtask: 'task_2a',
    start: 1,
    outcome: 'waived',
    rounds: 1,
    reason: 'the user wants it so',
    files: [],
  },
  { type: 'checks.started', scope: 'merged', subtask: 'merged', runner: 'npm', argv: ['npm', 'test'] },
  { type: 'checks.finished', scope: 'merged', subtask: 'merged', round: 1, report: checks(12) },
  reviewed('merged', 1, verdict()),
  {
    type: 'checklist.finished',
    by: 'planner',
    notes: [],
    items: [{ subtask: 'task_1', criterion: 'Expired tokens are refused', state: 'met', evidence: 'a test says so' }],
  },
  {
    type: 'proposal.ready',
    files: [proposed('src/jwt.js', { action: 'create', added: 41, removed: 0 }), proposed('src/app.js')],
  },
  {
    type: 'run.finished',
    outcome: 'approved',
    ending: { code: 'approved', message: 'Approved: a change of 2 files.' },
  },
];
