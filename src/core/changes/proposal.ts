import { formatPatch, type StructuredPatch, type StructuredPatchHunk } from 'diff';
import type { ProposedFile } from '../../shared/events.ts';
import type { FileWrite } from '../ports.ts';
import type { ChangedFile, ChangeSet } from './changeSet.ts';
import { hashText } from './hash.ts';
import { rawLines, stretches } from './textLines.ts';

/** Unchanged lines around a change. */
const CONTEXT = 3;

/** Each changed file with its git-appliable diff, sorted by path. A rename is one of them, under its new path. */
export function proposeFiles(changes: ChangeSet): ProposedFile[] {
  const files = [...changes.files.values()].filter((file) => file.text !== file.base.text);
  const origins = new Map<string, ChangedFile>();
  for (const file of files) {
    const origin = originOf(file, changes);
    if (origin) origins.set(origin.path, file);
  }
  return files
    .filter(({ path }) => !origins.has(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((file) => {
      const origin = originOf(file, changes);
      return origin && origins.get(origin.path) === file ? proposed(file, origin) : proposed(file, undefined);
    });
}

/** The whole change as one patch for `git apply`. */
export function patchText(files: readonly ProposedFile[]): string {
  return files.map((file) => file.diff).join('');
}

/**
 * What has to be written so that the file is as proposed, onto exactly what it was made from.
 * @throws Error where `text` is not the proposed one
 */
export function proposedWrites({ path, from, baseHash, resultHash }: ProposedFile, text: string | null): FileWrite[] {
  if ((text === null ? null : hashText(text)) !== resultHash) {
    throw new Error(`The text to write to ${path} is not the proposed one. This is a defect of Conclave.`);
  }
  if (from === undefined) return [{ path, before: baseHash, text }];
  return [
    { path: from, before: baseHash, text: null },
    { path, before: null, text, from },
  ];
}

/** The deleted file that this one was, where it is a rename that git can do too. */
function originOf(file: ChangedFile, changes: ChangeSet): ChangedFile | undefined {
  if (file.from === undefined || file.base.text !== null || file.text === null) return undefined;
  const origin = changes.files.get(file.from);
  return origin?.text === null && origin.base.text !== null ? origin : undefined;
}

function proposed(file: ChangedFile, origin: ChangedFile | undefined): ProposedFile {
  const { path, text } = file;
  const base = origin?.base ?? file.base;
  const action = origin ? 'rename' : base.text === null ? 'create' : text === null ? 'delete' : 'modify';
  const { hunks, added, removed } = hunksBetween(rawLines(base.text ?? ''), rawLines(text ?? ''));
  const patch: StructuredPatch = {
    oldFileName: action === 'create' ? '/dev/null' : `a/${origin?.path ?? path}`,
    newFileName: action === 'delete' ? '/dev/null' : `b/${path}`,
    oldHeader: undefined,
    newHeader: undefined,
    hunks,
    isGit: true,
    ...(action === 'create' && { isCreate: true }),
    ...(action === 'delete' && { isDelete: true }),
    ...(action === 'rename' && { isRename: true }),
  };
  return {
    path,
    action,
    ...(origin && { from: origin.path }),
    baseHash: base.hash,
    resultHash: text === null ? null : hashText(text),
    added,
    removed,
    diff: formatPatch(patch),
  };
}

function hunksBetween(
  old: readonly string[],
  now: readonly string[],
): { hunks: StructuredPatchHunk[]; added: number; removed: number } {
  const hunks: StructuredPatchHunk[] = [];
  let added = 0;
  let removed = 0;
  let hunk: StructuredPatchHunk | undefined;
  const parts = stretches(old, now);
  for (const part of parts) {
    if (part.kind === 'changed') {
      added += part.added;
      removed += part.replaced;
      if (!hunk) {
        const before = Math.min(CONTEXT, part.from);
        hunk = {
          oldStart: part.from - before + 1,
          oldLines: 0,
          newStart: part.to - before + 1,
          newLines: 0,
          lines: [],
        };
        hunks.push(hunk);
        put(hunk, ' ', old.slice(part.from - before, part.from));
      }
      put(hunk, '-', old.slice(part.from, part.from + part.replaced));
      put(hunk, '+', now.slice(part.to, part.to + part.added));
    } else if (hunk) {
      const joinsNext = part.count <= 2 * CONTEXT && part !== parts.at(-1);
      put(hunk, ' ', old.slice(part.from, part.from + (joinsNext ? part.count : Math.min(CONTEXT, part.count))));
      if (!joinsNext) hunk = undefined;
    }
  }
  return { hunks, added, removed };
}

function put(hunk: StructuredPatchHunk, sign: ' ' | '-' | '+', lines: readonly string[]): void {
  for (const line of lines) {
    if (line.endsWith('\n')) hunk.lines.push(sign + line.slice(0, -1));
    else hunk.lines.push(sign + line, '\\ No newline at end of file');
  }
  if (sign !== '+') hunk.oldLines += lines.length;
  if (sign !== '-') hunk.newLines += lines.length;
}
