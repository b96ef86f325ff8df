import type { FileAction, FileState } from '../../shared/events.ts';
import type { Workspace } from '../ports.ts';
import type { SettledBlock } from './block.ts';
import { hashText } from './hash.ts';
import type { Miss } from './misses.ts';
import { textAfter } from './textAfter.ts';
import { countChanges } from './textLines.ts';
import { unmasked } from './unmasked.ts';
import { workspacePath } from './workspacePath.ts';

/** A file as it was when the run first touched it. Both null where there was none. */
export interface BaseText {
  readonly text: string | null;
  /** SHA-256 (hex) of its bytes. */
  readonly hash: string | null;
}

export interface ChangedFile {
  readonly path: string;
  readonly base: BaseText;
  /** As it shall be; null where it shall be gone. Never the base's text. */
  readonly text: string | null;
  /** For a rename: where it was. That file is in the change set too, deleted. */
  readonly from?: string;
}

/** Proposed file states over a base. A value: every change makes a new one. */
export interface ChangeSet {
  readonly files: ReadonlyMap<string, ChangedFile>;
}

export const emptyChangeSet: ChangeSet = { files: new Map() };

export type BlockOutcome =
  | {
      kind: 'applied';
      changes: ChangeSet;
      path: string;
      action: FileAction;
      /** For a rename: where it was until now. */
      from?: string;
      added: number;
      removed: number;
      state: FileState;
      /** The base of a file that the change set did not hold yet; of a rename's, the file renamed. */
      based?: { path: string; hash: string | null; text: string | null };
    }
  /** `reason` is for the model: what is wrong and what to do. `miss`: what it searched was not found, or not only once. */
  | { kind: 'rejected'; path: string; reason: string; miss?: Miss };

/**
 * Applies one block on top of the change set, or says why not; then nothing has changed.
 * @param workspace the base: the files without any changes
 */
export async function applyBlock(changes: ChangeSet, block: SettledBlock, workspace: Workspace): Promise<BlockOutcome> {
  if (block.kind === 'malformed') return { kind: 'rejected', path: block.path ?? '', reason: block.reason };
  const written = block.kind === 'rename' ? block.from : block.path;
  const named = workspacePath(written);
  if (named.kind === 'refused') return { kind: 'rejected', path: written, reason: named.reason };
  const { path } = named;
  const refused = (reason: string): BlockOutcome => ({ kind: 'rejected', path, reason });
  const found = await currentFile(changes, path, workspace);
  if (found.kind === 'refused') return refused(found.reason);
  const { base, text: before } = found;
  const based = changes.files.has(path) ? {} : { based: { path, ...base } };
  const applied = (state: FileState, action: FileAction, counts: { added: number; removed: number }, other = base) => {
    const after = withStates(changes, [state], (touched) => (touched === path ? base : other));
    const from = action === 'rename' ? { from: path } : {};
    return { kind: 'applied' as const, changes: after, path: state.path, action, ...from, ...counts, state, ...based };
  };

  if (block.kind === 'delete' || block.kind === 'rename') {
    if (before === null) return refused(await missing(changes, path, workspace));
    if (block.kind === 'delete') return applied({ path, text: null }, 'delete', countChanges(before, ''));
    const target = await renameTarget(changes, path, block.to, workspace);
    if (target.kind === 'refused') return refused(target.reason);
    const state = { path: target.path, text: before, from: path };
    return applied(state, 'rename', { added: 0, removed: 0 }, target.base);
  }

  const isCreation = before === null && (block.kind !== 'edit' || block.search.every((line) => line.trim() === ''));
  if (before === null && !isCreation) {
    const hint = 'To create it, write a block with an empty SEARCH.';
    return refused(`${await missing(changes, path, workspace)} ${hint}`);
  }
  const obstacle = isCreation ? await obstacleTo(changes, path, workspace) : undefined;
  if (obstacle !== undefined) return refused(obstacle);
  const own = unmasked(block, path, before);
  if (own.kind === 'refused') return refused(own.reason);
  const outcome = textAfter(own.block, path, before, base.text ?? '');
  if (outcome.kind === 'rejected') return { ...outcome, path };
  const from = changes.files.get(path)?.from;
  const state: FileState = { path, text: outcome.text, ...(from !== undefined && { from }) };
  return applied(state, isCreation ? 'create' : 'modify', countChanges(before ?? '', outcome.text));
}

