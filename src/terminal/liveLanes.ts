import type { Lane, Role, RunEvent } from '../shared/events.ts';
import type { RunState } from '../shared/runState.ts';

/** One who is at work now. */
export interface LiveLane {
  who: Role | 'checks';
  /** Which subtask it is about; absent for the plan. */
  subtask?: string;
  doing: string;
  /** When it began what it is doing; milliseconds since 1970. */
  since: number;
  /** The last part of what it is writing, as it came: not clean. */
  tail: string;
  channel: 'text' | 'reasoning';
}

export type LiveLanes = Readonly<Record<Lane, LiveLane>>;

const TAIL_CHARACTERS = 1000;
const READING = 'reading';

/**
 * Who is at work after one more event. Pure, and only for show: it may guess who comes next (after the checks, the
 * Reviewer), because the first sign of life from a local model can take a minute.
 * @param after the state of the run after the event
 */
export function foldLanes(lanes: LiveLanes, event: RunEvent, after: RunState): LiveLanes {
  const began = (who: LiveLane['who'], doing: string, subtask?: string): LiveLane => ({
    who,
    doing,
    since: Date.parse(event.at),
    tail: '',
    channel: 'text',
    ...(subtask === undefined ? {} : { subtask }),
  });

  const written = (lane: Lane, role: Role, channel: LiveLane['channel'], delta: string): LiveLanes => {
    const doing = channel === 'reasoning' ? 'thinking' : 'writing';
    const old = lanes[lane]?.doing === doing ? lanes[lane] : began(role, doing, subtaskOf(lane));
    return { ...lanes, [lane]: { ...old, tail: (old.tail + delta).slice(-TAIL_CHARACTERS), channel } };
  };

  switch (event.type) {
    case 'plan.started':
      return { ...lanes, planner: began('planner', READING, event.replanFor) };
    case 'plan.proposed':
    case 'plan.question':
    case 'checklist.finished':
      return without(lanes, ({ who }) => who === 'planner');

    case 'attempt.started':
      return {
        ...without(lanes, ({ subtask }) => subtask === event.subtask),
        [`coder:${event.subtask}`]: began('coder', READING, event.subtask),
      };
    case 'agent.delta':
      return written(event.lane, event.role, event.channel, event.delta);
    case 'plan.delta':
      return written('planner', 'planner', 'text', event.delta);
    case 'turn.finished':
      return { ...lanes, [event.lane]: began(event.role, READING, subtaskOf(event.lane)) };
    case 'tool.called': {
      const doing = after.lanes[event.lane]?.doing ?? event.tool;
      return { ...lanes, [event.lane]: began(event.role, doing, subtaskOf(event.lane)) };
    }
    case 'tool.returned':
      return { ...lanes, [event.lane]: began(event.role, READING, subtaskOf(event.lane)) };

    case 'checks.started': {
      if (event.scope === 'tool') return lanes;
      const subtask = event.subtask ?? event.scope;
      return {
        ...without(lanes, (lane) => lane.subtask === subtask),
        [`checks:${subtask}`]: began('checks', `runs ${event.argv.join(' ')}`, subtask),
      };
    }
    case 'checks.output': {
      const key = `checks:${event.subtask ?? event.scope}`;
      const lane = event.scope === 'tool' ? undefined : lanes[key];
      return lane ? { ...lanes, [key]: { ...lane, tail: (lane.tail + event.delta).slice(-TAIL_CHARACTERS) } } : lanes;
    }
    case 'checks.finished': {
      if (event.scope === 'tool') return lanes;
      const subtask = event.subtask ?? event.scope;
      const rest = without(lanes, (lane) => lane.who === 'checks' && lane.subtask === subtask);
      return event.scope === 'base' ? rest : { ...rest, [`reviewer:${subtask}`]: began('reviewer', READING, subtask) };
    }
    case 'review.finished':
      return without(lanes, ({ who, subtask }) => who === 'reviewer' && subtask === event.subtask);
    case 'subtask.escalated':
    case 'subtask.finished':
      return without(lanes, ({ subtask }) => subtask === event.subtask);

    case 'run.resumed':
    case 'run.paused':
    case 'run.aborted':
    case 'run.finished':
    case 'proposal.ready':
      return {};
    default:
      // Most events say nothing about who is at work.
      return lanes;
  }
}

function without(lanes: LiveLanes, gone: (lane: LiveLane) => boolean): LiveLanes {
  return Object.fromEntries(Object.entries(lanes).filter(([, lane]) => !gone(lane)));
}

function subtaskOf(lane: Lane): string | undefined {
  const colon = lane.indexOf(':');
  return colon < 0 ? undefined : lane.slice(colon + 1);
}
