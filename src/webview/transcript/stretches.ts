/** What agents do, folded into stretches: from a lane's first sign of life to what came of it. */
import type { Role, RunEvent, StopReason } from '../../shared/events.ts';
import { MERGED, type RunState } from '../../shared/runState.ts';
import { formOf } from './answerForm.ts';
import type { Builder } from './builder.ts';
import { appended, emptyClip, head } from './clip.ts';
import type { CodeStep, Step, Stretch } from './entries.ts';

/** Steps of one stretch that are kept; the oldest go. */
const MOST_STEPS = 200;

type AgentEvent = Extract<
  RunEvent,
  {
    type:
      | 'agent.delta'
      | 'plan.delta'
      | 'turn.finished'
      | 'tool.called'
      | 'tool.returned'
      | 'code.chunk'
      | 'edit.applied'
      | 'edit.rejected'
      | 'usage.reported';
  }
>;

/** Takes in what an agent did. The stretch of its lane begins with it where none is under way. */
export function takeAgentEvent(builder: Builder, event: AgentEvent, run: RunState): void {
  const lane = event.type === 'plan.delta' ? 'planner' : event.lane;
  const found = builder.last('stretch', (entry) => entry.lane === lane);
  const active = found?.state === 'active' ? found : undefined;
  // What a turn leaves when its stretch has ended: its counts are in the run's own state.
  if (active === undefined && (event.type === 'turn.finished' || event.type === 'usage.reported')) {
    if (event.type === 'usage.reported' && found !== undefined) builder.put(withUsage(found, event));
    return;
  }
  const stretch = active ?? begin(event, lane, run);
  if (active === undefined) builder.add(stretch);
  builder.put({ ...after(stretch, event), endedAt: event.at });
}

/** The stretches of these lanes are over; of all lanes, where none are named. */
export function endStretches(builder: Builder, lanes?: (lane: string) => boolean): void {
  for (const entry of builder.entries) {
    if (entry.kind !== 'stretch' || entry.state === 'done' || lanes?.(entry.lane) === false) continue;
    const { streaming: _ended, ...rest } = entry;
    const steps = entry.steps.filter(({ kind }) => kind !== 'writing').map(closed);
    builder.put({ ...rest, steps, state: 'done' });
  }
  // What came of such a one is there as a card.
  builder.remove((entry) => entry.kind === 'stretch' && entry.state === 'done' && entry.steps.length === 0);
}

function begin(event: AgentEvent, lane: string, run: RunState): Stretch {
  const colon = lane.indexOf(':');
  const subtask = colon < 0 ? undefined : lane.slice(colon + 1);
  const state = subtask === MERGED ? run.merged : run.subtasks.find(({ plan }) => plan.id === subtask);
  return {
    kind: 'stretch',
    key: `stretch:${event.seq}`,
    role: roleOf(event, lane),
    lane,
    ...(subtask === undefined ? {} : { subtask }),
    ...(state === undefined || state.round === 0 ? {} : { round: { round: state.round, rounds: state.rounds } }),
    state: 'active',
    startedAt: event.at,
    endedAt: event.at,
    steps: [],
    dropped: 0,
    completionTokens: 0,
    tokensPerSecond: 0,
  };
}

function roleOf(event: AgentEvent, lane: string): Role {
  if ('role' in event) return event.role;
  return lane === 'planner' ? 'planner' : 'coder';
}

function after(stretch: Stretch, event: AgentEvent): Stretch {
  switch (event.type) {
    case 'agent.delta':
      return event.channel === 'reasoning'
        ? streamed(withThought(stretch, event.delta, event.seq), event)
        : streamed(withWriting(stretch, event.delta, event.seq), event);
    case 'plan.delta':
      return streamed(withWriting(stretch, event.delta, event.seq), event);
    case 'turn.finished':
      return withTurn(stretch, event);
    case 'tool.called': {
      const { call, tool, args, seq } = event;
      return withStep(stretch, { kind: 'tool', key: `tool:${seq}`, call, tool, args });
    }
    case 'tool.returned': {
      const { text, isError, ms } = event;
      return withSteps(
        stretch,
        stretch.steps.map((step) =>
          step.kind === 'tool' && step.call === event.call && step.result === undefined
            ? { ...step, result: { text: head(text), isError, ms } }
            : step,
        ),
      );
    }
    case 'code.chunk': {
      const { file, language, chunk, explanation, seq } = event;
      const step: CodeStep = { kind: 'code', key: `code:${seq}`, file, language, chunk: head(chunk), explanation };
      return withStep(withoutWriting(stretch), step);
    }
    case 'edit.applied':
      return withEdit(withoutWriting(stretch), event);
    case 'edit.rejected': {
      const { path, reason, seq } = event;
      return withStep(withoutWriting(stretch), { kind: 'refused', key: `refused:${seq}`, path, reason });
    }
    case 'usage.reported':
      return withUsage(stretch, event);
    default:
      event satisfies never;
      return stretch;
  }
}

