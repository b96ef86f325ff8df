import type { Answer, CheckReport, Finding, ProposedFile, Verdict } from '../../shared/events.ts';
import type { PlannedSubtask } from '../../shared/wire.ts';
import { BRIEF_SHOWS_ALL, IN_BRIEF } from '../agents/brief.ts';
import { type Cut, clip, type Part, shareRoom } from '../agents/shareRoom.ts';
import type { Reformatted } from '../ports.ts';
import type { Rule } from '../rules/findRules.ts';
import { ruleParts } from '../rules/ruleParts.ts';
import { besideParts, type CoderRecord, coderRecordParts } from './awareness.ts';
import { checkParts } from './checkParts.ts';

/**
 * The texts that go to the roles. Facts only; how to answer stands in the prompts. None is longer than `chars`
 * characters; what is cut says so, and how to see it.
 */

export interface TaskFacts {
  task: string;
  answers: readonly Answer[];
  /** The workspace's own. They stand at the beginning: what is the same for many agents is in the server's cache. */
  rules: readonly Rule[];
  /** What a formatter made of files of the last accepted changes, for the Coder. */
  formatted?: readonly Reformatted[];
  /** The files that it is about, where no subtask declares them. */
  paths?: readonly string[];
}

/** @param outline of a plan that a task of the same kind was done by */
export function planningText(facts: TaskFacts, baseChecks: CheckReport, chars: number, outline = ''): string {
  return shareRoom(
    [
      ...ruleParts(facts.rules, [], 3),
      ...taskParts(facts, 5),
      {
        heading:
          '# An outline that a task of this kind was done by before. Adapt it, or plan anew where it does not fit; what stands in <…> is to be found out',
        text: outline,
        weight: 2,
        cut: IN_BRIEF,
      },
      ...checkParts("# The workspace's checks, before any change", baseChecks, 3),
    ],
    chars,
  );
}

/** Tasks whose kinds are asked for. */
export function intentsText(tasks: readonly string[], chars: number): string {
  const parts = tasks.map(
    (task, i): Part => ({ heading: `# Task ${i + 1}`, text: task, weight: 1, cut: { kind: 'middle', rest: '' } }),
  );
  return shareRoom(parts, chars);
}

/** The user's answers to the Planner's questions. */
export function answersText(answers: readonly Answer[], chars: number): string {
  const parts: Part[] = [
    { heading: 'The user answered:', text: answerLines(answers), weight: 1, cut: IN_BRIEF },
    { text: 'Plan with these answers.', weight: 1, cut: IN_BRIEF },
  ];
  return shareRoom(parts, chars);
}

/** What a Coder starts from when its transcript begins, or begins anew in a later round. */
export function coderText(
  facts: TaskFacts,
  subtask: PlannedSubtask,
  state: {
    files: readonly { path: string; text: string }[];
    diff: string;
    feedback: readonly Part[];
    /** Subtasks that other Coders work on at the same time. */
    beside: readonly PlannedSubtask[];
  },
  chars: number,
): string {
  const files = state.files.map(
    ({ path, text }): Part => ({
      heading: `# ${path}, as it is now`,
      text: text === '' ? '(It is empty.)' : text,
      weight: 4 / state.files.length,
      cut: {
        kind: 'whole',
        instead: `# ${path} is not shown: it has ${text.length} characters. Read it with read_file, part by part.`,
      },
    }),
  );
  return shareRoom(
    [
      ...subtaskParts(facts, subtask),
      ...besideParts(state.beside),
      {
        heading: '# What the formatter changed in the last accepted change when it was saved: write as it does',
        text: (facts.formatted ?? []).map(({ diff }) => diff).join(''),
        weight: 1,
        cut: IN_BRIEF,
      },
      { heading: '# What you have changed so far', text: state.diff, weight: 2, cut: IN_BRIEF },
      ...files,
      ...state.feedback,
    ],
    chars,
  );
}

interface ReviewedState {
  round: number;
  diff: string;
  /** Nothing was changed, and this is why. */
  claim?: string;
  checks: CheckReport;
  open: readonly Finding[];
  /** Absent where no Coder made the change. */
  coder?: CoderRecord;
}

