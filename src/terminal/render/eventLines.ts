/** What the lines of single events say. */
import type { EventOf, Fork, Verdict } from '../../shared/events.ts';
import { MERGED, type RunState } from '../../shared/runState.ts';
import { count, localTime } from './measures.ts';
import { oneLine } from './plainText.ts';
import { remark, says } from './speaking.ts';

export function planLines({ plan, replanFor, notes }: EventOf<'plan.proposed'>): string {
  const what = `${replanFor === undefined ? 'plan of' : `new plan for ${oneLine(replanFor)},`} ${count(plan.plan.length, 'subtask')}`;
  return says(
    'planner',
    `${what}: ${remark(plan.task_understood)}`,
    ...plan.plan.map(({ id, description, depends_on }) => {
      const after = depends_on.length === 0 ? '' : ` (after ${depends_on.map(oneLine).join(', ')})`;
      return `${oneLine(id)}  ${remark(description)}${after}`;
    }),
    ...plan.known_failures.map((name) => `known to fail, declared unrelated: ${remark(name)}`),
    ...plan.risks.map((risk) => `risk: ${remark(risk)}`),
    ...notes.map(remark),
  );
}

export function cachedLine({ hit, run, plannedAt }: EventOf<'plan.cached'>): string {
  const when = `in run ${oneLine(run)} on ${localTime(plannedAt)}`;
  return hit.kind === 'exact'
    ? says('planner', `from the plan cache: planned ${when} (--fresh-plan plans anew)`)
    : says('planner', `adapts an outline from the plan cache, of a plan made ${when} (--fresh-plan plans without)`);
}

export function escalationLine({
  subtask,
  reason,
  decision,
  because,
  replacements,
}: EventOf<'subtask.escalated'>): string {
  const decided = {
    replan: replanned(subtask, replacements),
    waive: 'it is waived',
    ask: 'the user is asked',
    give_up: 'it is given up',
  }[decision];
  return says('planner', `${oneLine(subtask)} is stuck: ${remark(reason)}`, `so ${decided}: ${remark(because)}`);
}

function replanned(subtask: string, replacements: readonly string[]): string {
  if (replacements.length === 0) return 'it is planned anew';
  const names = replacements.map(oneLine).join(', ');
  return subtask === MERGED ? `${names} shall mend it` : `${names} take its place`;
}

export function subtaskEndLine({
  subtask,
  outcome,
  rounds,
  reason,
  files,
}: EventOf<'subtask.finished'>): string | undefined {
  const id = oneLine(subtask);
  switch (outcome) {
    case 'approved':
      return files.length > 0 || subtask === MERGED
        ? says('crew', `${id} ✓ approved after ${count(rounds, 'round')}`)
        : says('crew', `${id} ✓ approved without a change: ${remark(reason)}`);
    case 'waived':
      return says('crew', `${id} ! waived: ${remark(reason)}`);
    case 'failed':
      return says('crew', `${id} ✗ failed after ${count(rounds, 'round')}: ${remark(reason)}`);
    case 'restarted':
      return says('crew', `${id} begins again: ${remark(reason)}`);
    case 'replaced':
      // Its escalation has said so.
      return undefined;
    default:
      outcome satisfies never;
      return undefined;
  }
}

export function syntaxLines({ outcome, problems, unchecked }: EventOf<'syntax.checked'>, attempt: string): string {
  const what = {
    sent_back: '! the change does not parse; it goes back once:',
    let_through: '! the change still does not parse; the checks decide:',
    unchecked: '! not looked at for syntax:',
  }[outcome];
  return says(
    'checks',
    `${attempt}: ${what}`,
    ...problems.map(({ path, line, message }) => `✗ ${oneLine(path)}:${line} ${remark(message)}`),
    ...unchecked.map(({ path, language, for: scope, reason }) =>
      remark(`· ${scope === 'language' ? `${language}, from ${path} on` : path}: ${reason}`),
    ),
  );
}

export function verdictLines({ status, failingChecks, findings, notes }: Verdict, subtask: string): string[] {
  const blocking = findings.filter((finding) => finding.blocking);
  const shown = [...blocking, ...findings.filter((finding) => !finding.blocking)].map((finding) => {
    const place = `${oneLine(finding.path)}${finding.line === undefined ? '' : `:${finding.line}`}`;
    return `${finding.blocking ? '✗' : '·'} ${finding.severity} ${place} ${remark(finding.message)}`;
  });
  const verdict = status === 'approved' ? '✓ approved' : '✗ not approved';
  const reasons = [
    ...(failingChecks.length > 0 ? [count(failingChecks.length, 'failing check')] : []),
    ...(blocking.length > 0 ? [count(blocking.length, 'finding')] : []),
  ];
  const because = status === 'failed' && reasons.length > 0 ? `: ${reasons.join(' and ')} in the way` : '';
  return [`${subtask} ${verdict}${because}`, ...shown, ...notes.map((note) => `· ${remark(note)}`)];
}

