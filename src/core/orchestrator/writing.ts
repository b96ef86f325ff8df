import type { Ending } from '../../shared/events.ts';
import type { PathText } from '../changes/hunks.ts';
import { type LineRange, type Merge, mergeTexts } from '../changes/mergeTexts.ts';
import { reformattedFrom } from '../changes/reformatted.ts';
import { differOnlyByCase } from '../changes/workspacePath.ts';
import type { FileContent, FileWrite, Written } from '../ports.ts';
import type { RunContext } from './runContext.ts';

/** A change of one path that shall come into the workspace, whatever the user has made of the file meanwhile. */
export interface WantedChange {
  /** What the change was made on, and what it makes of it. Null: no file. */
  base: string | null;
  wanted: PathText;
  /** Permission bits for a file that comes back. */
  mode?: number;
}

/** A write, with the text that is there before it. */
export type KeptWrite = FileWrite & { was: string | null };

type Keep = 'keepBefore' | 'keepNothing';

export type WriteOutcome =
  | { kind: 'written'; paths: string[] }
  | { kind: 'refused'; ending: Pick<Ending, 'code' | 'message'> };

/**
 * Merges the changes into the files as the user sees them now and writes all of them, or none where one conflicts.
 * @param keep the write can be undone: what was there before is kept
 */
export async function writeMerged(
  run: RunContext,
  changes: readonly WantedChange[],
  keep: Keep,
): Promise<WriteOutcome> {
  const conflicts: string[] = [];
  const writes: KeptWrite[] = [];
  for (const { base, wanted, mode } of changes) {
    const now = await textNow(run, wanted);
    if (now.kind === 'unreadable') {
      conflicts.push(`${wanted.path} ${now.reason}`);
      continue;
    }
    const merge = mergeTexts(base, now.text, wanted.text);
    if (merge.kind === 'conflict') conflicts.push(`${wanted.path} ${conflictPhrase(merge)}`);
    else if (merge.text !== now.text) {
      const { from } = wanted;
      writes.push({
        path: wanted.path,
        before: now.hash,
        text: merge.text,
        ...(from !== undefined && { from }),
        ...(mode !== undefined && { mode }),
        was: now.text,
      });
    }
  }
  if (conflicts.length > 0) return refused('conflict', `Nothing was written: ${conflicts.join('; ')}.`);
  return writes.length === 0 ? { kind: 'written', paths: [] } : writeAll(run, writes, keep);
}

/** Writes, and keeps what was there before so that it can be undone. Throws as the ports do. */
export async function writeKept(run: RunContext, writes: readonly KeptWrite[]): Promise<Written> {
  const snapshot = await run.snapshots.keep(
    run.runId,
    writes.map(({ path, was, text }) => ({ path, before: was, after: text })),
  );
  const result = await run.writer.write(writes.map(plain));
  if (result.kind === 'conflict') await snapshot.discard();
  else {
    await snapshot.settle(result.files);
    await rememberFormatting(run, writes, result.files);
  }
  return result;
}

/**
 * Remembers for the Coder's next turns what a formatter made of the texts that were written.
 * @param saved the files as they are afterwards
 */
export async function rememberFormatting(
  { formatter }: Pick<RunContext, 'formatter'>,
  written: readonly PathText[],
  saved: readonly PathText[],
): Promise<void> {
  const after = new Map(saved.map(({ path, text }) => [path, text]));
  const files = written.map(({ path, text }) => reformattedFrom(path, text, after.get(path) ?? null));
  // The change is written, and that must not fail for want of a note about it.
  await formatter.keep(files).catch(() => {});
}

/** "changed since in lines 3-5" */
export function conflictPhrase({ because, ranges }: Extract<Merge, { kind: 'conflict' }>): string {
  switch (because) {
    case 'gone':
      return 'is gone since';
    case 'exists':
      return 'exists by now';
    case 'changed':
      return `changed since${ranges.length === 0 ? '' : ` in ${rangesPhrase(ranges)}`}`;
    default:
      return because satisfies never;
  }
}

function rangesPhrase(ranges: readonly LineRange[]): string {
  const named = ranges.map(({ from, to }) => (to > from ? `${from}-${to}` : `${from}`));
  const isOne = named.length === 1 && !named[0]?.includes('-');
  return `${isOne ? 'line' : 'lines'} ${named.slice(0, 5).join(', ')}${named.length > 5 ? ', …' : ''}`;
}

async function writeAll(run: RunContext, writes: readonly KeptWrite[], keep: Keep): Promise<WriteOutcome> {
  try {
    const result = keep === 'keepBefore' ? await writeKept(run, writes) : await run.writer.write(writes.map(plain));
    if (result.kind === 'conflict') {
      return refused('conflict', `Nothing was written: ${result.paths.join(', ')} changed in this moment.`);
    }
    return { kind: 'written', paths: writes.map(({ path }) => path) };
  } catch (cause) {
    run.signal.throwIfAborted();
    return refused('workspace_failed', cause instanceof Error ? cause.message : String(cause));
  }
}

function plain({ was: _was, ...write }: KeptWrite): FileWrite {
  return write;
}

type TextNow = { kind: 'text'; text: string | null; hash: string | null } | { kind: 'unreadable'; reason: string };

async function textNow(run: RunContext, { path, from }: PathText): Promise<TextNow> {
  // Many disks would show the old file under the new name, where only upper and lower case change.
  if (from !== undefined && differOnlyByCase(from, path)) return { kind: 'text', text: null, hash: null };
  const content: FileContent = await run.workspace.read(path);
  switch (content.kind) {
    case 'text':
      return { kind: 'text', text: content.text, hash: content.hash };
    case 'missing':
      return { kind: 'text', text: null, hash: null };
    case 'binary':
      return { kind: 'unreadable', reason: 'is a binary file by now' };
    case 'tooLarge':
      return { kind: 'unreadable', reason: `has grown too large to be merged (${content.bytes} bytes)` };
    case 'directory':
      return { kind: 'unreadable', reason: 'is a folder by now' };
    case 'forbidden':
      return { kind: 'unreadable', reason: `cannot be written: ${content.reason}` };
    default:
      return content satisfies never;
  }
}

function refused(code: Ending['code'], message: string): WriteOutcome {
  return { kind: 'refused', ending: { code, message } };
}
