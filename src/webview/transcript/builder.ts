/**
 * One batch's work on a transcript. Lists are copied once a batch, entries where they change: what did not change keeps
 * its identity, so that nothing else is drawn again.
 */
import type { Entry, EntryOf, Transcript } from './entries.ts';

/** More entries than anyone scrolls through; the oldest go, the whole is in the log. */
const MOST_ENTRIES = 3_000;

export interface Builder {
  entries: Entry[];
  dropped: number;
  add(entry: Entry): void;
  /** The newest entry of a kind that `is` what is looked for. */
  last<K extends Entry['kind']>(kind: K, is?: (entry: EntryOf<K>) => boolean): EntryOf<K> | undefined;
  /** Puts `entry` in the place of the one with its key. */
  put(entry: Entry): void;
  remove(is: (entry: Entry) => boolean): void;
  end(): Pick<Transcript, 'entries' | 'dropped'>;
}

export function openBuilder(before: Transcript): Builder {
  const entries = [...before.entries];
  let dropped = before.dropped;
  return {
    entries,
    dropped,
    add: (entry) => void entries.push(entry),
    last(kind, is = () => true) {
      type Found = EntryOf<typeof kind>;
      return entries.findLast((entry): entry is Found => entry.kind === kind && is(entry as Found));
    },
    put(entry) {
      const at = entries.findLastIndex(({ key }) => key === entry.key);
      if (at >= 0) entries[at] = entry;
    },
    remove(is) {
      for (let at = entries.length - 1; at >= 0; at--) {
        const entry = entries[at];
        if (entry && is(entry)) entries.splice(at, 1);
      }
    },
    end() {
      // The user's message stays: it says what all of this is about.
      const surplus = entries.length - MOST_ENTRIES;
      if (surplus > 0) {
        entries.splice(1, surplus);
        dropped += surplus;
      }
      return { entries, dropped };
    },
  };
}