function withUsage(stretch: Stretch, event: Extract<AgentEvent, { type: 'usage.reported' }>): Stretch {
  return {
    ...stretch,
    completionTokens: stretch.completionTokens + event.usage.completionTokens,
    tokensPerSecond: event.tokensPerSecond,
  };
}

function streamed(stretch: Stretch, { delta, at }: { delta: string; at: string }): Stretch {
  const { since = at, chars = 0 } = stretch.streaming ?? {};
  return { ...stretch, streaming: { since, chars: chars + delta.length } };
}

function withThought(stretch: Stretch, delta: string, seq: number): Stretch {
  const last = stretch.steps.at(-1);
  if (last?.kind === 'thinking' && last.open) {
    return withLast(stretch, { ...last, text: appended(last.text, delta) });
  }
  return withStep(stretch, { kind: 'thinking', key: `thinking:${seq}`, text: appended(emptyClip, delta), open: true });
}

function withWriting(stretch: Stretch, delta: string, seq: number): Stretch {
  const last = stretch.steps.at(-1);
  if (last?.kind === 'writing') {
    const text = appended(last.text, delta);
    // Once the beginning has told what it is, JSON stays JSON; prose may still turn into edits.
    const form = last.form === 'answer' || last.form === 'edits' ? last.form : formOf(text.text);
    return withLast(stretch, { ...last, text, form, chars: last.chars + delta.length });
  }
  const text = appended(emptyClip, delta);
  const form = formOf(text.text);
  return withStep(stretch, { kind: 'writing', key: `writing:${seq}`, form, text, chars: delta.length });
}

/**
 * The end of a turn: prose stays as it was written; what was JSON has become a card or a tool call, and what was edits is
 * there as code.
 */
function withTurn(
  stretch: Stretch,
  {
    text,
    seq,
    toolCalls,
    lane,
  }: { text: string; seq: number; toolCalls?: unknown[]; lane: string; stopReason: StopReason },
): Stretch {
  const { streaming: _ended, ...rest } = withoutWriting(stretch);
  const prose = text.trim();
  // The answer of a run that was asked a question has an entry of its own.
  const isShown = prose !== '' && formOf(prose) === 'prose' && !(lane.endsWith(':answer') && toolCalls === undefined);
  return isShown ? withStep(rest, { kind: 'text', key: `text:${seq}`, text: head(prose) }) : rest;
}

/** The edit belongs to the chunk of the same file that has none yet; a deletion or a rename has no chunk. */
function withEdit(stretch: Stretch, event: Extract<AgentEvent, { type: 'edit.applied' }>): Stretch {
  const { action, added, removed, path, from, seq } = event;
  const edit = { id: event.edit, action, ...(from === undefined ? {} : { from }), added, removed };
  const steps = [...stretch.steps];
  const again = steps.findIndex((step) => step.kind === 'code' && step.edit?.id === event.edit);
  const at =
    again >= 0 ? again : steps.findLastIndex((step) => step.kind === 'code' && step.file === path && !step.edit);
  const step = steps[at];
  if (step?.kind === 'code') {
    steps[at] = { ...step, edit };
    return withSteps(stretch, steps);
  }
  return withStep(stretch, {
    kind: 'code',
    key: `code:${seq}`,
    file: path,
    language: '',
    chunk: emptyClip,
    explanation: '',
    edit,
  });
}

function withoutWriting(stretch: Stretch): Stretch {
  const steps = stretch.steps.filter(({ kind }) => kind !== 'writing');
  return steps.length === stretch.steps.length ? stretch : withSteps(stretch, steps);
}

/** Adds a step; a thought ends with it. */
function withStep(stretch: Stretch, step: Step): Stretch {
  const steps = [...stretch.steps.map(closed), step];
  const surplus = Math.max(0, steps.length - MOST_STEPS);
  return { ...stretch, steps: steps.slice(surplus), dropped: stretch.dropped + surplus };
}

function closed(step: Step): Step {
  return step.kind === 'thinking' && step.open ? { ...step, open: false } : step;
}

function withLast(stretch: Stretch, step: Step): Stretch {
  return withSteps(stretch, [...stretch.steps.slice(0, -1), step]);
}

function withSteps(stretch: Stretch, steps: readonly Step[]): Stretch {
  return { ...stretch, steps };
}

/** Whether a lane is of an agent that works on `subtask`. */
export function worksOn(subtask: string): (lane: string) => boolean {
  return (lane) => lane.endsWith(`:${subtask}`);
}
