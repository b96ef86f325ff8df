/**
 * What a workspace remembers, as one Markdown document to read and to edit:
 *
 *     ## failure · 2026-11-20 · 3f2a9c0d11e4b7a6
 *     Files: `src/divide.js`, `test/divide.test.js`
 *
 *     Failed: …
 *
 * A heading without day and id begins a new note. Lines of a note that look like a heading have a backslash in front.
 */
import { MOST_TEXT } from '../../core/memory/entries.ts';
import { lesson } from '../../core/memory/lesson.ts';
import type { MemoryEntry } from '../../core/ports.ts';
import { maskSecrets } from '../../core/secrets/maskSecrets.ts';

/** What of a document cannot be understood, and in which line (1-based). */
export interface Refusal {
  line: number;
  problem: /** Text that belongs to no note. */
    | { kind: 'outside' }
    | { kind: 'heading' }
    /** There is no note with that id, kind and day (any more). */
    | { kind: 'unknown'; id: string }
    | { kind: 'twice'; id: string }
    | { kind: 'files' }
    | { kind: 'empty' }
    | { kind: 'tooLong'; chars: number };
}

/** What a document changes. */
export interface MemoryEdits {
  changed: MemoryEntry[];
  /** Ids of the notes whose sections are gone. */
  forgotten: string[];
}

const HEADING = /^##(?!#)/;
const KNOWN_HEADING = /^## (failure|convention) · (\S+) · (\S+)\s*$/;
const NEW_HEADING = /^## (failure|convention)\s*$/;
const KINDS = ['failure', 'convention'] as const;
const FILES = 'Files:';

/** @param preamble Markdown without headings of the second level: what this is, and how it is edited */
export function markdownFrom(entries: readonly MemoryEntry[], preamble: string): string {
  return `${[preamble, ...entries.map(sectionOf)].join('\n\n')}\n`;
}

/**
 * What a document changes of the notes that it was made of.
 * @param before the notes as the document had them first
 * @param now ISO 8601, UTC: the day of new notes
 */
export function editsFrom(
  markdown: string,
  { before, preamble, now }: { before: readonly MemoryEntry[]; preamble: string; now: string },
): MemoryEdits | Refusal {
  const lines = markdown.replace(/^\uFEFF/, '').split(/\r?\n/);
  const starts = [...lines.keys()].filter((at) => HEADING.test(lines[at] ?? ''));
  const known = new Set(preamble.split('\n').map((line) => line.trim()));
  const outside = lines.slice(0, starts[0] ?? lines.length).findIndex((line) => !known.has(line.trim()) && line.trim());
  if (outside >= 0) return { line: outside + 1, problem: { kind: 'outside' } };
  const byId = new Map(before.map((entry) => [entry.id, entry]));
  const seen = new Set<string>();
  const changed: MemoryEntry[] = [];
  for (const [index, start] of starts.entries()) {
    const note = noteFrom(lines.slice(start, starts[index + 1]), byId, now);
    if ('problem' in note) return { ...note, line: note.line + start };
    if (seen.has(note.entry.id)) return { line: start + 1, problem: { kind: 'twice', id: note.entry.id } };
    seen.add(note.entry.id);
    if (note.isChanged) changed.push(note.entry);
  }
  return { changed, forgotten: before.map(({ id }) => id).filter((id) => !seen.has(id)) };
}

/** One section. A refusal's line is counted from the section's first. */
function noteFrom(
  [heading = '', ...rest]: readonly string[],
  byId: ReadonlyMap<string, MemoryEntry>,
  now: string,
): { entry: MemoryEntry; isChanged: boolean } | Refusal {
  const [, word, day, id] = KNOWN_HEADING.exec(heading) ?? NEW_HEADING.exec(heading) ?? [];
  const kind = KINDS.find((one) => one === word);
  if (kind === undefined) return { line: 1, problem: { kind: 'heading' } };
  const old = id === undefined ? undefined : byId.get(id);
  if (id !== undefined && old?.at.slice(0, 10) !== day) return { line: 1, problem: { kind: 'unknown', id } };
  const filesAt = rest.findIndex((line) => line.trim() !== '');
  const first = rest[filesAt] ?? '';
  const hasFiles = first.startsWith(FILES);
  const paths = !hasFiles ? [] : old && first.trim() === filesLine(old.paths) ? old.paths : pathsFrom(first);
  if (paths === undefined) return { line: filesAt + 2, problem: { kind: 'files' } };
  const text = rest
    .slice(hasFiles ? filesAt + 1 : 0)
    .map((line) => line.replace(/^\\(\\*(?:##|Files:))/, '$1'))
    .join('\n')
    .trim();
  if (text === '') return { line: 1, problem: { kind: 'empty' } };
  if (text.length > MOST_TEXT) return { line: 1, problem: { kind: 'tooLong', chars: text.length } };
  if (!old) return { entry: lesson({ kind, subject: ['note', text], text, paths, at: now }), isChanged: true };
  const entry: MemoryEntry = { ...old, kind, text: maskSecrets(text), paths: [...paths] };
  return { entry, isChanged: JSON.stringify(entry) !== JSON.stringify({ ...old, text: old.text.trim() }) };
}

function sectionOf({ id, kind, at, paths, text }: MemoryEntry): string {
  const body = text.trim().replace(/^(\\*(?:##|Files:))/gm, '\\$1');
  return [`## ${kind} · ${at.slice(0, 10)} · ${id}`, ...(paths.length > 0 ? [filesLine(paths), ''] : ['']), body].join(
    '\n',
  );
}

function filesLine(paths: readonly string[]): string {
  return `${FILES} ${paths.map((path) => `\`${path}\``).join(', ')}`;
}

/** @returns undefined where there is more in the line than paths */
function pathsFrom(line: string): string[] | undefined {
  const given = line.slice(FILES.length).trim();
  if (given === '') return [];
  return /^`[^`]+`(?:\s*,\s*`[^`]+`)*$/.test(given)
    ? [...given.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path)
    : undefined;
}
