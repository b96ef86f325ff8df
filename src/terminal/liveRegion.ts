import { stripVTControlCharacters } from 'node:util';
import { createLogUpdate } from 'log-update';
import { columnsOf } from './render/plainText.ts';

export type TerminalStream = NodeJS.WritableStream & { columns?: number; rows?: number };

/** Lines at the end of a terminal that are drawn anew as things go on. */
interface LiveRegion {
  size(): { width: number; rows: number };
  /** @param lasting text that stays, put above the lines */
  show(lasting: string, lines: readonly string[]): void;
  hide(): void;
  onResize(redraw: () => void): void;
  close(): void;
}

export function openLiveRegion(stream: TerminalStream): LiveRegion {
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
