import type { DeclaredFile, Plan, PlannedSubtask } from '../../shared/wire.ts';
import type { Workspace } from '../ports.ts';

/**
 * What makes a plan impossible, in words for the Planner; undefined where it can be worked on.
 * @param known ids of subtasks that exist already and may be depended on
 */
export function planComplaint(
  plan: readonly PlannedSubtask[],
  known: ReadonlySet<string> = new Set(),
): string | undefined {
  const ids = new Set<string>();
  for (const { id } of plan) {
    if (ids.has(id) || known.has(id)) return `The id "${id}" is used twice. Give every subtask an id of its own.`;
    ids.add(id);
  }
  for (const { id, depends_on } of plan) {
    for (const dependency of depends_on) {
      if (dependency === id) return `Subtask "${id}" depends on itself.`;
      if (!ids.has(dependency) && !known.has(dependency)) {
        return `Subtask "${id}" depends on "${dependency}", which does not exist. Known: ${[...known, ...ids].join(', ')}.`;
      }
    }
  }
  const cycle = findCycle(plan);
  if (cycle)
    return `The subtasks depend on each other in a circle: ${cycle.join(' → ')}. Remove one of these dependencies.`;
  for (const { id, files } of plan) {
    const outside = files.find(({ path }) => !isInside(path));
    if (outside)
      return `Subtask "${id}" names the file "${outside.path}", which is outside the workspace. Use paths relative to the workspace.`;
  }
  return undefined;
}

/**
 * Puts right what can be without a guess, for a Planner that cannot be brought to do it: a subtask that is there twice,
 * word for word, counts once; nothing waits for itself, or for what is no subtask.
 * @returns the plan, and a note for every correction
 */
export function mendedPlan(plan: Plan): { plan: Plan; notes: string[] } {
  const notes: string[] = [];
  const first = new Map<string, PlannedSubtask>();
  const once = plan.plan.filter((subtask) => {
    const same = first.get(subtask.id);
    if (same === undefined) first.set(subtask.id, subtask);
    const isAgain = same?.description === subtask.description && same.success_criteria === subtask.success_criteria;
    if (isAgain) notes.push(`${subtask.id}: it stood in the plan more than once.`);
    return !isAgain;
  });
  const subtasks = once.map((subtask) => {
    const known = subtask.depends_on.filter((id) => first.has(id) && id !== subtask.id);
    for (const id of subtask.depends_on) {
      if (id === subtask.id) notes.push(`${subtask.id}: it does not wait for itself.`);
      else if (!first.has(id)) notes.push(`${subtask.id}: "${id}" is no subtask, so it does not wait for it.`);
    }
    return { ...subtask, depends_on: known };
  });
  return { plan: { ...plan, plan: subtasks }, notes };
}

/** The subtasks with names that are not taken yet; what depends on a renamed one follows it. */
export function withFreshIds(subtasks: readonly PlannedSubtask[], taken: ReadonlySet<string>): PlannedSubtask[] {
  const used = new Set(taken);
  const names = new Map<string, string>();
  for (const { id } of subtasks) {
    let name = id;
    for (let number = 2; used.has(name); number += 1) name = `${id}_${number}`;
    used.add(name);
    names.set(id, name);
  }
  return subtasks.map((subtask) => ({
    ...subtask,
    id: names.get(subtask.id) ?? subtask.id,
    depends_on: subtask.depends_on.map((id) => names.get(id) ?? id),
  }));
}

/** Whether a declared path can be one of the workspace's: relative, without "..", and not in .git or .conclave. */
function isInside(path: string): boolean {
  const parts = path.replaceAll('\\', '/').split('/');
  return (
    path.trim() !== '' &&
    !/^([a-z]:|\/|\\|~)/i.test(path) &&
    !parts.includes('..') &&
    !/^(\.git|\.conclave)$/i.test(parts[0] ?? '') &&
    !path.includes('\0')
  );
}

