import type { Ending, EventOf, Fork, Role, RunEvent, Rung, Verdict } from '../../shared/events.ts';
import { MERGED, type RunState } from '../../shared/runState.ts';
import { checksInWords } from './checks.ts';
import { namedFile } from './diff.ts';
import { count, localTime, plusMinus, thousands, totalLines } from './measures.ts';
import type { Ink, Paint } from './paint.ts';
import { clean, cut, oneLine, pad } from './plainText.ts';
import { probeInWords } from './probe.ts';

/** Columns of the first column, which says who speaks. */
export const SPEAKER_COLUMNS = 10;

const LONGEST_REMARK = 400;

const RUNGS: Record<Rung, string> = {
  native_streamed: 'tool calls of the server, streamed',
  native: 'tool calls of the server, in one piece',
  json: 'answers held to a JSON schema',
  text: 'plain text',
};

/**
 * The lasting line or lines (joined by line feeds) that an event leaves behind; none for what only matters while it
 * happens. Without colours: `paintLine` adds them.
 * @param before the state of the run before the event
 */
export function lineFor(event: RunEvent, before: RunState): string | undefined {
  switch (event.type) {
    case 'run.started':
      return says(
        'crew',
        `${event.kind} ${oneLine(event.runId)}: ${remark(event.task)}`,
        `in ${oneLine(event.workspace)}`,
        ...(event.fork ? [forkInWords(event.fork)] : []),
      );
    case 'run.resumed':
      return says('crew', 'resumed: what is recorded is not done again');
    case 'run.paused':
      return says('crew', led('paused', event.ending));
    case 'run.aborted':
      return says('crew', led('stopped', event.ending));
    case 'run.finished':
      return says('crew', led(OUTCOMES[event.outcome], event.ending));
    case 'input.preprocessed':
      return event.by === 'local' ? undefined : says('preprocessor', `read the ${event.input.original_type}`);
    case 'plan.started':
      return event.replanFor === undefined
        ? undefined
        : says('planner', `thinks again about ${oneLine(event.replanFor)}`);
    case 'plan.proposed':
      return planLines(event);
    case 'plan.answered':
      return event.answers
        .map(({ question, answer }) => says('user', `${remark(question)} → ${remark(answer)}`))
        .join('\n');
    case 'plan.cached':
      return cachedLine(event);
    case 'attempt.started':
      return event.round > 1
        ? says('coder', `${oneLine(event.subtask)} round ${event.round}/${event.rounds}: mends what was found`)
        : undefined;
    case 'subtask.escalated':
      return escalationLine(event);
    case 'subtask.finished':
      return subtaskEndLine(event);
    case 'edit.applied':
      return says(
        'coder',
        `${attempt(event.subtask, before)}: ${EDITED[event.action]} ${namedFile(event)} ${plusMinus(event)}`,
      );
    case 'edit.rejected':
      return says(
        'coder',
        `${attempt(event.subtask, before)}: ! an edit of ${oneLine(event.path)} could not be applied: ${remark(event.reason)}`,
      );
    case 'syntax.checked':
      return syntaxLines(event, attempt(event.subtask, before));
    case 'checks.finished':
      if (event.scope === 'tool') return undefined;
      return says(
        'checks',
        `${event.scope === 'base' ? 'before the change' : oneLine(event.subtask ?? 'merged')} ${checksInWords(event.report)}`,
      );
    case 'review.finished':
      return says('reviewer', ...verdictLines(event.verdict, oneLine(event.subtask)));
    case 'vote.decided':
      return says('crew', `vote on ${remark(event.decision)}: ${oneLine(event.choice)} (${votesInWords(event.votes)})`);
    case 'redflag.raised':
      return says(event.role, `${laneSubtask(event.lane)}! ${remark(event.message)}`);
    case 'approval.answered':
      return approvalLine(event, before);
    case 'proposal.ready':
      return says('crew', `proposal: ${count(event.files.length, 'file')}, ${plusMinus(totalLines(event.files))}`);
    case 'proposal.accepted':
      return says(
        event.by === 'user' ? 'user' : 'crew',
        `${count(event.paths.length, 'file')} written to the workspace`,
      );
    case 'proposal.rejected':
      return says('user', `proposal rejected: ${remark(event.reason)}`);
    case 'proposal.undone':
      return says('user', `${count(event.paths.length, 'file')} put back as before the proposal`);
    case 'answer.finished':
      return says('reviewer', ...clean(event.text).split('\n'));
    case 'checklist.finished':
      return says(
        event.by === 'planner' ? 'planner' : 'crew',
        ...event.items.map(
          ({ state, criterion, evidence }) => `${CRITERION_MARKS[state]} ${remark(criterion)} – ${remark(evidence)}`,
        ),
        ...event.notes.map(remark),
      );
    case 'server.busy':
    case 'server.lost':
      return says(event.role, `! ${remark(event.message)} (${oneLine(event.url)})`);
    case 'server.recovered':
      return says(event.role, `the server answers again (${oneLine(event.url)})`);
    case 'store.lost':
      return says('crew', `! ${remark(event.message)} What happens meanwhile is kept on this machine.`);
    case 'store.recovered':
      return says('crew', `the store of runs answers again; ${count(event.added, 'event')} added`);
    case 'rules.found':
      return toldLines(event);
    case 'memory.lost':
      return says('crew', `! goes on without what earlier runs have taught: ${remark(event.message)}`);
    case 'server.probed':
      return says(event.role, remark(probeInWords(event.probe)));
    case 'protocol.lowered':
      return says(
        event.role,
        `! from here on with ${RUNGS[event.to]}, not ${RUNGS[event.from]}: ${remark(event.reason)}`,
      );
    case 'cache.missed':
      return says(event.role, `! ${cacheInWords(event)}`);
    case 'transcript.compacted':
      return says(
        event.role,
        `the window is full: goes on from the state as it is (${thousands(event.after)} of ${thousands(event.before)} tokens)`,
      );
    case 'window.learnt':
      return says(
        event.role,
        `! its server takes ${event.window} tokens, though it says ${event.served}; prompts are made to fit`,
      );
    case 'workspace.restored':
      return says('crew', ...restoredInWords(event));
    case 'workspace.kept':
    case 'plan.delta':
    case 'plan.uncached':
    case 'plan.question':
    case 'subtask.ready':
    case 'subtask.started':
    case 'agent.delta':
    case 'turn.finished':
    case 'tool.called':
    case 'tool.returned':
    case 'code.chunk':
    case 'file.based':
    case 'checks.started':
    case 'checks.output':
    case 'vote.cast':
    case 'approval.requested':
    case 'proposal.decided':
    case 'usage.reported':
      return undefined;
    default:
      event satisfies never;
      return undefined;
  }
}

