/**
 * The transcript of a run, folded from its events in batches. Pure: the same events give the same transcript, in whatever
 * batches they come. Events that were folded before are passed over.
 */
import type { RunEvent } from '../../shared/events.ts';
import { foldEvent } from '../../shared/fold.ts';
import { emptyRunState, type RunState } from '../../shared/runState.ts';
import { type Builder, openBuilder } from './builder.ts';
import { appended, emptyClip, LONGEST_OUTPUT } from './clip.ts';
import type { Entry, EntryOf, NotedEvent, Transcript } from './entries.ts';
import { endStretches, takeAgentEvent, worksOn } from './stretches.ts';

export const emptyTranscript: Transcript = { run: emptyRunState(), entries: [], dropped: 0, activeMs: 0 };

export function foldBatch(before: Transcript, events: readonly RunEvent[]): Transcript {
  const builder = openBuilder(before);
  let { run, activeMs } = before;
  for (const event of events) {
    if (event.seq <= run.lastSeq) continue;
    if (run.lastAt !== '' && event.type !== 'run.resumed' && !isAfterTheEnd(run)) {
      activeMs += Math.max(0, Date.parse(event.at) - Date.parse(run.lastAt));
    }
    const wasFinished = run.phase.kind === 'finished';
    run = foldEvent(run, event);
    // Whoever takes up a finished run decides about its proposal, or has its plan implemented: that speaks for itself.
    if (event.type === 'run.resumed' && wasFinished) takeUp(builder);
    else take(builder, event, run);
    noteStep(builder, event);
  }
  if (run === before.run) return before;
  renewCards(builder, run, before.run);
  return { run, activeMs, ...builder.end() };
}

/** What the user does with the proposal of a finished run is no work of the crew. */
function isAfterTheEnd({ phase }: RunState): boolean {
  return phase.kind === 'finished' || phase.kind === 'paused' || phase.kind === 'aborted';
}

