import type { FileContent } from '../ports.ts';
import { git, recordsIn } from './git.ts';
import type { GitContext } from './gitBase.ts';

/** Where the text of a file comes from. A commit that is undefined has nothing. */
export type Side = { kind: 'commit'; commit: string | undefined } | { kind: 'index' } | { kind: 'workspace' };

/** What is there of a file. */
export type SideContent =
  | Extract<FileContent, { kind: 'missing' | 'tooLarge' | 'binary' }>
  | { kind: 'text'; text: string };

const EMPTY_TREES = {
  40: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  64: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
};
/** Files that are asked for at once: their texts have to fit into what is kept of git's output. */
const AT_ONCE = 50;
/** Bytes; what the workspace takes for too large is that here too. */
const LARGEST = 2 * 1024 * 1024;

/** The files of a side by their paths; agents may not see those that are missing in the answer. */
export async function contentsOn(
  side: Side,
  paths: readonly string[],
  ctx: GitContext,
): Promise<Map<string, SideContent>> {
  const found = new Map<string, SideContent>();
  // Also of a commit only what the workspace would show.
  const now = await Promise.all(paths.map((path) => ctx.workspace.read(path)));
  const visible = paths.filter((_, at) => now[at]?.kind !== 'forbidden');
  if (side.kind === 'workspace') {
    for (const [at, path] of paths.entries()) {
      const content = now[at];
      if (content === undefined || content.kind === 'forbidden') continue;
      found.set(path, content.kind === 'directory' ? { kind: 'missing' } : content);
    }
    return found;
  }
  for (const path of visible) found.set(path, { kind: 'missing' });
  if (side.kind === 'commit' && side.commit === undefined) return found;
  for (let at = 0; at < visible.length; at += AT_ONCE) {
    const some = visible.slice(at, at + AT_ONCE);
    for (const [path, content] of await storedTexts(side, some, ctx)) found.set(path, content);
  }
  return found;
}

/**
 * One call for many files: what a commit, or the index, has more than an empty one. Where that is too much to be kept,
 * half of them at a time.
 */
async function storedTexts(
  side: Exclude<Side, { kind: 'workspace' }>,
  paths: readonly string[],
  ctx: GitContext,
): Promise<Map<string, SideContent>> {
  const commit = side.kind === 'commit' ? (side.commit ?? '') : '';
  const empty = commit.length === 64 ? EMPTY_TREES[64] : EMPTY_TREES[40];
  const how = [
    '-p',
    '-U2147483',
    '--text',
    '--no-color',
    '--no-renames',
    '--no-ext-diff',
    '--no-textconv',
    '--relative',
  ];
  const where = ['--src-prefix=a/', '--dst-prefix=b/', '--'];
  const command =
    side.kind === 'commit' ? ['diff-tree', '-r', ...how, empty, commit] : ['diff-index', '--cached', ...how, empty];
  const result = await git(['--literal-pathspecs', ...command, ...where, ...paths], ctx);
  if (result.kind === 'done') return addedTexts(result.output);
  const [path] = paths;
  if (path === undefined) return new Map();
  if (paths.length === 1)
    return new Map([
      [path, (await isStored(side, path, ctx)) ? { kind: 'tooLarge', bytes: LARGEST } : { kind: 'missing' }],
    ]);
  const half = Math.ceil(paths.length / 2);
  return new Map([
    ...(await storedTexts(side, paths.slice(0, half), ctx)),
    ...(await storedTexts(side, paths.slice(half), ctx)),
  ]);
}

async function isStored(side: Exclude<Side, { kind: 'workspace' }>, path: string, ctx: GitContext): Promise<boolean> {
  const object = `${side.kind === 'commit' ? side.commit : ''}:./${path}`;
  return (await git(['cat-file', '-e', object], ctx)).kind === 'done';
}

/** The whole texts in a diff that only adds files. How many lines there are says the head of each, so nothing in them can mislead. */
export function addedTexts(diff: string): Map<string, SideContent> {
  const found = new Map<string, SideContent>();
  const lines = diff.split('\n');
  let path: string | undefined;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line.startsWith('diff --git ')) {
      path = pathIn(line.slice('diff --git '.length));
      found.set(path, { kind: 'text', text: '' });
    }
    // A submodule is no file of this repository.
    if (line === 'new file mode 160000' && path !== undefined) found.delete(path);
    const count = /^@@ -0,0 \+1(?:,(\d+))? @@/.exec(line);
    if (!count || path === undefined) continue;
    const end = at + 1 + Number(count[1] ?? 1);
    const text = lines
      .slice(at + 1, end)
      .map((added) => added.slice(1))
      .join('\n');
    const isOpen = lines[end]?.startsWith('\\ ');
    if (found.has(path)) found.set(path, { kind: 'text', text: isOpen ? text : `${text}\n` });
    at = end - 1;
  }
  return found;
}

/** From "a/PATH b/PATH", both in quotes where a character of it must be. */
function pathIn(twice: string): string {
  const first = twice.slice(0, (twice.length - 1) / 2);
  return first.startsWith('"') ? unquoted(first.slice(1, -1)).slice(2) : first.slice(2);
}

const ESCAPES: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r' };

function unquoted(text: string): string {
  return text.replaceAll(/\\(?:([0-7]{3})|(.))/g, (_, octal?: string, letter?: string) =>
    octal === undefined ? (ESCAPES[letter ?? ''] ?? letter ?? '') : String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** What differs between two commits below a folder or in one file; a commit that is undefined is empty. */
export async function pathsBetween(
  from: string | undefined,
  to: string,
  file: string,
  ctx: GitContext,
): Promise<string[]> {
  const empty = to.length === 64 ? EMPTY_TREES[64] : EMPTY_TREES[40];
  const how = ['-r', '-z', '--name-only', '--no-renames', '--ignore-submodules=all', '--relative'];
  const result = await git(['--literal-pathspecs', 'diff-tree', ...how, from ?? empty, to, '--', file], ctx);
  if (result.kind !== 'done')
    throw new Error(`"git diff-tree" failed in ${ctx.workspace.root}. Run it there to see why.`);
  return recordsIn(result.output);
}
