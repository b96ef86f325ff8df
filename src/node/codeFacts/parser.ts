import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Grammar } from '../grammars/languages.ts';
import { hasLeanHeap } from '../leanHeap.ts';

/** A text, or the file that has it, by its content (SHA-256, hex). */
export type Source = { grammar: Grammar } & ({ text: string } | { file: string; hash: string });

/** Reads facts off the main thread, as bytes. */
export interface Parser {
  /**
   * In the order of `sources`; fails only by the signal.
   * @param when `later`: after all that somebody waits for; it does not keep the process alive
   */
  parse(sources: readonly Source[], signal: AbortSignal, when?: 'later'): Promise<Read[]>;
  /** For tests: how many workers there are now. */
  workers(): number;
}

export type ToParse = Source & { id: number };

/** Undefined for a text that cannot be read, or not in time; `gone` for a file that has another content by now; else encoded. */
export type Read = Uint8Array | undefined | 'gone';

export interface Parsed {
  id: number;
  read: Read;
  /** Of the text, in UTF-16 units. */
  length: number;
}

/** Each takes about 30 MB. */
const MOST_WORKERS = 2;
/** Texts that wait for one worker before there is another. */
const WAITING_FOR_ANOTHER = 48;
/** Milliseconds without an answer: parsing gives up by itself long before. */
const LONGEST = 5000;
/**
 * Milliseconds after which a worker that has nothing to do ends; where nobody has waited for one for longer than that; and where
 * memory counts more than the tenth of a second that the next one needs to begin.
 */
const IDLE = 10_000;
const IDLE_AHEAD = 500;
const IDLE_LEAN = 250;
/** Characters (UTF-16) after which a worker is replaced: its memory is that of the largest text it has seen. */
const LARGE = 256 * 1024;
/** Workers that ended without a single answer, before it is given up. */
const MOST_FAILURES = 3;

interface Task {
  asked: ToParse;
  isForLater: boolean;
  signal: AbortSignal;
  settle: (read: Read) => void;
}

interface Running {
  worker: Worker;
  /** What it is reading now. */
  task: Task | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** @param home absolute path of the installation; dist/parserWorker.js is what the workers run */
export function openParser(home: string, idle = IDLE): Parser {
  const waiting: Task[] = [];
  const later: Task[] = [];
  const workers = new Set<Running>();
  let failures = 0;
  let lastId = 0;
  /** By `performance.now()`: when somebody asked who waits. */
  let wantedAt = Number.NEGATIVE_INFINITY;

  function start(): Running {
    const worker = new Worker(join(home, 'dist', 'parserWorker.js'), {
      workerData: { home },
      // Not what this process was started with: a worker needs none of it.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 6 },
    });
    const running: Running = { worker, task: undefined, timer: undefined };
    workers.add(running);
    worker.on('message', ({ read, length }: Parsed) => {
      failures = 0;
      const task = running.task;
      clearTimeout(running.timer);
      running.task = undefined;
      task?.settle(read);
      if (length > LARGE) end(running);
      else next(running);
      work();
    });
    // An error is followed by the end.
    worker.on('error', () => {});
    worker.on('exit', () => {
      if (!workers.has(running)) return;
      failures += 1;
      end(running);
      work();
    });
    return running;
  }

  /** What it was reading cannot be read. */
  function end(running: Running): void {
    workers.delete(running);
    clearTimeout(running.timer);
    running.task?.settle(undefined);
    running.task = undefined;
    void running.worker.terminate();
  }

  function next(running: Running): void {
    const task = waiting.shift() ?? later.shift();
    if (!task) {
      const isWanted = performance.now() - wantedAt < idle;
      running.worker.unref();
      const after = hasLeanHeap() ? IDLE_LEAN : isWanted ? idle : IDLE_AHEAD;
      running.timer = setTimeout(() => end(running), after).unref();
      return;
    }
    if (task.signal.aborted) {
      task.settle(undefined);
      next(running);
      return;
    }
    clearTimeout(running.timer);
    running.task = task;
    if (task.isForLater) running.worker.unref();
    else running.worker.ref();
    running.timer = setTimeout(() => {
      end(running);
      work();
    }, LONGEST);
    if (task.isForLater) running.timer.unref();
    running.worker.postMessage(task.asked);
  }

  function work(): void {
    const isWork = (): boolean => waiting.length + later.length > 0;
    for (const running of workers) if (!running.task && isWork()) next(running);
    while (isWork() && workers.size < (hasLeanHeap() ? 1 : MOST_WORKERS) && failures < MOST_FAILURES) {
      if (workers.size > 0 && waiting.length < WAITING_FOR_ANOTHER) break;
      next(start());
    }
    // Nobody is left to read them.
    if (workers.size === 0) for (const task of [...waiting.splice(0), ...later.splice(0)]) task.settle(undefined);
  }

  return {
    workers: () => workers.size,
    async parse(sources, signal, when) {
      signal.throwIfAborted();
      const isForLater = when === 'later';
      if (!isForLater) wantedAt = performance.now();
      const results = sources.map(
        (source) =>
          new Promise<Read>((settle) => {
            lastId += 1;
            (isForLater ? later : waiting).push({ asked: { ...source, id: lastId }, isForLater, signal, settle });
          }),
      );
      // What nobody waited for is in the way now, and must be ended.
      if (!isForLater) for (const { worker } of workers) worker.ref();
      work();
      const read = await Promise.all(results);
      signal.throwIfAborted();
      return read;
    },
  };
}
