import { type BigIntStats, statSync } from 'node:fs';
import { join } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { anchored, patternsIn } from './gitIgnore.ts';
import { errorCode } from './paths.ts';
import { readPlainFile } from './plainFile.ts';

/** Where a user says which files no model reads: `.gitignore`'s syntax, at the top of the workspace or in any folder. */
export const CONCLAVE_IGNORE = '.conclaveignore';

/** `allowed`: a pattern with "!" says so. */
export type Said = 'hidden' | 'allowed' | undefined;

/** What the user's rules say about a path: relative to the workspace, forward slashes. */
export type UserRules = (path: string) => Said;

/** In bytes; files of patterns have some hundred. */
const LARGEST = 1024 * 1024;

/**
 * The rules in folders, each file read anew when it has changed.
 * @param root absolute path of the workspace
 * @returns the rules in the given folders ("" is the workspace itself), those of outer folders first.
 * It rejects where a file of rules is there and cannot be read: what it hides is not known then.
 */
export function openConclaveIgnore(root: string): (folders: readonly string[]) => Promise<UserRules> {
  const known = new Map<string, { looks: string; patterns: string[] }>();

  async function patternsOf(folder: string): Promise<string[]> {
    const file = join(root, folder, CONCLAVE_IGNORE);
    const found = looksOf(file);
    if (!found?.isFile()) {
      known.delete(folder);
      return [];
    }
    const looks = [found.size, found.mtimeNs, found.ctimeNs, found.ino].join(' ');
    const before = known.get(folder);
    if (before?.looks === looks) return before.patterns;
    const read = await readPlainFile(file, LARGEST);
    if (read.kind === 'missing') return [];
    if (read.kind !== 'bytes') {
      const where = folder === '' ? CONCLAVE_IGNORE : `${folder}/${CONCLAVE_IGNORE}`;
      throw new Error(
        `${where} cannot be read (${read.kind === 'denied' ? 'no permission' : 'it is no plain file of less than 1 MB'}), so what it keeps from models is not known. Mend it, or remove it.`,
      );
    }
    const patterns = anchored(patternsIn(read.bytes.toString('utf8')), folder);
    known.set(folder, { looks, patterns });
    return patterns;
  }

  let last: { key: string; rules: UserRules } | undefined;
  return async (folders) => {
    const patterns = (await Promise.all([...folders].sort(byDepth).map(patternsOf))).flat();
    const key = patterns.join('\n');
    if (last?.key !== key) last = { key, rules: rulesFrom(patterns) };
    return last.rules;
  };
}

function rulesFrom(patterns: readonly string[]): UserRules {
  if (patterns.length === 0) return () => undefined;
  // A name that differs only by case, or by how an accent is spelt, is the same file on many disks.
  const known: Ignore = ignore({ ignoreCase: true }).add(patterns.map((pattern) => pattern.normalize()));
  return (path) => {
    if (!ignore.isPathValid(path)) return undefined;
    const { ignored, unignored } = known.test(path.normalize());
    return ignored ? 'hidden' : unignored ? 'allowed' : undefined;
  };
}

function byDepth(one: string, other: string): number {
  return depthOf(one) - depthOf(other) || (one < other ? -1 : 1);
}

function depthOf(folder: string): number {
  return folder === '' ? 0 : folder.split('/').length;
}

/**
 * Undefined where no file of rules can be reached: the files beside it cannot be either. At once, and without an error for
 * what is not there: almost no folder has one, and it is asked of every folder on the way to all that is read.
 */
function looksOf(file: string): BigIntStats | undefined {
  try {
    return statSync(file, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (!['ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'].includes(code)) throw error;
    return undefined;
  }
}
