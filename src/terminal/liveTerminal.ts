import { stripVTControlCharacters } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { RunEvent } from '../shared/events.ts';
import { foldEvent } from '../shared/fold.ts';
import { emptyRunState } from '../shared/runState.ts';
import { foldLanes, type LiveLanes } from './liveLanes.ts';
import { lineFor, paintLine, SPEAKER_COLUMNS } from './render/event.ts';
import { drawLiveRegion } from './render/liveRegion.ts';
import { type Paint, painter } from './render/paint.ts';
import { columnsOf, wrap } from './render/plainText.ts';

export interface TerminalViewOptions {
  stream: NodeJS.WritableStream & { columns?: number; rows?: number };
  colour: boolean;
  /** Draw what goes on right now below the lasting lines; only for a terminal. */
  live: boolean;
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

export function openTerminalView({ stream, colour, live }: TerminalViewOptions): TerminalView {
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
    region.show(lasting, closed ? [] : drawLiveRegion(state, lanes, { width, rows, paint, now: Date.now() }));
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

interface LiveRegion {
  size(): { width: number; rows: number };
  show(lasting: string, lines: readonly string[]): void;
  hide(): void;
  onResize(redraw: () => void): void;
  close(): void;
}

function openLiveRegion(stream: TerminalViewOptions['stream']): LiveRegion {
  const log = createLogUpdate(stream);
  let drawn: readonly string[] = [];
  let redraw = (): void => {};

  // One column stays free, because terminals differ in what they do at the last one; one row is the cursor's.
  const size = () => ({ width: Math.max(1, (stream.columns ?? 80) - 1), rows: Math.max(0, (stream.rows ?? 24) - 2) });

  function clear(): void {
    log.clear();
    drawn = [];
  }

  /** A terminal that became narrower has broken the lines drawn, so log-update would erase too few. */
  function resized(): void {
    const width = Math.max(1, stream.columns ?? 80);
    const rows = drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(columnsOf(stripVTControlCharacters(line)) / width)),
      0,
    );
    if (rows > drawn.length) {
      stream.write(`\x1b[${rows}A\r\x1b[J`);
      log.done();
      drawn = [];
    }
    redraw();
  }

  stream.on('resize', resized);

  return {
    size,
    show(lasting, lines) {
      if (lasting !== '' || lines.length === 0) clear();
      if (lasting !== '') stream.write(lasting);
      if (lines.length > 0) log(lines.join('\n'));
      drawn = lines;
    },
    hide() {
      clear();
      log.done();
    },
    onResize(callback) {
      redraw = callback;
    },
    close() {
      stream.off('resize', resized);
      clear();
      log.done();
    },
  };
}
