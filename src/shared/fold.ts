import type { HunkDecision, Lane, Role, RunEvent, Usage } from './events.ts';
import {
  emptyRunState,
  freshWork,
  type LaneState,
  MERGED,
  type ProposalState,
  type RoleUsage,
  type RunPhase,
  type RunState,
  type SubtaskPhase,
  type SubtaskState,
  type WorkState,
} from './runState.ts';
import type { Plan, PlannedSubtask } from './wire.ts';

/** The state after all of `events`. Pure: the same events give the same state, whoever folds them. */
export function fold(events: Iterable<RunEvent>): RunState {
  let state = emptyRunState();
  for (const event of events) state = foldEvent(state, event);
  return state;
}

/** The state after one more event. */
export function foldEvent(before: RunState, event: RunEvent): RunState {
  const state = { ...before, runId: event.runId, lastSeq: event.seq, lastAt: event.at };
  switch (event.type) {
    case 'run.started':
      return {
        ...state,
        startedAt: event.at,
        kind: event.kind,
        task: event.task,
        said: event.said ?? { text: event.task, attachments: [] },
        workspace: event.workspace,
      };
    case 'run.resumed': {
      const { storeLost: _before, ...there } = state;
      return { ...there, phase: phaseBeforeStop(state), lanes: {}, servers: {} };
    }
    case 'run.paused':
      return { ...state, phase: { kind: 'paused', ending: event.ending }, lanes: {} };
    case 'run.aborted':
      return { ...state, phase: { kind: 'aborted', ending: event.ending }, lanes: {} };
    case 'run.finished':
      return { ...state, phase: { kind: 'finished', outcome: event.outcome, ending: event.ending }, lanes: {} };

    case 'plan.started':
      return { ...state, phase: { kind: 'planning' }, lanes: withLane(state, 'planner', 'planner', 'planning') };
    case 'plan.cached': {
      const { run, plannedAt, hit } = event;
      return { ...state, planCached: { kind: hit.kind, run, plannedAt } };
    }
    case 'plan.proposed':
      return withPlan(state, event.plan, event.replanFor, event.notes);
    case 'plan.question':
      return { ...state, openQuestions: event.questions };
    case 'plan.answered':
      return { ...state, openQuestions: [], answers: [...state.answers, ...event.answers] };

    case 'subtask.ready':
      return withSubtask(state, event.subtask, { phase: 'ready' });
    case 'subtask.started':
      return {
        ...withSubtask(state, event.subtask, { phase: 'coding' }),
        phase: { kind: event.subtask === MERGED ? 'merging' : 'working' },
      };
    case 'attempt.started':
      return withSubtask(state, event.subtask, { phase: 'coding', round: event.round, rounds: event.rounds });
    case 'subtask.escalated':
      return withSubtask(state, event.subtask, { phase: 'escalated', reason: event.reason });
    case 'subtask.finished': {
      const phase: SubtaskPhase = event.outcome === 'restarted' ? 'ready' : event.outcome;
      const lanes = Object.fromEntries(
        Object.entries(state.lanes).filter(([lane]) => !lane.endsWith(`:${event.subtask}`)),
      );
      return { ...withSubtask(state, event.subtask, { phase, reason: event.reason }), lanes };
    }

    case 'edit.applied': {
      const { edit, path, action, added, removed } = event;
      return withSubtask(state, event.subtask, (old) => ({
        edits: [...old.edits.filter((other) => other.edit !== edit), { edit, path, action, added, removed }],
      }));
    }
    case 'edit.rejected':
      return withSubtask(state, event.subtask, (old) => ({
        rejectedEdits: [...new Set([...old.rejectedEdits, event.edit])],
      }));

    case 'agent.delta':
      return {
        ...state,
        lanes: withLane(state, event.lane, event.role, event.channel === 'reasoning' ? 'thinking' : 'writing'),
      };
    case 'tool.called':
      return { ...state, lanes: withLane(state, event.lane, event.role, toolPhrase(event.tool, event.args)) };
    case 'tool.returned':
      return { ...state, lanes: withLane(state, event.lane, event.role, 'reading the result') };

    case 'checks.started':
      if (event.scope === 'merged')
        return { ...withSubtask(state, MERGED, { phase: 'checking' }), phase: { kind: 'merging' } };
      return event.scope === 'attempt' ? withSubtask(state, event.subtask, { phase: 'checking' }) : state;
    case 'checks.finished':
      if (event.scope === 'base') return { ...state, baseChecks: event.report };
      if (event.scope === 'merged')
        return {
          ...withSubtask(state, MERGED, { phase: 'reviewing', checks: event.report }),
          phase: { kind: 'merging' },
        };
      if (event.scope === 'attempt')
        return withSubtask(state, event.subtask, { phase: 'reviewing', checks: event.report });
      return state;
    case 'review.finished':
      return withSubtask(state, event.subtask, { verdict: event.verdict });

    case 'approval.requested':
      return { ...state, openApprovals: [...state.openApprovals, { id: event.id, what: event.what }] };
    case 'approval.answered':
      return { ...state, openApprovals: state.openApprovals.filter(({ id }) => id !== event.id) };
    case 'proposal.ready':
      return { ...state, phase: { kind: 'proposed' }, proposal: { files: event.files, state: 'open', decided: {} } };
    case 'proposal.decided':
      return withProposal(state, ({ decided }) => ({ decided: withDecision(decided, event) }));
    case 'proposal.accepted':
      return withProposal(state, () => ({ state: 'accepted' }));
    case 'proposal.rejected':
      return withProposal(state, () => ({ state: 'rejected' }));
    case 'proposal.undone':
      return withProposal(state, () => ({ state: 'undone' }));
    case 'answer.finished':
      return { ...state, answer: event.text };
    case 'checklist.finished':
      return { ...state, checklist: event.items };

    case 'usage.reported':
      return { ...state, usage: { ...state.usage, [event.role]: addUsage(state.usage[event.role], event) } };
    case 'redflag.raised':
      return { ...state, redFlags: state.redFlags + 1 };
    case 'server.busy':
      return { ...state, servers: { ...state.servers, [event.role]: { state: 'busy', message: event.message } } };
    case 'server.lost':
      return { ...state, servers: { ...state.servers, [event.role]: { state: 'lost', message: event.message } } };
    case 'server.recovered': {
      const { [event.role]: _recovered, ...servers } = state.servers;
      return { ...state, servers };
    }
    case 'store.lost':
      return { ...state, storeLost: event.message };
    case 'store.recovered': {
      const { storeLost: _back, ...there } = state;
      return there;
    }
    case 'server.probed':
      return { ...state, probes: { ...state.probes, [event.role]: event.probe } };

    case 'workspace.kept':
    case 'workspace.restored':
    case 'input.preprocessed':
    case 'protocol.lowered':
    case 'cache.missed':
    case 'transcript.compacted':
    case 'window.learnt':
    case 'rules.found':
    case 'toolservers.found':
    case 'memory.lost':
    case 'plan.delta':
    case 'plan.uncached':
    case 'turn.finished':
    case 'code.chunk':
    case 'syntax.checked':
    case 'file.based':
    case 'checks.output':
    case 'vote.cast':
    case 'vote.decided':
      return state;
    default:
      event satisfies never;
      return state;
  }
}

