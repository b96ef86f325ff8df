import type { ModelEvent, ToolCall } from '../ports.ts';

/** Native tool calls as their pieces come. */
export interface CallPieces {
  take(piece: Extract<ModelEvent, { type: 'toolCall' }>): void;
  /**
   * The calls, in order, with ids of ours: made from the number of the turn, so that a request is the same whenever it
   * is made up again, and in the form that every chat template takes (nine letters and digits). One that no piece has
   * named has the empty name.
   */
  calls(turn: number): ToolCall[];
}

export function collectCalls(): CallPieces {
  const calls: { index: number; id: string | undefined; name: string; arguments: string }[] = [];
  return {
    take: ({ index, id, name, argumentsDelta }) => {
      const open = calls.findLast((call) => call.index === index);
      // Some servers number all calls alike; another id with another name is another call.
      const isNew =
        open === undefined || (id !== undefined && name !== undefined && open.id !== undefined && id !== open.id);
      if (isNew) calls.push({ index, id, name: name ?? '', arguments: argumentsDelta });
      else {
        open.id ??= id;
        if (open.name === '') open.name = name ?? '';
        open.arguments += argumentsDelta;
      }
    },
    calls: (turn) => calls.map((call, at) => ({ id: callId(turn, at), name: call.name, arguments: call.arguments })),
  };
}

/** Unique within a transcript: its turns are numbered on, also where it begins anew. */
function callId(turn: number, at: number): string {
  return `c${turn.toString(36).padStart(5, '0')}${at.toString(36).padStart(3, '0')}`;
}
