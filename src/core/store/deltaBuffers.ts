import type { EventBody, RunEvent } from '../../shared/events.ts';

type DeltaType = 'agent.delta' | 'plan.delta' | 'checks.output';
export type DeltaEvent = Extract<RunEvent, { type: DeltaType }>;

/** Deltas that wait to be persisted, joined to one event for each source of text. */
export interface DeltaBuffers {
  /** @returns the length of what its source has gathered by now, in UTF-16 units */
  add(event: DeltaEvent): number;
  /**
   * Takes everything out: one event a source, with the last seq it stands for, ordered by that seq.
   * Always all of them: a source left behind would have a lower seq than what is persisted before it.
   */
  takeAll(): DeltaEvent[];
}

export function isDelta(event: RunEvent): event is DeltaEvent {
  return event.type === 'agent.delta' || event.type === 'plan.delta' || event.type === 'checks.output';
}

export function deltaBuffers(): DeltaBuffers {
  const buffers = new Map<string, { last: DeltaEvent; parts: string[]; length: number }>();
  return {
    add(event) {
      const source = sourceOf(event);
      const buffer = buffers.get(source) ?? { last: event, parts: [], length: 0 };
      buffers.set(source, buffer);
      buffer.last = event;
      buffer.parts.push(event.delta);
      buffer.length += event.delta.length;
      return buffer.length;
    },
    takeAll() {
      const events = [...buffers.values()].map(({ last, parts }) => ({ ...last, delta: parts.join('') }));
      buffers.clear();
      return events.sort((a, b) => a.seq - b.seq);
    },
  };
}

function sourceOf(event: Extract<EventBody, { type: DeltaType }>): string {
  switch (event.type) {
    case 'agent.delta':
      return JSON.stringify([event.type, event.lane, event.role, event.channel]);
    case 'plan.delta':
      return event.type;
    case 'checks.output':
      return JSON.stringify([event.type, event.scope, event.subtask ?? null]);
    default:
      return event satisfies never;
  }
}