export function reviewText(facts: TaskFacts, subtask: PlannedSubtask, state: ReviewedState, chars: number): string {
  return shareRoom(
    [
      ...subtaskParts(facts, subtask),
      ...changeParts(state, `# The change, round ${state.round}`),
      ...coderRecordParts(state.coder, { isFirst: true }),
      ...checkParts('# The checks on it', state.checks, 3),
      { heading: '# Open findings of earlier rounds', text: findingLines(state.open), weight: 2, cut: IN_BRIEF },
    ],
    chars,
  );
}

export function nextReviewText(state: ReviewedState, chars: number): string {
  return shareRoom(
    [
      ...changeParts(state, `# Round ${state.round}: the Coder has mended the change. The whole change as it is now`),
      ...coderRecordParts(state.coder, { isFirst: false }),
      ...checkParts('# The checks on it', state.checks, 3),
      {
        heading: '# Findings of earlier rounds: say again which are still there',
        text: findingLines(state.open) || 'None.',
        weight: 2,
        cut: IN_BRIEF,
      },
      {
        text: 'New remarks after round 1 count only with evidence: a failing check, or the success criterion, named in "evidence".',
        weight: 1,
        cut: IN_BRIEF,
      },
    ],
    chars,
  );
}

function changeParts({ round, diff, claim }: ReviewedState, heading: string): Part[] {
  if (claim === undefined) return [{ heading, text: diff, weight: 5, cut: BEFORE_JUDGING }];
  return [
    {
      heading: `# Round ${round}: the Coder says that nothing has to be changed`,
      text: claim,
      weight: 3,
      cut: IN_BRIEF,
    },
    {
      text: 'No file was changed for this subtask. Read the files, and judge whether it is met as they are.',
      weight: 1,
      cut: IN_BRIEF,
    },
  ];
}

const BEFORE_JUDGING: Cut = {
  kind: 'middle',
  rest: `this is only a part of the change; read the files with read_file before you judge, or see it whole: ${BRIEF_SHOWS_ALL}`,
};

/** What a failed round tells the Coder. */
export function feedbackParts(round: number, verdict: Verdict, checks: CheckReport, remark: string): Part[] {
  const blocking = verdict.findings.filter((finding) => finding.blocking);
  // Where nothing blocks by itself, the Reviewer did not confirm that nothing has to be changed: all it says is the reason.
  const isUnconfirmed = blocking.length === 0 && verdict.failingChecks.length === 0;
  return [
    { text: `# Round ${round} failed. Mend this, and nothing else`, weight: 1, cut: IN_BRIEF },
    ...(verdict.failingChecks.length > 0 ? checkParts('## Failing checks', checks, 4) : []),
    {
      heading: '## Findings of the Reviewer',
      text: findingLines(isUnconfirmed ? verdict.findings : blocking),
      weight: 3,
      cut: IN_BRIEF,
    },
    { text: isUnconfirmed ? verdict.notes.join('\n') : '', weight: 1, cut: IN_BRIEF },
    { heading: '## The Reviewer says', text: remark.trim(), weight: 1, cut: IN_BRIEF },
  ];
}

/** Something said to the Coder in one piece. */
export function guidanceParts(text: string): Part[] {
  return [{ text, weight: 3, cut: IN_BRIEF }];
}

/** What the Planner decides on: the plan, and the structured record of a subtask's failed rounds. */
export function escalationText(
  facts: TaskFacts,
  plan: readonly PlannedSubtask[],
  subtask: PlannedSubtask,
  rounds: readonly { round: number; reason: string; verdict?: Verdict; diff: string }[],
  chars: number,
): string {
  const each = 6 / Math.max(1, rounds.length);
  const record = rounds.flatMap(({ round, reason, verdict, diff }): Part[] => {
    const failing =
      verdict?.failingChecks.map(
        ({ name, message }) => `  - check: ${name}${message ? ` – ${clip(message, 150)}` : ''}`,
      ) ?? [];
    const findings =
      verdict?.findings.filter(({ blocking }) => blocking).map((finding) => `  - ${findingText(finding)}`) ?? [];
    return [
      { text: `## Round ${round}: ${reason}`, weight: each / 4, cut: IN_BRIEF },
      { text: [...failing, ...findings].join('\n'), weight: each / 2, cut: IN_BRIEF },
      { text: diff, weight: each / 2, cut: IN_BRIEF },
    ];
  });
  return shareRoom(
    [
      ...ruleParts(facts.rules, pathsOf(facts, subtask), 1),
      ...taskParts(facts, 2),
      { heading: '# The plan', text: planText({ plan }), weight: 2, cut: IN_BRIEF },
      {
        heading: `# Subtask "${subtask.id}" failed ${rounds.length} ${rounds.length === 1 ? 'time' : 'times'}`,
        text: `${subtask.description}\nCriterion: ${subtask.success_criteria}`,
        weight: 2,
        cut: IN_BRIEF,
      },
      ...record,
    ],
    chars,
  );
}