function findCycle(plan: readonly PlannedSubtask[]): string[] | undefined {
  const byId = new Map(plan.map((subtask) => [subtask.id, subtask]));
  const finished = new Set<string>();
  const walk = (id: string, path: string[]): string[] | undefined => {
    if (path.includes(id)) return [...path.slice(path.indexOf(id)), id];
    if (finished.has(id)) return undefined;
    for (const dependency of byId.get(id)?.depends_on ?? []) {
      const cycle = walk(dependency, [...path, id]);
      if (cycle) return cycle;
    }
    finished.add(id);
    return undefined;
  };
  for (const { id } of plan) {
    const cycle = walk(id, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/**
 * Brings what the plan declares in line with the workspace: paths in one form, "create" only for files that are not
 * there, "modify" only for files that are (or that another subtask creates); what cannot be touched is taken off.
 * @returns the plan, and a note for every correction
 */
export async function settleFiles(plan: Plan, workspace: Workspace): Promise<{ plan: Plan; notes: string[] }> {
  const notes: string[] = [];
  const created = new Set<string>();
  const subtasks: PlannedSubtask[] = [];
  for (const subtask of plan.plan) {
    const files: DeclaredFile[] = [];
    for (const file of subtask.files) {
      const path = file.path.replaceAll('\\', '/').replace(/^\.\//, '');
      const { kind } = await workspace.read(path);
      if (kind === 'forbidden') {
        notes.push(`${subtask.id}: ${path} cannot be changed by a run and was taken off its files.`);
        continue;
      }
      const exists = kind !== 'missing' || created.has(path);
      if (!exists && file.action === 'delete') {
        notes.push(`${subtask.id}: ${path} does not exist, so there is nothing to delete.`);
        continue;
      }
      const action = exists ? (file.action === 'create' ? 'modify' : file.action) : 'create';
      if (action === 'create') created.add(path);
      if (action !== file.action)
        notes.push(
          `${subtask.id}: ${path} ${exists ? 'exists' : 'does not exist'}, so "${file.action}" became "${action}".`,
        );
      if (!files.some((other) => other.path === path)) files.push({ path, action });
    }
    subtasks.push({ ...subtask, files });
  }
  return { plan: { ...plan, plan: subtasks }, notes };
}

/** Whether two subtasks declare a file in common; ones that declare nothing overlap with everything. */
export function overlap(a: PlannedSubtask, b: PlannedSubtask): boolean {
  if (a.files.length === 0 || b.files.length === 0) return true;
  const paths = new Set(a.files.map(({ path }) => path));
  return b.files.some(({ path }) => paths.has(path));
}

/** The ids that `id` depends on, directly or not, within `plan`. */
export function transitiveDependencies(id: string, plan: readonly PlannedSubtask[]): Set<string> {
  const byId = new Map(plan.map((subtask) => [subtask.id, subtask]));
  const found = new Set<string>();
  const visit = (of: string): void => {
    for (const dependency of byId.get(of)?.depends_on ?? []) {
      if (found.has(dependency)) continue;
      found.add(dependency);
      visit(dependency);
    }
  };
  visit(id);
  return found;
}

/**
 * The plan with one subtask's replacements in its place: what depended on it depends on all of them. The replacements
 * of one that the plan does not hold (the merged change) follow everything, and depend on it.
 */
export function replaceSubtask(
  plan: readonly PlannedSubtask[],
  id: string,
  replacements: readonly PlannedSubtask[],
): PlannedSubtask[] {
  const ids = replacements.map((subtask) => subtask.id);
  const old = plan.find((subtask) => subtask.id === id);
  const inherited = old?.depends_on ?? plan.map((subtask) => subtask.id);
  const fresh = replacements.map((subtask) => ({
    ...subtask,
    depends_on: [...new Set([...inherited, ...subtask.depends_on.filter((dependency) => dependency !== id)])],
  }));
  if (!old) return [...plan, ...fresh];
  return plan.flatMap((subtask) =>
    subtask.id === id
      ? fresh
      : [
          {
            ...subtask,
            depends_on: subtask.depends_on.flatMap((dependency) => (dependency === id ? ids : [dependency])),
          },
        ],
  );
}
