import type { CheckReport, Verdict } from '../../shared/events.ts';
import type { RunState, SubtaskState } from '../../shared/runState.ts';

/** A run as a document for people: what was asked, planned, done, found and decided, and the diff. */
export function runAsMarkdown(state: RunState): string {
  return [
    `# ${state.said.text.split('\n')[0] ?? state.runId}`,
    `Run \`${state.runId}\` in \`${state.workspace}\`, ${state.startedAt} to ${state.lastAt}.`,
    ...('ending' in state.phase ? [`**${state.phase.ending.message}**`, state.phase.ending.remedy ?? ''] : []),
    ...section('Task', fenced(state.task)),
    ...section('Questions', state.answers.map(({ question, answer }) => `- ${question}\n  ${answer}`).join('\n')),
    ...section('Answer', state.answer ?? ''),
    ...section(
      'Plan',
      [...state.subtasks.map(subtaskText), ...state.planNotes.map((note) => `> ${note}`)].join('\n\n'),
    ),
    ...section('The whole', state.merged.checks ? outcomeText(state.merged.checks, state.merged.verdict) : ''),
    ...section(
      'Checklist',
      (state.checklist ?? [])
        .map((item) => `- [${item.state === 'met' ? 'x' : ' '}] ${item.criterion} – ${item.state}: ${item.evidence}`)
        .join('\n'),
    ),
    ...section('Change', state.proposal ? changeText(state.proposal) : ''),
    ...section('Crew', crewText(state)),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function section(title: string, body: string): string[] {
  return body.trim() === '' ? [] : [`## ${title}`, body];
}

function subtaskText({ plan, phase, round, rounds, reason, checks, verdict }: SubtaskState): string {
  const after = plan.depends_on.length === 0 ? '' : ` (after ${plan.depends_on.join(', ')})`;
  return [
    `### ${plan.id}: ${phase}, round ${round}/${rounds}${after}`,
    plan.description,
    `Criterion: ${plan.success_criteria}`,
    ...(reason === undefined ? [] : [reason]),
    ...(checks === undefined ? [] : [outcomeText(checks, verdict)]),
  ].join('\n\n');
}

function outcomeText(checks: CheckReport, verdict: Verdict | undefined): string {
  const failing = checks.failed.map(({ name, message }) => `- ✗ ${name}${message === undefined ? '' : `: ${message}`}`);
  const findings = verdict?.findings.map(
    ({ severity, type, path, line, message, blocking }) =>
      `- ${blocking ? '**blocks** ' : ''}${severity} ${type} \`${path}${line === undefined ? '' : `:${line}`}\`: ${message}`,
  );
  return [
    `Checks: ${checks.status.replaceAll('_', ' ')}.`,
    ...failing,
    ...(findings ?? []),
    ...(verdict?.notes ?? []).map((note) => `- ${note}`),
  ].join('\n');
}

function changeText({ files, state }: NonNullable<RunState['proposal']>): string {
  const list = files.map(({ path, action, added, removed }) => `- ${action} \`${path}\` +${added} −${removed}`);
  return [`Proposal: ${state}.`, list.join('\n'), fenced(files.map(({ diff }) => diff).join(''), 'diff')].join('\n\n');
}

function crewText({ usage }: RunState): string {
  return Object.entries(usage)
    .map(
      ([role, used]) =>
        `- ${role}: ${used.model}, ${used.requests} requests, ${used.promptTokens} + ${used.completionTokens} tokens (${used.cachedTokens} cached)`,
    )
    .join('\n');
}

/** A fence longer than any inside. */
function fenced(text: string, language = ''): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/\n$/, '')}\n${fence}`;
}