/** What the checklist is written from. Its writer has no tools, so what is cut it cannot see. */
export function checklistText(
  facts: TaskFacts,
  record: readonly { subtask: PlannedSubtask; evidence: string }[],
  checks: CheckReport,
  diff: string,
  chars: number,
): string {
  const unseen: Cut = { kind: 'middle', rest: 'you cannot see it, so it is no evidence' };
  const lines = record.map(
    ({ subtask, evidence }) =>
      `- ${subtask.id}: ${subtask.description}\n  Criterion: ${subtask.success_criteria}\n  Record: ${evidence}`,
  );
  const parts: Part[] = [
    ...taskParts(facts, 3),
    { heading: '# What was done', text: lines.join('\n'), weight: 4, cut: unseen },
    ...checkParts('# The checks on the whole change', checks, 1),
    { heading: '# The change', text: diff, weight: 3, cut: unseen },
  ];
  return shareRoom(
    parts.map((part) => ({ ...part, cut: unseen })),
    chars,
  );
}

/** What the user asks the crew, where nothing is to be changed. */
export function questionText(question: string, rules: readonly Rule[], chars: number): string {
  return shareRoom(
    [
      ...ruleParts(rules, [], 3),
      {
        heading: '# A question of the user (nothing is to be reviewed now)',
        text: question,
        weight: 20,
        cut: IN_BRIEF,
      },
      { text: 'Look up what you need, then answer it.', weight: 1, cut: IN_BRIEF },
    ],
    chars,
  );
}

function taskParts({ task, answers }: TaskFacts, weight: number): Part[] {
  return [
    { heading: '# Task', text: task, weight, cut: IN_BRIEF },
    { heading: '## What the user answered', text: answerLines(answers), weight: weight / 2, cut: IN_BRIEF },
  ];
}

function subtaskParts(facts: TaskFacts, subtask: PlannedSubtask): Part[] {
  const files = subtask.files.map(({ path, action }) => `- ${action} ${path}`).join('\n');
  return [
    ...ruleParts(facts.rules, pathsOf(facts, subtask), 2),
    ...taskParts(facts, 2),
    { heading: `# Your subtask: ${subtask.id}`, text: subtask.description, weight: 3, cut: IN_BRIEF },
    { heading: 'Success criterion:', text: subtask.success_criteria, weight: 2, cut: IN_BRIEF },
    { heading: 'Files it declares:', text: files, weight: 1, cut: IN_BRIEF },
  ];
}

function pathsOf({ paths = [] }: TaskFacts, subtask: PlannedSubtask): string[] {
  return [...paths, ...subtask.files.map(({ path }) => path)];
}

function answerLines(answers: readonly Answer[]): string {
  return answers.map(({ question, answer }) => `- ${question}\n  ${answer}`).join('\n');
}

function findingLines(findings: readonly Finding[]): string {
  return findings.map((finding) => `- ${findingText(finding)}`).join('\n');
}

export function findingText(finding: Finding): string {
  const place = finding.line === undefined ? finding.path : `${finding.path}:${finding.line}`;
  const quote = finding.quote === undefined ? '' : `\n  Line: ${finding.quote.trim()}`;
  const fix =
    finding.suggested_fix === undefined
      ? ''
      : `\n  Suggested: replace "${finding.suggested_fix.search}" by "${finding.suggested_fix.replace}"`;
  return `${finding.severity} ${finding.type} at ${place}: ${finding.message}${quote}${fix}`;
}

export function diffText(files: readonly ProposedFile[]): string {
  return files.map(({ diff }) => diff).join('');
}

export function planText(plan: { plan: readonly PlannedSubtask[] }): string {
  return plan.plan
    .map(
      ({ id, description, success_criteria, depends_on }) =>
        `- ${id}: ${description} (criterion: ${success_criteria}${depends_on.length > 0 ? `; after ${depends_on.join(', ')}` : ''})`,
    )
    .join('\n');
}