function take(builder: Builder, event: RunEvent, run: RunState): void {
  switch (event.type) {
    case 'run.started':
      builder.add({ kind: 'user', key: 'user', ...run.said });
      return;
    case 'run.resumed':
      takeUp(builder);
      addNote(builder, event, event.seq);
      return;
    case 'run.paused':
    case 'run.aborted':
      addEnding(builder, event, run);
      return;
    case 'run.finished':
      addEnding(builder, event, run, event.outcome);
      return;

    case 'plan.started':
      return;
    case 'plan.proposed':
      endStretches(builder, (lane) => lane === 'planner');
      if (event.replanFor !== undefined) addNote(builder, { ...event, notes: [] }, event.seq);
      else addPlan(builder, run);
      return;
    case 'plan.question':
      endStretches(builder, (lane) => lane === 'planner');
      builder.add({ kind: 'question', key: `question:${event.seq}`, questions: event.questions });
      return;
    case 'plan.answered': {
      const asked = builder.last('question', ({ answers }) => answers === undefined);
      if (asked) builder.put({ ...asked, answers: event.answers });
      return;
    }

    case 'attempt.started':
      endStretches(builder, worksOn(event.subtask));
      return;
    case 'subtask.escalated':
      addNote(builder, event, event.seq);
      return;
    case 'subtask.finished':
      endStretches(builder, worksOn(event.subtask));
      // Its review, or its escalation, has said so.
      if (event.outcome === 'replaced' || event.outcome === 'approved') return;
      addNote(builder, { ...event, files: [] }, event.seq);
      return;

    case 'agent.delta':
    case 'plan.delta':
    case 'turn.finished':
    case 'tool.called':
    case 'tool.returned':
    case 'code.chunk':
    case 'edit.applied':
    case 'edit.rejected':
    case 'usage.reported':
      takeAgentEvent(builder, event, run);
      return;

    case 'checks.started':
    case 'checks.output':
    case 'checks.finished':
      takeChecks(builder, event);
      return;
    case 'review.finished': {
      const { subtask, round, review, verdict, seq } = event;
      endStretches(builder, (lane) => lane.startsWith('reviewer') && worksOn(subtask)(lane));
      const earlier = builder.last('review', (entry) => entry.subtask === subtask);
      if (earlier) builder.put({ ...earlier, stands: false });
      const { feedback } = review;
      builder.add({ kind: 'review', key: `review:${seq}`, subtask, round, feedback, verdict, stands: true });
      return;
    }

    case 'approval.requested': {
      const { id, what } = event;
      builder.add({ kind: 'approval', key: `approval:${event.seq}`, id, about: event.kind, what });
      return;
    }
    case 'approval.answered': {
      const asked = builder.last('approval', (entry) => entry.id === event.id && entry.answer === undefined);
      const { approved, by } = event;
      if (asked) builder.put({ ...asked, answer: { approved, by } });
      return;
    }
    case 'proposal.ready':
      endStretches(builder);
      if (run.proposal) builder.add({ kind: 'proposal', key: `proposal:${event.seq}`, proposal: run.proposal });
      return;
    case 'answer.finished':
      endStretches(builder);
      builder.add({ kind: 'answer', key: `answer:${event.seq}`, text: event.text });
      return;
    case 'checklist.finished': {
      endStretches(builder, (lane) => lane === 'planner');
      const { items, by, notes, seq } = event;
      builder.add({ kind: 'checklist', key: `checklist:${seq}`, items, by, notes });
      return;
    }

    case 'input.preprocessed':
      if (event.by !== 'local') addNote(builder, event, event.seq);
      return;
    case 'server.busy':
    case 'server.lost':
    case 'server.recovered':
      addServerNote(builder, event, event.seq);
      return;
    case 'rules.found':
      if (event.files.length > 0 || event.remembered !== undefined) addNote(builder, event, event.seq);
      return;
    case 'workspace.restored':
    case 'toolservers.found':
    case 'memory.lost':
    case 'protocol.lowered':
    case 'cache.missed':
    case 'transcript.compacted':
    case 'server.probed':
    case 'redflag.raised':
    case 'syntax.checked':
    case 'vote.decided':
    case 'store.lost':
    case 'store.recovered':
      addNote(builder, event, event.seq);
      return;

    // The plan's card shows it.
    case 'plan.cached':
    case 'plan.uncached':
    case 'subtask.ready':
    case 'subtask.started':
    case 'workspace.kept':
    case 'file.based':
    case 'vote.cast':
    case 'window.learnt':
    // The proposal's card and the run's end show it.
    case 'proposal.decided':
    case 'proposal.accepted':
    case 'proposal.rejected':
    case 'proposal.undone':
      return;
    default:
      event satisfies never;
  }
}

/** What tells of a recorded step can be forked from. */
function noteStep(builder: Builder, event: RunEvent): void {
  if (event.type !== 'run.started' && event.step === undefined) return;
  const entry = toldOf(builder, event);
  if (entry) builder.put({ ...entry, forkAt: event.seq });
}

function toldOf(builder: Builder, event: RunEvent): Entry | undefined {
  switch (event.type) {
    case 'run.started':
      return builder.last('user');
    case 'turn.finished':
      return builder.last('stretch', ({ lane }) => lane === event.lane);
    case 'plan.proposed':
      return builder.last('plan');
    case 'plan.answered':
      return builder.last('question');
    case 'checks.finished':
      return builder.last('checks', ({ scope, subtask }) => scope === event.scope && subtask === event.subtask);
    case 'review.finished':
      return builder.last('review');
    case 'checklist.finished':
      return builder.last('checklist');
    default:
      return undefined;
  }
}

function takeUp(builder: Builder): void {
  endStretches(builder);
  for (const entry of builder.entries) if (entry.kind === 'ending') builder.put({ ...entry, over: true });
}

function addNote(builder: Builder, event: NotedEvent, seq: number): void {
  builder.add({ kind: 'note', key: `note:${seq}`, event });
}

