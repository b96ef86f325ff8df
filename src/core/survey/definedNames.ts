import type { Code, FileEntry, Workspace } from '../ports.ts';
import { isUnder } from '../tools/givenPath.ts';
import { eachInTurn } from './inTurn.ts';
import { type KeptFile, keptOf, memoOf, type Summary } from './memo.ts';
import type { ReadBounds } from './readNew.ts';
import { readSummaries } from './summaries.ts';

/** A file with code, and what is known of it. */
export interface NamingFile {
  entry: FileEntry;
  summary: Summary;
}

/** Files that are read right away where nothing is known of them: what was changed since they were read last. */
const MOST_READ = 64;

/**
 * The files with code that define what is asked for, as far as their code is known by now.
 * @param isMeant is given all names that a file defines, each on a line of its own
 * @returns `unknown`: files of which it is not known what they define
 */
export async function filesDefining(
  isMeant: (names: string) => boolean,
  under: readonly string[],
  ports: { workspace: Workspace; code: Code },
  bounds: ReadBounds,
): Promise<{ files: NamingFile[]; unknown: string[] }> {
  const { workspace, code } = ports;
  const entries = await workspace.list(bounds.signal);
  const kept = await keptOf(memoOf(code, workspace.root), entries, bounds.signal);
  const files: NamingFile[] = [];
  const unknown: KeptFile[] = [];
  const look = (file: KeptFile): void => {
    const { entry, summary } = file;
    if (!isUnder(entry.path, under)) return;
    if (entry.hash === undefined || entry.hash !== file.hash || summary === undefined) unknown.push(file);
    else if (summary && isMeant(summary.names)) files.push({ entry, summary });
  };
  await eachInTurn(kept.code, look, bounds.signal);
  if (unknown.length > MOST_READ) return { files, unknown: unknown.map(({ entry }) => entry.path) };
  await readSummaries(unknown, ports, bounds);
  for (const { entry, summary } of unknown) if (summary && isMeant(summary.names)) files.push({ entry, summary });
  return { files, unknown: [] };
}

/** Has what is known of the code of files at hand, so that nobody waits for it. @param entries all of the workspace */
export async function learnNames(
  entries: readonly FileEntry[],
  ports: { workspace: Workspace; code: Code },
  signal: AbortSignal,
): Promise<void> {
  const kept = await keptOf(memoOf(ports.code, ports.workspace.root), entries, signal);
  await readSummaries(kept.code, ports, { signal, until: Number.POSITIVE_INFINITY });
}
