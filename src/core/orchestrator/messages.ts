import type { Answer, CheckReport, Finding, ProposedFile, Verdict } from '../../shared/events.ts';
import type { PlannedSubtask } from '../../shared/wire.ts';
import { clip } from '../agents/windowBudget.ts';

/** The texts that go to the roles. Facts only; how to answer stands in the prompts. All are bounded by `chars`. */

export interface TaskFacts {
  task: string;
  answers: readonly Answer[];
}

export function taskText({ task, answers }: TaskFacts, chars: number): string {
  const asked = answers.map(({ question, answer }) => `- ${question}\n  ${answer}`);
  return [
    `# Task\n${clip(task, Math.max(1500, chars * 0.5))}`,
    ...(asked.length > 0 ? [`## What the user answered\n${clip(asked.join('\n'), chars * 0.2)}`] : []),
  ].join('\n\n');
}

export function planningText(facts: TaskFacts, baseChecks: CheckReport, chars: number): string {
  return `${taskText(facts, chars)}

# The workspace's checks, before any change
${checksText(baseChecks, chars * 0.3)}`;
}

export function subtaskText(facts: TaskFacts, subtask: PlannedSubtask, chars: number): string {
  const files = subtask.files.map(({ path, action }) => `- ${action} ${path}`).join('\n');
  return `${taskText(facts, chars * 0.5)}

# Your subtask: ${subtask.id}
${clip(subtask.description, Math.max(2000, chars * 0.2))}

Success criterion: ${clip(subtask.success_criteria, Math.max(1500, chars * 0.1))}
${files === '' ? '' : `\nFiles it declares:\n${files}\n`}`;
}

/** What a Coder starts from when its transcript begins, or begins anew in a later round. */
export function coderText(
  facts: TaskFacts,
  subtask: PlannedSubtask,
  state: { files: readonly { path: string; text: string }[]; diff: string; feedback: string },
  chars: number,
): string {
  const parts = [subtaskText(facts, subtask, chars * 0.4)];
  if (state.diff !== '') parts.push(`# What you have changed so far\n${clip(state.diff, chars * 0.2)}`);
  let room = chars * 0.35;
  for (const { path, text } of state.files) {
    if (text.length > room) {
      parts.push(`# ${path} is not shown: it has ${text.length} characters. Read it with read_file, part by part.`);
      continue;
    }
    room -= text.length;
    parts.push(`# ${path}, as it is now\n${text}`);
  }
  if (state.feedback !== '') parts.push(state.feedback);
  return parts.join('\n\n');
}

interface ReviewedState {
  round: number;
  diff: string;
  claim?: string;
  checks: CheckReport;
  open: readonly Finding[];
}

export function reviewText(facts: TaskFacts, subtask: PlannedSubtask, state: ReviewedState, chars: number): string {
  const open = clip(state.open.map((finding) => `- ${findingText(finding)}`).join('\n'), chars * 0.1);
  return `${subtaskText(facts, subtask, chars * 0.4)}

${changeText(state, `# The change, round ${state.round}`, chars * 0.3)}

# The checks on it
${checksText(state.checks, chars * 0.2)}${open === '' ? '' : `\n\n# Open findings of earlier rounds\n${open}`}`;
}

export function nextReviewText(state: ReviewedState, chars: number): string {
  const open = clip(state.open.map((finding) => `- ${findingText(finding)}`).join('\n'), chars * 0.2);
  const title = `# Round ${state.round}: the Coder has mended the change. The whole change as it is now`;
  return `${changeText(state, title, chars * 0.5)}

# The checks on it
${checksText(state.checks, chars * 0.3)}

# Findings of earlier rounds: say again which are still there
${open === '' ? 'None.' : open}

New remarks after round 1 count only with evidence: a failing check, or the success criterion, named in "evidence".`;
}