function phaseBeforeStop(state: RunState): RunPhase {
  if (state.proposal) return { kind: 'proposed' };
  return state.plan ? { kind: 'working' } : { kind: 'planning' };
}

function withPlan(state: RunState, plan: Plan, replanFor: string | undefined, notes: string[]): RunState {
  const fresh = plan.plan.map(freshSubtask);
  if (replanFor === undefined) return { ...state, plan, planNotes: notes, subtasks: fresh, phase: { kind: 'working' } };
  // What is planned for the merged change comes after everything.
  const at =
    replanFor === MERGED ? state.subtasks.length : state.subtasks.findIndex(({ plan: { id } }) => id === replanFor) + 1;
  return {
    ...state,
    planNotes: [...state.planNotes, ...notes],
    subtasks: [...state.subtasks.slice(0, at), ...fresh, ...state.subtasks.slice(at)],
    phase: { kind: 'working' },
  };
}

function freshSubtask(plan: PlannedSubtask): SubtaskState {
  return { plan, ...freshWork() };
}

function withSubtask(
  state: RunState,
  id: string | undefined,
  change: Partial<WorkState> | ((old: WorkState) => Partial<WorkState>),
): RunState {
  const changed = <T extends WorkState>(old: T): T => ({
    ...old,
    ...(typeof change === 'function' ? change(old) : change),
  });
  if (id === MERGED) return { ...state, merged: changed(state.merged) };
  const subtasks = state.subtasks.map((subtask) => (subtask.plan.id === id ? changed(subtask) : subtask));
  return { ...state, subtasks };
}

function withProposal(state: RunState, change: (old: ProposalState) => Partial<ProposalState>): RunState {
  return state.proposal ? { ...state, proposal: { ...state.proposal, ...change(state.proposal) } } : state;
}

function withDecision(
  decided: ProposalState['decided'],
  { path, hunks, decision }: { path: string; hunks: readonly number[]; decision: HunkDecision },
): ProposalState['decided'] {
  const fresh = Object.fromEntries(hunks.map((hunk) => [hunk, decision]));
  return { ...decided, [path]: { ...decided[path], ...fresh } };
}

function withLane(state: RunState, lane: Lane, role: Role, doing: string): Record<Lane, LaneState> {
  const old = state.lanes[lane];
  return old?.doing === doing ? state.lanes : { ...state.lanes, [lane]: { role, doing } };
}

function toolPhrase(tool: string, args: Record<string, unknown>): string {
  const subject = ['path', 'symbol', 'query', 'test_file', 'file']
    .map((key) => args[key])
    .find((value) => typeof value === 'string');
  return subject === undefined ? tool : `${tool} ${subject}`;
}

function addUsage(
  old: RoleUsage | undefined,
  event: { model: string; window: number; usage: Usage; tokensPerSecond: number },
): RoleUsage {
  const { usage } = event;
  return {
    requests: (old?.requests ?? 0) + 1,
    promptTokens: (old?.promptTokens ?? 0) + usage.promptTokens,
    cachedTokens: (old?.cachedTokens ?? 0) + (usage.cachedTokens ?? 0),
    completionTokens: (old?.completionTokens ?? 0) + usage.completionTokens,
    window: event.window,
    lastPromptTokens: usage.promptTokens,
    tokensPerSecond: event.tokensPerSecond,
    model: event.model,
  };
}
