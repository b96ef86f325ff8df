import type { Code, FileEntry, Workspace } from '../ports.ts';
import { isUnder } from '../tools/givenPath.ts';
import { breather } from './breather.ts';
import { type KeptFile, keptFiles, keptOf, memoOf, type Summary } from './memo.ts';
import type { Listed, ReadBounds } from './readKnown.ts';
import { summariesOf } from './summaries.ts';

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
  const breathe = breather(bounds.signal);
  const files: NamingFile[] = [];
  const unknown: Listed[] = [];
  for (const [at, entry] of entries.entries()) {
    const file = kept[at] as KeptFile;
    if (file.traits.isCode && isUnder(entry.path, under)) {
      const isKnown = entry.hash !== undefined && entry.hash === file.hash && file.found.summary !== undefined;
      const summary = isKnown ? file.found.summary : undefined;
      if (!isKnown) unknown.push({ entry, kept: file });
      else if (summary && isMeant(summary.names)) files.push({ entry, summary });
    }
    const pause = breathe();
    if (pause) await pause;
  }
  if (unknown.length > MOST_READ) return { files, unknown: unknown.map(({ entry }) => entry.path) };
  const { found } = await summariesOf(unknown, ports, bounds);
  for (const [at, summary] of found.entries()) {
    const entry = unknown[at]?.entry;
    if (entry && summary && isMeant(summary.names)) files.push({ entry, summary });
  }
  return { files, unknown: [] };
}

/** Has what is known of the code of files at hand, so that nobody waits for it. */
export async function learnNames(
  files: readonly FileEntry[],
  ports: { workspace: Workspace; code: Code },
  signal: AbortSignal,
): Promise<void> {
  const { workspace, code } = ports;
  const kept = keptFiles(memoOf(code, workspace.root), files);
  const listed = files.map((entry, at): Listed => ({ entry, kept: kept[at] as KeptFile }));
  await summariesOf(
    listed.filter((file) => file.kept.traits.isCode),
    ports,
    { signal, until: Number.POSITIVE_INFINITY },
  );
}
