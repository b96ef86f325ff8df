import { type CheckReport, type EventOf, ROLES, type Role } from '../../shared/events.ts';
import { MERGED } from '../../shared/runState.ts';
import type { DeclaredFile, Plan, PlannedSubtask } from '../../shared/wire.ts';
import {
  checksOf,
  type FileHash,
  fileHash,
  jsonOfPlan,
  keptPlanFrom,
  planKey,
  whyNotNow,
} from '../memory/planCache.ts';
import {
  jsonOfTemplates,
  mayAsk,
  outlineOfTask,
  type Template,
  type Templates,
  templateOf,
  templatesFrom,
  templatesKey,
  withLookup,
  withoutRun,
  withTemplate,
} from '../memory/planTemplates.ts';
import type { Rule } from '../rules/findRules.ts';
import { NEEDED_ROLES } from '../settings.ts';
import { askIntents } from './intents.ts';
import { RESERVED_IDS } from './progress.ts';
import type { RunContext } from './runContext.ts';

/** What a plan is wanted for. */
export interface PlanWanted {
  /** As the user gave it. */
  task: string;
  /** No plan of an earlier run shall be taken. */
  fresh: boolean;
  rules: readonly Rule[];
  baseChecks: CheckReport;
  /** What the Planner is told whatever the task is, beside its prompt. */
  requests: readonly string[];
}

type Lookup = EventOf<'plan.cached'> | EventOf<'plan.uncached'>;

/**
 * Looks in the plan cache, as a recorded step, so that a resumed run goes the same way. Asks no model unless the workspace
 * has templates. @returns undefined where the cache is off, or a run from before it goes on
 */
export async function lookUpPlan(run: RunContext, wanted: PlanWanted): Promise<Lookup | undefined> {
  const recorded = recordedLookup(run);
  if (recorded) return recorded;
  if (run.settings.planCache === 'off' || run.journal.recordedStep('plan/started')) return undefined;
  return run.journal.step('plan/cache', async (): Promise<Lookup> => {
    const key = await keyOf(run, wanted);
    if (wanted.fresh) {
      if (!run.fork) await run.memory.forgetPlan(key);
      return { type: 'plan.uncached', key, because: 'a fresh plan is wanted', notes: [] };
    }
    const exact = await exactHit(run, key, wanted.baseChecks);
    return typeof exact === 'string' ? templateHit(run, key, wanted.task, exact) : exact;
  });
}

/** The plan that the run took as it was, from the cache. */
export function planTakenAgain({ journal }: Pick<RunContext, 'journal'>): Plan | undefined {
  const lookup = recordedLookup({ journal });
  return lookup?.type === 'plan.cached' && lookup.hit.kind === 'exact' ? lookup.hit.plan : undefined;
}

/**
 * How the files that a plan rests on are: those that it names, and those that were read for it. Undefined where one that it
 * names has no hash.
 */
export async function filesOfPlan(
  run: RunContext,
  plan: Plan,
  read: readonly string[],
): Promise<FileHash[] | undefined> {
  const named = new Set(plan.plan.flatMap(({ files }) => files.map(({ path }) => path)));
  const hashes: FileHash[] = [];
  for (const path of [...new Set([...named, ...read])].sort()) {
    const found = await fileHash(run.base.workspace, path);
    if (found !== undefined) hashes.push(found);
    else if (named.has(path)) return undefined;
  }
  return hashes;
}

/**
 * Keeps the run's plan: for the same task on the same files, and, where it led to an approved change, its outline for tasks
 * of the same kind. Not where the Planner had to plan anew within the run: then it was not good enough. What forks plan, on
 * files of then and by other models, leaves the cache as it is.
 */
export async function keepPlan(
  run: RunContext,
  task: string,
  baseChecks: CheckReport,
  isProven: boolean,
): Promise<void> {
  const lookup = recordedLookup(run);
  const proposed = run.journal.recordedStep('plan/proposed');
  if (!lookup || proposed?.type !== 'plan.proposed' || run.fork) return;
  if (wasPlannedAnew(run)) return forgetPlan(run);
  const from = { run: run.runId, at: proposed.at };
  if (planTakenAgain(run) === undefined && proposed.files !== undefined) {
    const answers = run.journal
      .outcomes()
      .flatMap((event) =>
        event.type === 'plan.answered' && event.step?.startsWith('plan/questions-') ? event.answers : [],
      );
    const kept = { plan: proposed.plan, answers, files: proposed.files, checks: checksOf(baseChecks), ...from };
    const json = jsonOfPlan(kept);
    if (json !== undefined) await run.memory.keepPlan(lookup.key, json);
  }
  if (!isProven) return;
  const { intent } = lookup;
  const template = templateOf(task, proposed.plan, { ...from, ...(intent === undefined ? {} : { intent }) });
  await changeTemplates(run, (kept) => withTemplate(kept, template));
}

/** Forgets the plan of the run, for its task and as an outline: its user did not want what came of it, or nothing did. */
export async function forgetPlan(run: RunContext): Promise<void> {
  const lookup = recordedLookup(run);
  if (!lookup || run.fork) return;
  await run.memory.forgetPlan(lookup.key);
  const runs = [run.runId, ...(planTakenAgain(run) && lookup.type === 'plan.cached' ? [lookup.run] : [])];
  await changeTemplates(run, (kept) => withoutRun(kept, runs));
}