/** All file states, sorted by path. */
export function fileStates(changes: ChangeSet): FileState[] {
  return [...changes.files.values()].sort(byPath).map(stateOf);
}

/** What differs in `end` from `start`, sorted by path. A file back at its base is there with its base's text. */
export function ownChanges(start: ChangeSet, end: ChangeSet): FileState[] {
  return changedPaths(start, end).map((path) => {
    const file = end.files.get(path);
    return file ? stateOf(file) : { path, text: start.files.get(path)?.base.text ?? null };
  });
}

/**
 * The change set with recorded states on top, in their order; `from` deletes the file there.
 * @param baseOf the recorded base of a path that is not in the change set yet; undefined where there was no file
 */
export function withStates(
  changes: ChangeSet,
  states: readonly FileState[],
  baseOf: (path: string) => BaseText | undefined,
): ChangeSet {
  const base = (path: string): BaseText => changes.files.get(path)?.base ?? baseOf(path) ?? { text: null, hash: null };
  return states.reduce((current, { path, text, from }) => {
    const files = new Map(current.files);
    if (from !== undefined) files.set(from, { path: from, base: base(from), text: null });
    // A file renamed twice came from where it was first.
    const origin = from === undefined ? undefined : (current.files.get(from)?.from ?? from);
    files.set(path, { path, base: base(path), text, ...(origin !== undefined && { from: origin }) });
    return tidied(files);
  }, changes);
}

export function sameChanges(a: ChangeSet, b: ChangeSet): boolean {
  return changedPaths(a, b).length === 0;
}

/**
 * Brings what a subtask changed between `start` and `end` into `merged`. A path collides where `merged` has meanwhile
 * left the state that the subtask started from, unless both came to the same.
 */
export function integrate(
  merged: ChangeSet,
  start: ChangeSet,
  end: ChangeSet,
): { kind: 'merged'; changes: ChangeSet } | { kind: 'collided'; paths: string[] } {
  const own = changedPaths(start, end);
  const paths = own.filter((path) => {
    if (isSame(merged, end, path)) return false;
    const isInTheWay = typeof end.files.get(path)?.text === 'string' && fileInTheWay(merged, path) !== undefined;
    return isInTheWay || !isSame(merged, start, path);
  });
  if (paths.length > 0) return { kind: 'collided', paths };
  const files = new Map(merged.files);
  for (const path of own.filter((changed) => isSame(merged, start, changed))) {
    const file = end.files.get(path);
    if (file) files.set(path, { ...file, base: merged.files.get(path)?.base ?? file.base });
    else files.delete(path);
  }
  return { kind: 'merged', changes: tidied(files) };
}

function stateOf({ path, text, from }: ChangedFile): FileState {
  return { path, text, ...(from !== undefined && { from }) };
}

function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : 1;
}

function changedPaths(a: ChangeSet, b: ChangeSet): string[] {
  const paths = new Set([...a.files.keys(), ...b.files.keys()]);
  return [...paths].filter((path) => !isSame(a, b, path) || a.files.get(path)?.from !== b.files.get(path)?.from).sort();
}

/** A file that is not in a change set is as its base is, which differs from every changed text. */
function isSame(a: ChangeSet, b: ChangeSet, path: string): boolean {
  return a.files.get(path)?.text === b.files.get(path)?.text;
}

/** Leaves out files that are as their base is, and takes back what is no rename (any more). */
function tidied(files: ReadonlyMap<string, ChangedFile>): ChangeSet {
  const tidy = new Map<string, ChangedFile>();
  const origins = new Set<string>();
  for (const file of [...files.values()].sort(byPath)) {
    if (file.text === file.base.text) continue;
    const { from, ...plain } = file;
    const origin = from === undefined ? undefined : files.get(from);
    const isRename =
      from !== undefined &&
      file.base.text === null &&
      origin?.text === null &&
      origin.base.text !== null &&
      !origins.has(from);
    if (isRename) origins.add(from);
    tidy.set(file.path, isRename ? file : plain);
  }
  return { files: tidy };
}