/** A server that goes on being busy says so on one line. */
function addServerNote(
  builder: Builder,
  event: Extract<NotedEvent, { type: 'server.busy' | 'server.lost' | 'server.recovered' }>,
  seq: number,
): void {
  const last = builder.last(
    'note',
    ({ event: old }) => old.type.startsWith('server.') && 'url' in old && old.role === event.role,
  );
  if (last?.event.type === event.type) builder.put({ ...last, event });
  else addNote(builder, event, seq);
}

function addPlan(builder: Builder, run: RunState): void {
  const { plan, subtasks, planNotes: notes, planCached } = run;
  const old = builder.last('plan');
  if (!plan) return;
  const cached = planCached === undefined ? {} : { cached: planCached };
  if (old) builder.put({ ...old, plan, subtasks, notes, ...cached });
  else builder.add({ kind: 'plan', key: `plan:${run.lastSeq}`, plan, subtasks, notes, ...cached });
}

function takeChecks(
  builder: Builder,
  event: Extract<RunEvent, { type: 'checks.started' | 'checks.output' | 'checks.finished' }>,
): void {
  const { scope, subtask } = event;
  // What a tool runs is shown as the tool's result.
  if (scope === 'tool') return;
  const running = builder.last(
    'checks',
    (entry) => entry.scope === scope && entry.subtask === subtask && entry.report === undefined,
  );
  if (event.type === 'checks.output') {
    if (running) builder.put({ ...running, output: appended(running.output, event.delta, LONGEST_OUTPUT) });
    return;
  }
  const { round } = event;
  const fresh: EntryOf<'checks'> = {
    kind: 'checks',
    key: `checks:${event.seq}`,
    scope,
    ...(subtask === undefined ? {} : { subtask }),
    ...(round === undefined ? {} : { round }),
    argv: event.type === 'checks.started' ? event.argv : (event.report.argv ?? []),
    output: emptyClip,
  };
  if (event.type === 'checks.started') {
    if (subtask !== undefined) endStretches(builder, (lane) => lane.startsWith('coder') && worksOn(subtask)(lane));
    builder.add(fresh);
    return;
  }
  const { report } = event;
  if (running) builder.put({ ...running, output: emptyClip, report });
  else builder.add({ ...fresh, report });
}

function addEnding(
  builder: Builder,
  event: Extract<RunEvent, { type: 'run.paused' | 'run.aborted' | 'run.finished' }>,
  run: RunState,
  outcome?: EntryOf<'ending'>['outcome'],
): void {
  endStretches(builder);
  const stop = event.type === 'run.paused' ? 'paused' : event.type === 'run.aborted' ? 'aborted' : 'finished';
  const { ending, seq } = event;
  // Decisions about the proposal one after the other: the newest end counts, and the card stays in sight.
  const before = builder.entries.at(-1);
  if (before?.kind === 'ending' && before.stop === 'finished') builder.remove(({ key }) => key === before.key);
  builder.add({
    kind: 'ending',
    key: `ending:${seq}`,
    stop,
    ...(outcome === undefined ? {} : { outcome }),
    ending,
    run: run.kind,
    over: false,
  });
}

/** The plan and the proposal are living cards: they show the run's state as it is now. */
function renewCards(builder: Builder, run: RunState, before: RunState): void {
  const { plan, subtasks, planNotes: notes, checklist, proposal } = run;
  if (plan && (subtasks !== before.subtasks || checklist !== before.checklist)) {
    renew(builder, builder.last('plan'), (entry) => ({
      ...entry,
      subtasks,
      notes,
      ...(checklist === undefined ? {} : { checklist }),
    }));
  }
  if (proposal && proposal !== before.proposal) {
    renew(builder, builder.last('proposal'), (entry) => ({ ...entry, proposal }));
  }
}

function renew<E extends Entry>(builder: Builder, entry: E | undefined, change: (entry: E) => E): void {
  if (entry) builder.put(change(entry));
}