/**
 * What a subtask may change where the plan was taken again: only what the plan declares for it. Undefined where that is
 * left to the Coder, as ever: the Planner of this run has planned it.
 * @param plan as it is now, with what was planned anew
 */
export function boundsOf(
  run: RunContext,
  subtask: PlannedSubtask,
  plan: readonly PlannedSubtask[],
): readonly DeclaredFile[] | undefined {
  const taken = planTakenAgain(run);
  if (taken === undefined) return undefined;
  const isTaken = ({ id }: PlannedSubtask): boolean => taken.plan.some((one) => one.id === id);
  if (subtask.id !== MERGED) return isTaken(subtask) ? subtask.files : undefined;
  return plan.every(isTaken) ? plan.flatMap(({ files }) => files) : undefined;
}

function recordedLookup({ journal }: Pick<RunContext, 'journal'>): Lookup | undefined {
  const recorded = journal.recordedStep('plan/cache');
  return recorded?.type === 'plan.cached' || recorded?.type === 'plan.uncached' ? recorded : undefined;
}

function wasPlannedAnew({ journal }: Pick<RunContext, 'journal'>): boolean {
  return journal.outcomes().some((event) => event.type === 'plan.proposed' && event.replanFor !== undefined);
}

async function keyOf(run: RunContext, { task, rules, requests }: PlanWanted): Promise<string> {
  const input = run.journal.recordedStep('input');
  const isCondensed = input?.type === 'input.preprocessed' && input.by === 'preprocessor';
  const roles: readonly Role[] = isCondensed ? ['preprocessor', ...NEEDED_ROLES] : NEEDED_ROLES;
  return planKey({
    workspace: run.workspace.root,
    task,
    prompts: [...ROLES.map((role) => run.prompts[role]), ...requests],
    models: await Promise.all(roles.map((role) => servedFor(run, role))),
    rules,
  });
}

/** Milliseconds that a server which the run does not need yet may take to say what it serves. */
const PATIENCE = 2_000;

/** A plan alone needs only the Planner: then other servers may be away, and the plan is kept for when they are. */
async function servedFor(run: RunContext, role: Role): Promise<string[]> {
  try {
    const { model, root } = await run.models[role].served(AbortSignal.any([run.signal, AbortSignal.timeout(PATIENCE)]));
    return [role, model, root ?? ''];
  } catch {
    run.signal.throwIfAborted();
    return [role];
  }
}

async function exactHit(run: RunContext, key: string, baseChecks: CheckReport): Promise<Lookup | string> {
  const json = await run.memory.plan(key);
  if (json === undefined) return 'this task was not planned before';
  const kept = keptPlanFrom(json);
  if (kept === undefined) return 'what is kept of this task is damaged';
  const checks = checksOf(baseChecks);
  const reserved = new Set(RESERVED_IDS);
  const objection = await whyNotNow(kept, { workspace: run.base.workspace, checks, reserved });
  if (objection !== undefined) return `what was planned for this task is not taken again: ${objection}`;
  const { plan, answers, run: by, at } = kept;
  return { type: 'plan.cached', key, run: by, plannedAt: at, hit: { kind: 'exact', plan, answers }, notes: [] };
}

async function templateHit(run: RunContext, key: string, task: string, because: string): Promise<Lookup> {
  const kept = templatesFrom(await run.memory.plan(templatesKey(run.workspace.root)));
  const own = outlineOfTask(task);
  const hit = (template: Template, intent: string | undefined): Lookup => ({
    type: 'plan.cached',
    key,
    run: template.run,
    plannedAt: template.at,
    hit: { kind: 'template', outline: `Task: ${template.task}\n${template.plan}` },
    ...(intent === undefined ? {} : { intent }),
    notes: [],
  });
  const none = (intent?: string, told?: string): Lookup => ({
    type: 'plan.uncached',
    key,
    because,
    ...(intent === undefined ? {} : { intent }),
    notes: told === undefined ? [] : [told],
  });
  // The same but for names and numbers: that is the same kind, whatever a model calls it.
  const same = kept.templates.findLast((template) => template.task === own);
  if (same) return hit(same, same.intent);
  if (kept.templates.length === 0 || !mayAsk(kept, run.now())) return none();
  const asked = await askIntents(run, own, kept.templates);
  const found = asked?.templates.findLast(({ intent }) => intent === asked.own);
  const { kept: counted, told } = withLookup(
    { ...kept, templates: asked?.templates ?? kept.templates },
    found !== undefined,
    run.now(),
  );
  await run.memory.keepPlan(templatesKey(run.workspace.root), jsonOfTemplates(counted));
  return found ? hit(found, asked?.own) : none(asked?.own, told);
}

async function changeTemplates(run: RunContext, change: (kept: Templates) => Templates): Promise<void> {
  const key = templatesKey(run.workspace.root);
  const json = await run.memory.plan(key);
  const before = templatesFrom(json);
  const after = change(before);
  if (json === undefined && after.templates.length === 0) return;
  if (JSON.stringify(after) !== JSON.stringify(before)) await run.memory.keepPlan(key, jsonOfTemplates(after));
}
