import { posix } from 'node:path';
import type { FileContent, FileEntry, SearchMatch, Workspace } from '../core/ports.ts';
import { secretFileKind } from '../core/secrets/secretFiles.ts';
import { placesIn } from '../core/survey/placesIn.ts';
import { SearchError } from '../core/tools/searchError.ts';
import { CONCLAVE_IGNORE, openConclaveIgnore, type UserRules } from './conclaveIgnore.ts';

/**
 * A workspace without the files that no model may read: those that are there to hold secrets, and those that a
 * `.conclaveignore` names; a pattern with "!" in one allows a file again. They are neither listed nor found, and reading
 * one is forbidden, whether it is there or not, whatever link leads to it.
 *
 * Everything that models see, or that is kept of it, goes through here; copies for checks, and undoing, do not.
 */
export function guardedWorkspace(workspace: Workspace): Workspace {
  const rulesIn = openConclaveIgnore(workspace.root);
  const rulesFor = (path: string): Promise<UserRules> => rulesIn(foldersAbove(path));

  /** @returns why not, as a clause; undefined where it may be read */
  async function whyHidden(given: string): Promise<string | undefined> {
    const path = tidyPath(given);
    // The workspace itself, and what it refuses by itself.
    if (path === '.' || path.startsWith('../') || path === '..' || path.startsWith('/')) return undefined;
    return reasonFor(path, await rulesFor(path));
  }

  async function read(path: string): Promise<FileContent> {
    // Rules are looked at while a thread reads.
    const [content, reason] = await Promise.all([workspace.read(path), whyHidden(path)]);
    if (reason !== undefined && content.kind !== 'directory') return { kind: 'forbidden', reason };
    if (!('elsewhere' in content) || content.elsewhere === undefined) return content;
    const real = await whyHidden(content.elsewhere);
    return real === undefined ? content : { kind: 'forbidden', reason: real };
  }

  const { readLines } = workspace;
  /** What was listed last: with a hundred thousand files, most are what they were a moment ago. */
  let listed: Listed | undefined;
  return {
    root: workspace.root,
    read,
    ...(readLines && {
      async readLines(path, range, signal) {
        const lines = await readLines(path, range, signal);
        const real = 'elsewhere' in lines ? lines.elsewhere : undefined;
        const reason = (await whyHidden(path)) ?? (real === undefined ? undefined : await whyHidden(real));
        return reason === undefined ? lines : { kind: 'unreadable', reason };
      },
    }),
    async list(signal) {
      const entries = await workspace.list(signal);
      const folders = listed?.entries === entries ? listed.folders : foldersWithRules(entries);
      const rules = await rulesIn(['', ...folders]);
      if (listed?.entries !== entries || listed.rules !== rules) {
        const before = listed?.rules === rules ? listed : undefined;
        const placeBefore = placesIn(before?.entries ?? []);
        const isHidden = (entry: FileEntry): boolean =>
          placeBefore(entry) === undefined
            ? reasonFor(entry.path, rules) !== undefined
            : before?.hidden.has(entry.path) === true;
        const hidden = new Set(entries.filter(isHidden).map(({ path }) => path));
        const seen = hidden.size === 0 ? entries : entries.filter(({ path }) => !hidden.has(path));
        listed = { entries, folders, rules, hidden, seen };
      }
      return listed.seen;
    },
    async search(query, signal) {
      for (const path of query.under ?? []) {
        const reason = await whyHidden(path);
        if (reason !== undefined) throw new SearchError(`This cannot be searched: ${reason}.`);
      }
      // What is left out does not count: then there may be more.
      for (let limit = query.limit; ; limit *= 4) {
        const found = await workspace.search({ ...query, limit }, signal);
        const seen = await withoutHidden(found);
        if (seen.length >= query.limit || found.length < limit) return seen.slice(0, query.limit);
      }
    },
    ...(workspace.unsaved && {
      unsaved: async () => {
        const files = (await workspace.unsaved?.()) ?? [];
        const reasons = await Promise.all(files.map(({ path }) => whyHidden(path)));
        return files.filter((_, at) => reasons[at] === undefined);
      },
    }),
  };

  async function withoutHidden(found: readonly SearchMatch[]): Promise<SearchMatch[]> {
    const paths = [...new Set(found.map((match) => match.path))];
    // Rules hold only below their own folder, so those of all folders together say the same of each path.
    const rules = await rulesIn([...new Set(paths.flatMap(foldersAbove))]);
    const hidden = new Set(paths.filter((path) => reasonFor(path, rules) !== undefined));
    return found.filter(({ path }) => !hidden.has(path));
  }
}

interface Listed {
  entries: readonly FileEntry[];
  /** Those with rules of their own. */
  folders: readonly string[];
  rules: UserRules;
  /** Paths: few. */
  hidden: ReadonlySet<string>;
  seen: readonly FileEntry[];
}

function reasonFor(path: string, rules: UserRules): string | undefined {
  const said = rules(path);
  if (said === 'allowed') return undefined;
  if (said === 'hidden') {
    return `${CONCLAVE_IGNORE} keeps it from models; the user can allow it there with the line "!${path}"`;
  }
  const kind = secretFileKind(path);
  if (kind === undefined) return undefined;
  return `files of this name hold secrets (${kind}), which are kept from models; the user can allow it with the line "!${path}" in ${CONCLAVE_IGNORE}`;
}

/** "" and every folder on the way to the path. */
function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return ['', ...parts.map((_, at) => parts.slice(0, at + 1).join('/'))];
}

const IN_FOLDER = `/${CONCLAVE_IGNORE}`;

function foldersWithRules(entries: readonly FileEntry[]): string[] {
  return entries.filter(({ path }) => path.endsWith(IN_FOLDER)).map(({ path }) => path.slice(0, -IN_FOLDER.length));
}

/** Both readings of a backslash, as a letter and as a separator, must be harmless. */
function tidyPath(given: string): string {
  const path = posix.normalize(given.replaceAll('\\', '/'));
  return path.length > 1 ? path.replace(/\/$/, '') : path;
}
