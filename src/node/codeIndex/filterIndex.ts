import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SearchQuery } from '../../core/ports.ts';
import type { ContentReader } from './contents.ts';
import type { TableEntry } from './fileRows.ts';
import { isSameStamp, isSettled } from './fileStamp.ts';
import type { FileTable } from './fileTable.ts';
import { type FilterPart, openFilterPart } from './filterParts.ts';
import { gramsOf } from './grams.ts';
import { HEADER, readIndex, writeIndex } from './indexFile.ts';
import { requiredTexts } from './requiredTexts.ts';

/** Says which files of a table can hold what is searched for. */
export interface FilterIndex {
  /** Takes over what the newest index on disk knows of the files, where that is another than was taken before. */
  adopt(): void;
  /** Reads what is stale in the table. */
  readStale(breathe: () => Promise<void>): Promise<void>;
  /** In any order; the list is the caller's. `all`: nothing is known of what a match holds. */
  candidates(query: SearchQuery): TableEntry[] | 'all';
  /** Whether there is one on disk that this one began with, or has written. */
  readonly isWritten: boolean;
  /** Files read since the index on disk was written. */
  readonly unwritten: number;
  /** Writes it to disk, for other processes and times; not while all files are listed anew. */
  write(breathe: () => Promise<void>): Promise<void>;
  close(): void;
}

/** @param dir absolute path of a folder that is there */
export function openFilterIndex(table: FileTable, reader: ContentReader, dir: string): FilterIndex {
  /** What is read is added to the last one. */
  let parts: FilterPart[] = [newPart()];
  /** Filters have had so many numbers. */
  let numbered = 0;
  /** The name of the one on disk that was adopted, or written, last. */
  let onDisk: string | undefined;

  function newPart(): FilterPart {
    const spill = join(dir, 'spill');
    mkdirSync(spill, { recursive: true, mode: 0o700 });
    return openFilterPart(join(spill, `${process.pid}-${randomBytes(6).toString('hex')}`));
  }

  function adopt(): void {
    const kept = readIndex(dir, { known: onDisk, numbered });
    if (!kept) return;
    numbered = kept.numbered;
    onDisk = kept.name;
    parts = [kept.part, ...parts];
    for (const file of kept.files) {
      const entry = table.entries.get(file.path);
      if (!entry || entry.isLink || entry.kind || !isSameStamp(entry, file) || !isSettled(file, file.readAt)) continue;
      entry.setFacts(file);
      table.stale.delete(entry);
      table.touch(entry.path);
    }
  }

  return {
    adopt,
    async readStale(breathe) {
      // What is not as it was looked at any more, is looked at again: at most so often.
      for (let attempt = 0; attempt < 5 && table.stale.size > 0; attempt += 1) {
        for (const entry of [...table.stale]) {
          await breathe();
          if (!table.stale.has(entry)) continue;
          const readAt = Date.now();
          const found = reader.facts(entry.path, entry);
          if (!found) continue;
          const { kind, hash, words } = found;
          if (words) numbered += 1;
          if (words) parts.at(-1)?.add(numbered, words);
          entry.setFacts({ kind, hash, filter: words ? numbered : 0, readAt });
          table.stale.delete(entry);
          table.touch(entry.path);
        }
        if (table.stale.size > 0) await table.fresh();
      }
    },
    candidates(query) {
      const lists = requiredTexts(query)
        .map((texts) => texts.map((text) => gramsOf(text, query.caseSensitive)))
        .filter((list) => list.every((grams) => grams.length > 0));
      if (lists.length === 0) return 'all';
      const maybe = new Uint8Array(numbered + 1);
      const remember = (filter: number): void => {
        maybe[filter] = 1;
      };
      for (const part of parts) part.eachMaybe(lists, remember);
      const found: TableEntry[] = [];
      // An iterator would make an object for each.
      table.entries.forEach((entry) => {
        if (entry.isLink) return;
        const { kind } = entry;
        if (!kind || maybe[entry.filter] === 1 || (kind === 'odd' && !query.caseSensitive)) found.push(entry);
      });
      return found;
    },
    get isWritten() {
      return parts.length > 1;
    },
    get unwritten() {
      return parts.at(-1)?.size ?? 0;
    },
    async write(breathe) {
      // Filters of files that are not there at the moment would be lost.
      if (!table.isWhole) return;
      const old = parts;
      const fresh = newPart();
      parts = [...old, fresh];
      const { name, rows } = await writeIndex(dir, table.entries.values(), old, breathe);
      onDisk = name;
      parts = [openFilterPart(join(dir, name), { rows, start: HEADER }), fresh];
      for (const part of old) part.close();
    },
    close() {
      for (const part of parts) part.close();
    },
  };
}
