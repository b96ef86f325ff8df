import type { RunState } from '../../shared/runState.ts';
import type { LiveLane, LiveLanes } from '../liveLanes.ts';
import type { Canvas } from './checklist.ts';
import { duration } from './measures.ts';
import { clean, columnsOf, cut, cutStart, oneLine, pad } from './plainText.ts';
import { SPEAKER_COLUMNS } from './speaking.ts';

/**
 * Who is at work: a line each with role, subtask, what it is doing, for how long and how fast, then the end of what it
 * is writing right now.
 * @param canvas.lines lines a lane may take, 1 to 3
 * @param canvas.now milliseconds since 1970
 */
export function drawLanes(
  lanes: LiveLanes,
  state: RunState,
  canvas: Canvas & { lines: number; now: number },
): string[] {
  return Object.values(lanes).flatMap((lane) => [laneLine(lane, state, canvas), ...tailLines(lane, canvas)]);
}

function laneLine(lane: LiveLane, state: RunState, { width, paint, now }: Canvas & { now: number }): string {
  const { who, subtask, doing, since } = lane;
  const server = who === 'checks' ? undefined : state.servers[who];
  const speed = who === 'checks' ? undefined : state.usage[who]?.tokensPerSecond;
  const words = [
    oneLine(doing),
    ...(server ? [server.state === 'busy' ? 'the server is busy' : 'the server is lost'] : []),
    ...(speed !== undefined && lane.tail !== '' ? [`${Math.round(speed)} tokens/s`] : []),
    ...(now - since >= 1000 ? [duration(now - since)] : []),
  ].join(' · ');
  const name = `${pad(who, SPEAKER_COLUMNS - 2)}  `;
  const about = subtask === undefined ? '' : `${oneLine(subtask)}  `;
  const rest = cut(about + words, Math.max(0, width - columnsOf(name)));
  return paint(who === 'checks' ? 'strong' : who, cut(name, width)) + rest;
}

/** With one line for the tail, its last line; with two, the last two lines' worth of running text. */
function tailLines({ tail, channel }: LiveLane, { width, paint, lines }: Canvas & { lines: number }): string[] {
  const room = width - SPEAKER_COLUMNS;
  if (lines < 2 || room < 10) return [];
  const written = clean(tail)
    .split('\n')
    .map((line) => line.replaceAll('\t', '  ').trimEnd())
    .filter((line) => line.trim() !== '')
    .slice(1 - lines);
  return written.map((line) => {
    const shown = ' '.repeat(SPEAKER_COLUMNS) + cutStart(line, room);
    return channel === 'reasoning' ? paint('faint', shown) : shown;
  });
}
