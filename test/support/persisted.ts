import { type FSWatcher, mkdirSync, readdirSync, readFileSync, truncateSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent } from '../../src/shared/events.ts';

/** What a store keeps of the only run in it, read as a stranger reads it: without Conclave's own code. */
export interface Persisted {
  /** Of the run's first session, if it has several. */
  events(): Promise<RunEvent[]>;
  /** Calls `then` as soon as `isDue` holds of what is persisted, once. Call the result to stop watching. */
  watch(isDue: (events: readonly RunEvent[]) => boolean, then: () => void): () => Promise<void>;
  /**
   * Leaves the first `count` events as a crash at just that moment would have; absent where that cannot be made up.
   */
  cut?(count: number): void;
}

/** The embedded store's, in a data folder: a file of JSON lines. */
export function persistedFiles(data: string): Persisted {
  return {
    events: async () => readPersisted(data)?.events ?? [],
    cut: (count) => cutPersisted(data, count),
    watch(isDue, then) {
      mkdirSync(runsFolder(data), { recursive: true });
      const watchers: FSWatcher[] = [];
      const watched = new Set<string>();
      const stop = async (): Promise<void> => {
        clearInterval(timer);
        for (const watcher of watchers.splice(0)) watcher.close();
      };
      const look = (): void => {
        const folders = readdirSync(runsFolder(data)).map((run) => join(runsFolder(data), run));
        for (const folder of [runsFolder(data), ...folders]) {
          if (watched.has(folder)) continue;
          watched.add(folder);
          watchers.push(watch(folder, look));
        }
        const persisted = readPersisted(data);
        if (persisted === undefined || !isDue(persisted.events)) return;
        void stop();
        then();
      };
      // Should the system ever drop a notice.
      const timer = setInterval(look, 50);
      look();
      return stop;
    },
  };
}

export interface PersistedFile {
  /** The events in whole lines. */
  events: RunEvent[];
  file: string;
  /** Offset behind each event's line. */
  ends: number[];
}

/** The events of the only run in a data folder, as its first process wrote them; undefined before it wrote any. */
export function readPersisted(data: string): PersistedFile | undefined {
  const [run] = readdirSync(runsFolder(data));
  if (run === undefined) return undefined;
  const [first] = readdirSync(join(runsFolder(data), run)).sort();
  if (first === undefined) return undefined;
  const file = join(runsFolder(data), run, first);
  const bytes = readFileSync(file);
  const events: RunEvent[] = [];
  const ends: number[] = [];
  let from = bytes.indexOf(0x0a) + 1;
  if (from === 0) return { events, file, ends };
  for (let end = bytes.indexOf(0x0a, from); end !== -1; end = bytes.indexOf(0x0a, from)) {
    events.push(JSON.parse(bytes.toString('utf8', from, end)) as RunEvent);
    from = end + 1;
    ends.push(from);
  }
  return { events, file, ends };
}

/**
 * Leaves the first `count` events, and half of the next one's line: the log of a machine that lost its power at that
 * very moment. Nothing that the store reports as durable is safe from being left out, so this asks for more than a crash can.
 */
function cutPersisted(data: string, count: number): void {
  const persisted = readPersisted(data);
  const [end, next] = [persisted?.ends[count - 1], persisted?.ends[count]];
  if (persisted === undefined || end === undefined || next === undefined)
    throw new Error(`There are no more than ${count} events to cut off.`);
  truncateSync(persisted.file, Math.floor((end + next) / 2));
}

function runsFolder(data: string): string {
  return join(data, 'store', 'runs');
}
