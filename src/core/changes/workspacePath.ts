export type WorkspacePath = { kind: 'path'; path: string } | { kind: 'refused'; reason: string };

/** Folders that belong to git and to Conclave. */
const RESERVED = new Set(['.git', '.conclave']);

/**
 * A path as the core writes it: relative to the workspace, forward slashes, nothing to be resolved in it.
 * What leads outside or into a reserved folder is refused. Symbolic links are the business of whoever opens the file.
 */
export function workspacePath(written: string): WorkspacePath {
  const path = written.trim().replaceAll('\\', '/');
  const refused = (why: string): WorkspacePath => ({ kind: 'refused', reason: `The path "${written}" ${why}.` });
  if (/\p{Cc}/u.test(path)) return refused('holds a control character');
  if (path.startsWith('/') || path.startsWith('~/') || /^[A-Za-z]:/.test(path)) {
    return refused('is absolute; give it relative to the workspace');
  }
  const parts = path.split('/').filter((part) => part !== '.' && part !== '');
  if (parts.includes('..')) return refused('holds ".."; give it relative to the workspace');
  const reserved = parts.find((part) => RESERVED.has(part.toLowerCase().replace(/[. ]+$/, '')));
  if (reserved !== undefined) return refused(`lies in ${reserved}, which is off limits`);
  if (parts.length === 0 || path.endsWith('/')) return refused('names no file');
  return { kind: 'path', path: parts.join('/') };
}

/** Whether a disk that does not tell upper from lower case takes the one path for the other. */
export function differOnlyByCase(one: string, other: string): boolean {
  return one !== other && one.toLowerCase() === other.toLowerCase();
}
