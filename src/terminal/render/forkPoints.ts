import type { RunEvent } from '../../shared/events.ts';
import { foldEvent } from '../../shared/fold.ts';
import { emptyRunState, type RunState } from '../../shared/runState.ts';
import { lineFor } from './event.ts';
import type { Paint } from './paint.ts';
import { cut, oneLine, pad } from './plainText.ts';
import { SPEAKER_COLUMNS } from './speaking.ts';

/** The table of `conclave fork RUN`: every step that can be forked from, with its number and what it was. */
export function drawForkPoints(
  events: readonly RunEvent[],
  points: readonly RunEvent[],
  { width, paint }: { width: number; paint: Paint },
): string[] {
  const wanted = new Set(points.map(({ seq }) => seq));
  const columns = Math.max('STEP'.length, ...points.map(({ seq }) => String(seq).length));
  const row = (number: string, what: string): string => `${pad(number, columns)}  ${cut(what, width - columns - 2)}`;
  const lines: string[] = [];
  let state = emptyRunState();
  for (const event of events) {
    if (wanted.has(event.seq)) lines.push(row(String(event.seq), pointInWords(event, state)));
    state = foldEvent(state, event);
  }
  const { runId = '' } = events[0] ?? {};
  return [
    paint('faint', row('STEP', 'WHAT IS TAKEN OVER, UP TO AND WITH')),
    ...lines,
    '',
    `Begin a new run after one of them: conclave fork ${oneLine(runId)} --at STEP --model NAME --role coder`,
  ];
}

function pointInWords(event: RunEvent, before: RunState): string {
  if (event.type === 'turn.finished') {
    const calls = event.toolCalls?.map(({ name }) => name) ?? [];
    const said = calls.length > 0 ? `calls ${calls.join(', ')}` : event.text;
    const model = event.model.slice(event.model.lastIndexOf('/') + 1);
    return by(event.role, `${event.lane} turn ${event.turn} (${model}): ${said}`);
  }
  if (event.type === 'input.preprocessed') return by('crew', 'read the task');
  if (event.type === 'subtask.started') return by('crew', `${event.subtask} started`);
  const [line] = (lineFor(event, before) ?? '').split('\n');
  return line || by('crew', event.step ?? event.type);
}

function by(speaker: string, what: string): string {
  return pad(speaker, SPEAKER_COLUMNS) + oneLine(what);
}