/** Colours one of the lines above: who speaks, marks, and added and removed lines. */
export function paintLine(line: string, paint: Paint): string {
  const speaker = SPEAKERS.find((name) => line.startsWith(`${name} `));
  if (speaker === undefined) return paintMarks(line, paint);
  return paint(SPEAKER_INKS[speaker], speaker) + paintMarks(line.slice(speaker.length), paint);
}

export const CRITERION_MARKS = { met: '✓', unmet: '✗', unverified: '?' } as const;

const OUTCOMES = {
  approved: 'approved',
  not_approved: 'not approved',
  nothing_to_do: 'nothing to do',
  answered: 'answered',
} as const;
const EDITED = { create: 'created', modify: 'edited', delete: 'deleted', rename: 'renamed' } as const;

const SPEAKER_INKS: Record<Role | 'crew' | 'checks' | 'user', Ink> = {
  preprocessor: 'preprocessor',
  planner: 'planner',
  coder: 'coder',
  reviewer: 'reviewer',
  crew: 'strong',
  checks: 'strong',
  user: 'strong',
};
const SPEAKERS = Object.keys(SPEAKER_INKS) as (keyof typeof SPEAKER_INKS)[];

function says(speaker: keyof typeof SPEAKER_INKS, ...lines: string[]): string {
  const column = `${pad(speaker, SPEAKER_COLUMNS - 2)}  `;
  return lines.map((line, at) => (at === 0 ? column : ' '.repeat(SPEAKER_COLUMNS)) + line).join('\n');
}

/** Many messages begin with the word themselves. */
function led(word: string, { message }: Ending): string {
  const words = remark(message);
  return words.toLowerCase().startsWith(word) ? words : `${word}: ${words}`;
}

