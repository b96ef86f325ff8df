import { z } from 'zod';
import type { Plan } from '../../shared/wire.ts';
import { clip } from '../agents/shareRoom.ts';
import { hashText } from '../changes/hash.ts';
import { parsedJson } from '../models/parsedJson.ts';
import { outlined } from './outline.ts';

/** A plan that led to an approved change, without what was special about it. */
export interface Template {
  task: string;
  plan: string;
  /** What kind of task it is, in a model's words; asked for at the next look-up. */
  intent?: string | undefined;
  run: string;
  /** ISO 8601, UTC. */
  at: string;
}

/** What is kept for a workspace: templates, oldest first, and how often looking one up was of use. */
export interface Templates {
  templates: Template[];
  /** Of the last look-ups that cost a request, whether each found one. */
  found: boolean[];
  /** Since when there are no such look-ups any more, because they found too little (ISO 8601, UTC). */
  offSince?: string | undefined;
}

export const MOST_TEMPLATES = 20;
/** Look-ups that are remembered, and judged together. */
const LOOKUPS = 20;
/** Below this share of finds, looking costs more than it brings. */
const LEAST_FOUND = 0.1;
const OFF_FOR_DAYS = 30;
const DAY = 24 * 60 * 60 * 1000;
const LONGEST_TASK = 1500;
const LONGEST_PLAN = 6000;
const LONGEST_JSON = 512 * 1024;
const FORMAT = 1;

const schema = z.strictObject({
  format: z.literal(FORMAT),
  templates: z
    .array(
      z.strictObject({
        task: z.string().min(1).max(LONGEST_TASK),
        plan: z.string().min(1).max(LONGEST_PLAN),
        intent: z
          .string()
          .regex(/^[a-z0-9_]{1,80}$/)
          .optional(),
        run: z.string().regex(/^[\w-]{1,60}$/),
        at: z.iso.datetime(),
      }),
    )
    .max(MOST_TEMPLATES),
  found: z.array(z.boolean()).max(LOOKUPS),
  offSince: z.iso.datetime().optional(),
});

export const noTemplates: Templates = { templates: [], found: [] };

/** Under which key the templates of a workspace are kept: SHA-256 (hex). */
export function templatesKey(workspace: string): string {
  return hashText(JSON.stringify(['templates', workspace]));
}

/** What a store kept; none where it is anything else. */
export function templatesFrom(json: string | undefined): Templates {
  if (json === undefined || json.length > LONGEST_JSON) return noTemplates;
  const parsed = schema.safeParse(parsedJson(json));
  if (!parsed.success) return noTemplates;
  const { templates, found, offSince } = parsed.data;
  return { templates, found, offSince };
}

export function jsonOfTemplates(templates: Templates): string {
  return JSON.stringify({ format: FORMAT, ...templates });
}

/** A template of a task and the plan that it was done by. */
export function templateOf(task: string, plan: Plan, from: Pick<Template, 'intent' | 'run' | 'at'>): Template {
  const subtasks = plan.plan.map(({ id, description, success_criteria, depends_on, files }) => {
    const named = files.map(({ path, action }) => `${action} ${path}`).join(', ');
    const after = depends_on.length === 0 ? '' : `, after ${depends_on.join(', ')}`;
    return { head: `- ${id}${after}`, files: named, description, success_criteria };
  });
  const paths = plan.plan.flatMap(({ files }) => files.map(({ path }) => path));
  const texts = [task, ...subtasks.flatMap((one) => [one.files, one.description, one.success_criteria])];
  const [outlinedTask = '', ...rest] = outlined(
    texts,
    paths,
    plan.plan.map(({ id }) => id),
  );
  const lines = subtasks.map(({ head }, i) => {
    const [files, description, criterion] = rest.slice(i * 3, i * 3 + 3);
    return `${head}: ${description}\n  Files: ${files}\n  Done when: ${criterion}`;
  });
  return { task: clip(outlinedTask, LONGEST_TASK), plan: clip(lines.join('\n'), LONGEST_PLAN), ...from };
}

/** A task as templates have theirs. */
export function outlineOfTask(task: string): string {
  return clip(outlined([task], [])[0] ?? '', LONGEST_TASK);
}

/** With one more, in the place of one for the same task; the oldest beyond the bound go. */
export function withTemplate(kept: Templates, template: Template): Templates {
  const others = kept.templates.filter(({ task }) => task !== template.task);
  return { ...kept, templates: [...others, template].slice(-MOST_TEMPLATES) };
}

export function withoutRun(kept: Templates, runs: readonly string[]): Templates {
  return { ...kept, templates: kept.templates.filter(({ run }) => !runs.includes(run)) };
}

/** Whether a look-up may cost a request. Those that found too little count for some weeks. */
export function mayAsk({ offSince }: Templates, now: Date): boolean {
  return offSince === undefined || now.getTime() - Date.parse(offSince) >= OFF_FOR_DAYS * DAY;
}

/** @returns what is kept after one more look-up, and what the user is told where it was the last */
export function withLookup(kept: Templates, found: boolean, now: Date): { kept: Templates; told?: string } {
  // After a pause, counting begins anew.
  const before = kept.offSince === undefined ? kept.found : [];
  const last = [...before, found].slice(-LOOKUPS);
  const finds = last.filter(Boolean).length;
  const { templates } = kept;
  if (last.length < LOOKUPS || finds >= LOOKUPS * LEAST_FOUND) return { kept: { templates, found: last } };
  return {
    kept: { templates, found: last, offSince: now.toISOString() },
    told: `Of the last ${LOOKUPS} tasks here, ${finds === 0 ? 'none' : finds} had an outline among earlier plans: for ${OFF_FOR_DAYS} days none is looked for, which saves a request a task.`,
  };
}