type CurrentFile = { kind: 'file'; base: BaseText; text: string | null } | { kind: 'refused'; reason: string };

/** The file as the change set has it, else as it is in the workspace. */
async function currentFile(changes: ChangeSet, path: string, workspace: Workspace): Promise<CurrentFile> {
  const changed = changes.files.get(path);
  if (changed) return { kind: 'file', base: changed.base, text: changed.text };
  const refused = (why: string): CurrentFile => ({ kind: 'refused', reason: `${path} ${why}.` });
  // It says what agents may see.
  if (/(?:^|\/)\.conclaveignore[. ]*$/i.test(path)) return refused('is for the user alone to change');
  const content = await workspace.read(path);
  switch (content.kind) {
    case 'text':
      if (hashText(content.text) !== content.hash) return refused('is not plain UTF-8 text; it cannot be changed here');
      return { kind: 'file', base: { text: content.text, hash: content.hash }, text: content.text };
    case 'missing':
      return { kind: 'file', base: { text: null, hash: null }, text: null };
    case 'binary':
      return refused(
        content.decoded === undefined
          ? 'is a binary file; only text files can be changed'
          : `is kept as ${content.decoded.encoding}; only UTF-8 text can be changed`,
      );
    case 'tooLarge':
      return refused(`is too large (${content.bytes} bytes) to be changed`);
    case 'directory':
      return refused('is a folder; name a file in it');
    case 'forbidden':
      return refused(`cannot be changed: ${content.reason}`);
    default:
      return content satisfies never;
  }
}

type RenameTarget = { kind: 'target'; path: string; base: BaseText } | { kind: 'refused'; reason: string };

async function renameTarget(changes: ChangeSet, from: string, to: string, workspace: Workspace): Promise<RenameTarget> {
  const named = workspacePath(to);
  if (named.kind === 'refused') return named;
  const { path } = named;
  const refused = (reason: string): RenameTarget => ({ kind: 'refused', reason });
  if (path === from) return refused(`${path} already has that name.`);
  const target = await currentFile(changes, path, workspace);
  if (target.kind === 'refused') return target;
  if (target.text !== null) return refused(`${path} exists already. Delete it first, or choose another name.`);
  const obstacle = await obstacleTo(changes, path, workspace, from);
  return obstacle === undefined ? { kind: 'target', path, base: target.base } : refused(obstacle);
}

/** Why no file can be created there: something else stands where its folders, or files in it, would be. */
async function obstacleTo(
  changes: ChangeSet,
  path: string,
  workspace: Workspace,
  leaving?: string,
): Promise<string | undefined> {
  const inTheWay = fileInTheWay(changes, path);
  if (inTheWay !== undefined && inTheWay !== leaving)
    return `${path} cannot be a file beside ${inTheWay}: one would be a folder.`;
  for (const folder of foldersOf(path)) {
    if (changes.files.has(folder) || folder === leaving) continue;
    const { kind } = await workspace.read(folder);
    if (kind === 'missing') continue;
    return kind === 'directory' ? undefined : `${folder} is a file, so there can be no ${path}.`;
  }
  return undefined;
}

/** A changed file that is where a folder of the path should be, or that lies below the path. */
function fileInTheWay(changes: ChangeSet, path: string): string | undefined {
  for (const { path: other, text } of changes.files.values()) {
    if (text !== null && (other.startsWith(`${path}/`) || path.startsWith(`${other}/`))) return other;
  }
  return undefined;
}

/** The folders a path lies in, innermost first. */
function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, parts.length - i).join('/'));
}

async function missing(changes: ChangeSet, path: string, workspace: Workspace): Promise<string> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const listed = (await workspace.list())
    .map((file) => file.path)
    .filter((other) => changes.files.get(other)?.text !== null);
  const created = [...changes.files.values()].filter((file) => file.text !== null).map((file) => file.path);
  const alike = [...new Set([...created, ...listed])].filter((other) => other === name || other.endsWith(`/${name}`));
  const hint = alike.length === 0 ? '' : ` Did you mean ${alike.sort().slice(0, 3).join(' or ')}?`;
  return `${path} does not exist.${hint}`;
}