export function approvalLine({ id, approved, by }: EventOf<'approval.answered'>, before: RunState): string {
  const what = before.openApprovals.find((request) => request.id === id)?.what;
  const because = { user: '', policy: ' by policy', remembered: ', as before' }[by];
  return says(
    'user',
    `${approved ? 'approved' : 'not approved'}${because}${what === undefined ? '' : `: ${remark(what)}`}`,
  );
}

export function attempt(subtask: string, state: RunState): string {
  const found = subtask === MERGED ? state.merged : state.subtasks.find(({ plan }) => plan.id === subtask);
  return found && found.round > 0 ? `${oneLine(subtask)} round ${found.round}/${found.rounds}` : oneLine(subtask);
}

export function laneSubtask(lane: string): string {
  const colon = lane.indexOf(':');
  return colon < 0 ? '' : `${oneLine(lane.slice(colon + 1))} `;
}

export function votesInWords(votes: Record<string, number>): string {
  return Object.entries(votes)
    .map(([choice, number]) => `${oneLine(choice)} ${number}`)
    .join(', ');
}

export function cacheInWords({ cached, expected, differsAt }: EventOf<'cache.missed'>): string {
  const cause =
    differsAt === undefined
      ? 'others use it too, or it has too few slots or blocks for its cache'
      : `the request does not begin with that one (from byte ${differsAt}), a defect of Conclave: please report it`;
  return `its server had kept only ${cached} of ${expected} tokens of the request before: ${cause}`;
}

export function toldLines({ files, remembered = 0 }: EventOf<'rules.found'>): string | undefined {
  const lines = [
    ...(files.length > 0 ? [`rules: ${files.map(ruleInWords).join(', ')}`] : []),
    ...(remembered > 0 ? [`${count(remembered, 'note')} from earlier runs can be looked up`] : []),
  ];
  return lines.length === 0 ? undefined : says('crew', ...lines);
}

function ruleInWords({ path, cut }: EventOf<'rules.found'>['files'][number]): string {
  return `${oneLine(path)}${cut ? ' (in part; the rest is read when it is needed)' : ''}`;
}

export function toolServerLines({ servers }: EventOf<'toolservers.found'>): string | undefined {
  const lines = servers.flatMap((found) => {
    const server = `MCP server ${oneLine(found.server)}`;
    if (found.kind === 'unavailable') return [`! goes on without the ${server}: ${remark(found.reason)}`];
    const tools = found.tools.map(({ tool, roles }) => `${oneLine(tool)} (${roles.join(', ')})`);
    return [
      ...(tools.length > 0 ? [`${server}: ${tools.join(', ')}`] : []),
      ...found.leftOut.map(({ tool, reason }) => `! ${server}: ${oneLine(tool)} is not offered: ${remark(reason)}`),
    ];
  });
  return lines.length === 0 ? undefined : says('crew', ...lines);
}

export function forkInWords({ of, seq, roles }: Fork): string {
  const others = roles.map(({ role, model, temperature }) => {
    const what = [
      ...(model === undefined ? [] : [oneLine(model)]),
      ...(temperature === undefined ? [] : [`temperature ${temperature}`]),
    ];
    return `${role} with ${what.join(' and ')}`;
  });
  return `fork of ${oneLine(of)} from step ${seq}${others.length === 0 ? '' : `: ${others.join(', ')}`}`;
}

export function restoredInWords({ files, asNow, more, lost }: EventOf<'workspace.restored'>): string[] {
  if (lost) return ['! how the files were then is not kept: it begins on all of them as they are now'];
  const lines =
    files === 0 ? [] : [`begins on ${count(files, 'file')} as ${files === 1 ? 'it was' : 'they were'} then`];
  const unknown = asNow.length + more;
  if (unknown > 0) {
    const names = asNow.slice(0, SHOWN_NAMES).map(oneLine).join(', ');
    const rest = unknown - Math.min(asNow.length, SHOWN_NAMES);
    const are = unknown === 1 ? 'is as it is now, not as it was' : 'are as they are now, not as they were';
    lines.push(`! ${count(unknown, 'file')} ${are}: ${names}${rest > 0 ? ` and ${rest} more` : ''}`);
  }
  return lines.length === 0 ? ['the files are as they were then'] : lines;
}

const SHOWN_NAMES = 10;
