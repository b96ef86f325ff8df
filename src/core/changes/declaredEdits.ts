import type { DeclaredFile } from '../../shared/wire.ts';
import type { BlockOutcome, ChangeSet } from './changeSet.ts';

/**
 * Why an edit is not among what a plan declares, for the model; undefined where it is. Asked for a subtask whose plan was
 * not made by the Planner of its own run, so that nothing can change that the plan does not name.
 * @param before the change set without the edit
 */
export function undeclaredEdit(
  { path, action, from }: Pick<Extract<BlockOutcome, { kind: 'applied' }>, 'path' | 'action' | 'from'>,
  before: ChangeSet,
  based: { hash: string | null } | undefined,
  declared: readonly DeclaredFile[],
): string | undefined {
  const may = (file: string, ...actions: DeclaredFile['action'][]): boolean =>
    declared.some((one) => one.path === file && actions.includes(one.action));
  const only = `The plan is an earlier one, taken again: it allows only this: ${declared.map((one) => `${one.action} ${one.path}`).join(', ') || 'nothing'}. Keep to these files; what they do not allow is not needed.`;
  if (action === 'rename') {
    return from !== undefined && may(from, 'delete') && may(path, 'create')
      ? undefined
      : `The plan does not let ${from ?? 'it'} be renamed to ${path}. ${only}`;
  }
  if (!declared.some((one) => one.path === path)) return `The plan does not name ${path}. ${only}`;
  const isNew = (before.files.get(path)?.base ?? based)?.hash === null;
  const isAllowed =
    action === 'delete'
      ? may(path, 'delete') || (isNew && may(path, 'create'))
      : action === 'create'
        ? isNew && may(path, 'create')
        : may(path, 'modify') || (isNew && may(path, 'create'));
  return isAllowed ? undefined : `The plan does not let you ${action} ${path}. ${only}`;
}
