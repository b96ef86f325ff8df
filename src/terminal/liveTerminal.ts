import type { RunEvent } from '../shared/events.ts';
import { foldEvent } from '../shared/fold.ts';
import { emptyRunState } from '../shared/runState.ts';
import { foldLanes, type LiveLanes } from './liveLanes.ts';
import { openLiveRegion, type TerminalStream } from './liveRegion.ts';
import { lineFor } from './render/event.ts';
import { drawLiveRegion } from './render/liveRegion.ts';
import { type Paint, painter } from './render/paint.ts';
import { wrap } from './render/plainText.ts';
import { paintLine, SPEAKER_COLUMNS } from './render/speaking.ts';

export interface TerminalViewOptions {
  stream: TerminalStream;
  colour: boolean;
  /** Draw what goes on right now below the lasting lines; only for a terminal. */
  live: boolean;
  /** Milliseconds since 1970, by the clock of the run; the system's where absent. */
  now?: () => number;
}

/** Shows a run while it goes on. The only part of the terminal front end that draws by itself. */
export interface TerminalView {
  onEvent(event: RunEvent): void;
  /** Takes events in without showing them: those of a run before it was resumed. */
  catchUp(events: Iterable<RunEvent>): void;
  /** Hides the live region and holds lasting lines back, until the function it gives back is called. */
  suspend(): () => void;
  /** Takes the live region away; the lasting lines stay. */
  close(): void;
}

/** Milliseconds between two drawings: about twelve a second. */
const FRAME = 80;
/** Milliseconds after which the seconds shown are stale. */
const TICK = 1000;

export function openTerminalView({ stream, colour, live, now = Date.now }: TerminalViewOptions): TerminalView {
  const paint = painter({ colour });
  const region = live ? openLiveRegion(stream) : undefined;
  let state = emptyRunState();
  let lanes: LiveLanes = {};
  let held: string[] = [];
  let suspended = 0;
  let closed = false;
  let frame: NodeJS.Timeout | undefined;

  function fold(event: RunEvent): void {
    state = foldEvent(state, event);
    lanes = foldLanes(lanes, event, state);
  }

  function draw(): void {
    clearTimeout(frame);
    frame = undefined;
    if (suspended > 0) return;
    const lasting = held.map((line) => `${line}\n`).join('');
    held = [];
    if (!region) {
      if (lasting !== '') stream.write(lasting);
      return;
    }
    const { width, rows } = region.size();
    region.show(lasting, closed ? [] : drawLiveRegion(state, lanes, { width, rows, paint, now: now() }));
  }

  function drawSoon(): void {
    frame ??= setTimeout(draw, FRAME).unref();
  }

  const tick = region && setInterval(drawSoon, TICK).unref();
  region?.onResize(draw);

  return {
    onEvent(event) {
      const lines = lineFor(event, state)?.split('\n') ?? [];
      fold(event);
      held.push(...lines.flatMap((line) => lastingLines(line, region?.size().width, paint)));
      if (lines.length > 0) draw();
      else if (region) drawSoon();
    },
    catchUp(events) {
      for (const event of events) fold(event);
    },
    suspend() {
      suspended += 1;
      region?.hide();
      let resumed = false;
      return () => {
        if (resumed) return;
        resumed = true;
        suspended -= 1;
        draw();
      };
    },
    close() {
      suspended = 0;
      closed = true;
      draw();
      clearInterval(tick);
      region?.close();
    },
  };
}

/** On a terminal, long lines are broken between words; elsewhere a line stays a line. */
function lastingLines(line: string, width: number | undefined, paint: Paint): string[] {
  const lines = width === undefined ? [line] : wrap(line, width, SPEAKER_COLUMNS + 2);
  return lines.map((one) => paintLine(one, paint));
}
