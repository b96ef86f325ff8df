import type { RunState } from '../../shared/runState.ts';
import type { LiveLanes } from '../liveLanes.ts';
import { type Canvas, drawMerged, drawSubtasks } from './checklist.ts';
import { drawLanes } from './lanes.ts';
import { cut } from './plainText.ts';

const FEWEST_SUBTASK_ROWS = 3;

/**
 * What is drawn below the lasting lines while a run goes on: who is at work, and the plan. At most `rows` lines, each at
 * most `width` columns: what streams gives way first, then subtasks that do not move.
 */
export function drawLiveRegion(
  state: RunState,
  lanes: LiveLanes,
  canvas: Canvas & { rows: number; now: number },
): string[] {
  const { rows, width, paint } = canvas;
  const merged = drawMerged(state, canvas);
  const subtasks = drawSubtasks(state, canvas).length;
  const atLeast = Math.min(subtasks, FEWEST_SUBTASK_ROWS) + merged.length + 1;
  const working =
    [3, 2, 1]
      .map((lines) => drawLanes(lanes, state, { ...canvas, lines }))
      .find((drawn) => drawn.length + atLeast <= rows) ?? drawLanes(lanes, state, { ...canvas, lines: 1 });
  const above =
    working.length > 0 && subtasks + merged.length > 0
      ? [...working, paint('faint', cut('─'.repeat(width), width))]
      : working;
  const left = Math.max(0, rows - above.length - merged.length);
  return [...above, ...drawSubtasks(state, { width, paint, rows: left }), ...merged].slice(0, Math.max(0, rows));
}
