import { z } from 'zod';
import type { Answer, CheckReport } from '../../shared/events.ts';
import type { Plan } from '../../shared/wire.ts';
import { hashText } from '../changes/hash.ts';
import { workspacePath } from '../changes/workspacePath.ts';
import { parsedJson } from '../models/parsedJson.ts';
import { planComplaint, settleFiles } from '../orchestrator/planGraph.ts';
import { normalise } from '../orchestrator/preprocessing.ts';
import type { Workspace } from '../ports.ts';

/** Changes whenever entries, or what goes into their keys, mean something else. */
const FORMAT = 1;

/** A plan that can be taken again, with all that has to be as it was then. */
export interface KeptPlan {
  plan: Plan;
  /** The user's, that it was made with. */
  answers: Answer[];
  /** Every file that it names or was made from, as it was then. */
  files: FileHash[];
  checks: KeptChecks;
  /** The run that planned it, and when (ISO 8601, UTC). */
  run: string;
  at: string;
}

export interface FileHash {
  path: string;
  /** SHA-256 (hex) of its bytes; null where there was no file. */
  hash: string | null;
}

/** How the checks ended before any change, and the names of those that were red, sorted. */
export interface KeptChecks {
  status: CheckReport['status'];
  red: string[];
}

/** What a plan is made from, beside the files that it names. */
export interface PlanBasis {
  workspace: string;
  /** As the user gave it. */
  task: string;
  /** Every text that roles are told whatever the task is. */
  prompts: readonly string[];
  /** What each role's server serves. */
  models: readonly (readonly string[])[];
  rules: readonly { path: string; text: string }[];
}

/** The key of a plan: SHA-256 (hex). */
export function planKey({ workspace, task, prompts, models, rules }: PlanBasis): string {
  const told = rules.map(({ path, text }) => [path, text]);
  return hashText(JSON.stringify(['plan', FORMAT, workspace, foldedTask(task), prompts, models, told]));
}

/**
 * A task as it is compared: spaces between words, and a full stop at the end, make no other task. Where a text is quoted,
 * or there are several lines, that could be a part of what is wanted; so can upper and lower case anywhere.
 */
export function foldedTask(task: string): string {
  const text = normalise(task);
  if (/[\n"'`“”‘’«»]/.test(text)) return text;
  return text.replace(/[ \t]+/g, ' ').replace(/(?<=\p{L})\.$/u, '');
}

/** Characters of the JSON text of an entry; plans are a few thousand. */
const LONGEST = 256 * 1024;

const line = z.string().max(4000);
const keptSchema = z.strictObject({
  format: z.literal(FORMAT),
  plan: z.strictObject({
    task_understood: line,
    plan: z
      .array(
        z.strictObject({
          id: z.string().regex(/^[\w.-]{1,60}$/),
          description: z.string().trim().min(1).max(20_000),
          success_criteria: z.string().trim().min(1).max(20_000),
          depends_on: z.array(line).max(40),
          // What declares no file could change any.
          files: z
            .array(z.strictObject({ path: line, action: z.enum(['create', 'modify', 'delete']) }))
            .min(1)
            .max(100),
          assigned_to: line.optional(),
        }),
      )
      .min(1)
      .max(20),
    clarifications_needed: z.array(line).max(0),
    known_failures: z.array(line).max(1000),
    risks: z.array(line).max(100),
  }),
  answers: z.array(z.strictObject({ id: line, question: line, answer: z.string().max(20_000) })).max(50),
  files: z
    .array(
      z.strictObject({
        path: line,
        hash: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .nullable(),
      }),
    )
    .max(1000),
  checks: z.strictObject({
    status: z.enum(['passed', 'failed', 'timed_out', 'could_not_run', 'none']),
    red: z.array(line).max(5000),
  }),
  run: z.string().regex(/^[\w-]{1,60}$/),
  at: z.iso.datetime(),
});

/** @returns undefined where the plan is none that could be taken again */
export function jsonOfPlan(kept: KeptPlan): string | undefined {
  const json = JSON.stringify({ format: FORMAT, ...kept });
  return keptPlanFrom(json) === undefined ? undefined : json;
}

/** An entry from what a store kept of it; undefined where it is anything else. */
export function keptPlanFrom(json: string): KeptPlan | undefined {
  if (json.length > LONGEST) return undefined;
  const parsed = keptSchema.safeParse(parsedJson(json));
  if (!parsed.success) return undefined;
  const { plan, answers, files, checks, run, at } = parsed.data;
  const subtasks = plan.plan.map(({ assigned_to, ...subtask }) => ({
    ...subtask,
    ...(assigned_to === undefined ? {} : { assigned_to }),
  }));
  return { plan: { ...plan, plan: subtasks }, answers, files, checks, run, at };
}

export function checksOf(report: CheckReport): KeptChecks {
  return { status: report.status, red: [...new Set(report.failed.map(({ name }) => name))].sort() };
}

/**
 * Why a kept plan is not taken as things are now, a clause without a full stop; undefined where it can be.
 * @param reserved ids that no subtask may have
 */
export async function whyNotNow(
  { plan, files, checks }: KeptPlan,
  now: { workspace: Workspace; checks: KeptChecks; reserved: ReadonlySet<string> },
): Promise<string | undefined> {
  if (JSON.stringify(checks) !== JSON.stringify(now.checks)) return 'other checks are red than when it was made';
  const complaint = planComplaint(plan.plan, now.reserved);
  if (complaint !== undefined) return `it cannot be worked on: ${complaint.replace(/\.$/, '')}`;
  const known = new Set(files.map(({ path }) => path));
  const named = plan.plan.flatMap((subtask) => subtask.files.map(({ path }) => path));
  for (const path of new Set([...known, ...named])) {
    const place = workspacePath(path);
    if (place.kind === 'refused' || place.path !== path) return 'it names what is no file of the workspace';
    if (!known.has(path)) return `it does not say how ${path} was`;
  }
  for (const { path, hash } of files) {
    const found = await fileHash(now.workspace, path);
    if (found === undefined || found.hash !== hash) return `${path} is not as it was when it was made`;
  }
  const settled = await settleFiles(plan, now.workspace);
  const fits = settled.notes.length === 0 && JSON.stringify(settled.plan.plan) === JSON.stringify(plan.plan);
  return fits ? undefined : 'what it declares does not fit the workspace';
}

/**
 * How a file is now; undefined for what is no file of the workspace that could be hashed, or is not where its path says: who
 * may change the one must not change the other by it.
 */
export async function fileHash(workspace: Workspace, path: string): Promise<FileHash | undefined> {
  const content = await workspace.read(path);
  if ('elsewhere' in content) return undefined;
  if (content.kind === 'missing') return { path, hash: null };
  return content.kind === 'text' || content.kind === 'binary' ? { path, hash: content.hash } : undefined;
}