function remark(text: string): string {
  return cut(oneLine(text), LONGEST_REMARK);
}

function planLines({ plan, replanFor, notes }: EventOf<'plan.proposed'>): string {
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

function cachedLine({ hit, run, plannedAt }: EventOf<'plan.cached'>): string {
  const when = `in run ${oneLine(run)} on ${localTime(plannedAt)}`;
  return hit.kind === 'exact'
    ? says('planner', `from the plan cache: planned ${when} (--fresh-plan plans anew)`)
    : says('planner', `adapts an outline from the plan cache, of a plan made ${when} (--fresh-plan plans without)`);
}

function escalationLine({ subtask, reason, decision, because, replacements }: EventOf<'subtask.escalated'>): string {
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

function subtaskEndLine({ subtask, outcome, rounds, reason, files }: EventOf<'subtask.finished'>): string | undefined {
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

function syntaxLines({ outcome, problems, unchecked }: EventOf<'syntax.checked'>, attempt: string): string {
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

function verdictLines({ status, failingChecks, findings, notes }: Verdict, subtask: string): string[] {
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

function approvalLine({ id, approved, by }: EventOf<'approval.answered'>, before: RunState): string {
  const what = before.openApprovals.find((request) => request.id === id)?.what;
  const because = { user: '', policy: ' by policy', remembered: ', as before' }[by];
  return says(
    'user',
    `${approved ? 'approved' : 'not approved'}${because}${what === undefined ? '' : `: ${remark(what)}`}`,
  );
}

function attempt(subtask: string, state: RunState): string {
  const found = subtask === MERGED ? state.merged : state.subtasks.find(({ plan }) => plan.id === subtask);
  return found && found.round > 0 ? `${oneLine(subtask)} round ${found.round}/${found.rounds}` : oneLine(subtask);
}

function laneSubtask(lane: string): string {
  const colon = lane.indexOf(':');
  return colon < 0 ? '' : `${oneLine(lane.slice(colon + 1))} `;
}

function votesInWords(votes: Record<string, number>): string {
  return Object.entries(votes)
    .map(([choice, number]) => `${oneLine(choice)} ${number}`)
    .join(', ');
}

function paintMarks(text: string, paint: Paint): string {
  return text
    .replace(/✓|(?<= )\+\d+(?= −\d)/g, (mark) => paint('good', mark))
    .replace(/✗|(?<= )−\d+$/g, (mark) => paint('bad', mark))
    .replace(/(?<= )[!?](?= )/g, (mark) => paint('warning', mark));
}

function cacheInWords({ cached, expected, differsAt }: EventOf<'cache.missed'>): string {
  const cause =
    differsAt === undefined
      ? 'others use it too, or it has too few slots or blocks for its cache'
      : `the request does not begin with that one (from byte ${differsAt}), a defect of Conclave: please report it`;
  return `its server had kept only ${cached} of ${expected} tokens of the request before: ${cause}`;
}

function toldLines({ files, remembered = 0 }: EventOf<'rules.found'>): string | undefined {
  const lines = [
    ...(files.length > 0 ? [`rules: ${files.map(ruleInWords).join(', ')}`] : []),
    ...(remembered > 0 ? [`${count(remembered, 'note')} from earlier runs can be looked up`] : []),
  ];
  return lines.length === 0 ? undefined : says('crew', ...lines);
}

function ruleInWords({ path, cut }: EventOf<'rules.found'>['files'][number]): string {
  return `${oneLine(path)}${cut ? ' (in part; the rest is read when it is needed)' : ''}`;
}

function forkInWords({ of, seq, roles }: Fork): string {
  const others = roles.map(({ role, model, temperature }) => {
    const what = [
      ...(model === undefined ? [] : [oneLine(model)]),
      ...(temperature === undefined ? [] : [`temperature ${temperature}`]),
    ];
    return `${role} with ${what.join(' and ')}`;
  });
  return `fork of ${oneLine(of)} from step ${seq}${others.length === 0 ? '' : `: ${others.join(', ')}`}`;
}

function restoredInWords({ files, asNow, more, lost }: EventOf<'workspace.restored'>): string[] {
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