function changeText({ round, diff, claim }: ReviewedState, title: string, chars: number): string {
  if (claim === undefined) return `${title}${partly(diff, chars)}\n${clip(diff, chars)}`;
  return `# Round ${round}: the Coder says that nothing has to be changed
${clip(claim, chars)}
No file was changed for this subtask. Read the files, and judge whether it is met as they are.`;
}

/** Says that a diff is cut, and how to see the rest. */
function partly(diff: string, chars: number): string {
  return diff.length <= chars ? '' : ' (only in part: read the files with read_file before you judge)';
}

/** What a failed round tells the Coder. */
export function feedbackText(
  round: number,
  verdict: Verdict,
  checks: CheckReport,
  remark: string,
  chars: number,
): string {
  const parts = [`# Round ${round} failed. Mend this, and nothing else`];
  if (verdict.failingChecks.length > 0) parts.push(`## Failing checks\n${checksText(checks, chars * 0.4)}`);
  const blocking = verdict.findings.filter((finding) => finding.blocking);
  // Where nothing blocks by itself, the Reviewer did not confirm that nothing has to be changed: all it says is the reason.
  const isUnconfirmed = blocking.length === 0 && verdict.failingChecks.length === 0;
  const findings = isUnconfirmed ? verdict.findings : blocking;
  if (findings.length > 0)
    parts.push(
      `## Findings of the Reviewer\n${clip(findings.map((finding) => `- ${findingText(finding)}`).join('\n'), chars * 0.3)}`,
    );
  if (isUnconfirmed) parts.push(clip(verdict.notes.join('\n'), chars * 0.1));
  if (remark.trim() !== '') parts.push(`## The Reviewer says\n${clip(remark.trim(), chars * 0.1)}`);
  return parts.join('\n\n');
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

export function checksText(report: CheckReport, chars: number): string {
  // Many old failures: their names matter most, so that the plan can declare them; a few can have their messages too.
  const few = report.failed.length <= 10;
  const failing = report.failed
    .map(({ name, message }) => `- ${name}${message === undefined || !few ? '' : `: ${clip(message, 200)}`}`)
    .join('\n');
  const counts = report.passed === undefined ? '' : ` (${report.passed} passed, ${report.failed.length} failed)`;
  const command = report.argv === undefined ? '' : ` \`${report.argv.join(' ')}\``;
  switch (report.status) {
    case 'none':
      return `There are none: ${report.reason ?? 'no test runner was found'}.`;
    case 'passed':
      return `Green:${command}${counts}.`;
    case 'failed':
      return `Red:${command}${counts}, exit code ${report.exit_code}.\n${clip(failing, chars * 0.5)}\nOutput:\n${clip(report.output, chars * 0.4)}`;
    case 'timed_out':
      return `Red:${command} did not end in time.\n${clip(report.output, chars * 0.5)}`;
    case 'could_not_run':
      return `They could not run:${command} ${report.reason ?? ''}`;
    default:
      return report.status satisfies never;
  }
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

/** The structured record of a subtask's failed rounds, for the Planner. */
export function failureText(
  subtask: PlannedSubtask,
  rounds: readonly { round: number; reason: string; verdict?: Verdict; diff: string }[],
  chars: number,
): string {
  const each = chars / Math.max(1, rounds.length);
  const texts = rounds.map(({ round, reason, verdict, diff }) => {
    const failing =
      verdict?.failingChecks.map(
        ({ name, message }) => `  - check: ${name}${message ? ` – ${clip(message, 150)}` : ''}`,
      ) ?? [];
    const findings =
      verdict?.findings.filter(({ blocking }) => blocking).map((finding) => `  - ${findingText(finding)}`) ?? [];
    return `## Round ${round}: ${reason}\n${clip([...failing, ...findings].join('\n'), each * 0.5)}\n${clip(diff, each * 0.4)}`;
  });
  return `# Subtask "${subtask.id}" failed ${rounds.length} times\n${subtask.description}\nCriterion: ${subtask.success_criteria}\n\n${texts.join('\n\n')}`;
}
