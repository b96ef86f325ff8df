import { hashText } from '../changes/hash.ts';
import type { MemoryEntry } from '../ports.ts';
import { maskSecrets } from '../secrets/maskSecrets.ts';
import { cutLine } from '../tools/bounded.ts';
import { boundedEntry } from './entries.ts';

/**
 * An entry about one thing, without secrets.
 * @param what.subject the same for the same thing, and so gives the same id
 */
export function lesson(what: {
  kind: MemoryEntry['kind'];
  subject: readonly string[];
  text: string;
  paths: readonly string[];
  at: string;
  run?: string;
}): MemoryEntry {
  const { kind, subject, text, paths, at, run } = what;
  return boundedEntry({
    id: lessonId(kind, subject),
    kind,
    text: maskSecrets(text).trim(),
    paths: [...new Set(paths)].sort(),
    at,
    ...(run === undefined ? {} : { run }),
  });
}

export function lessonId(kind: MemoryEntry['kind'], subject: readonly string[]): string {
  return hashText(JSON.stringify([kind, ...subject])).slice(0, 16);
}

/** A text on one line, in at most so many characters. Secrets go first: a half of one could not be told any more. */
export function inShort(text: string, chars: number): string {
  return cutLine(maskSecrets(text).replace(/\s+/g, ' ').trim(), chars);
}
