import { z } from 'zod';
import type { DeclaredFile, Plan, Review } from '../../shared/wire.ts';
import type { JsonSchema } from '../ports.ts';

/**
 * What the roles answer. Each has two sides: a `schema` for the server, plain enough for every constrained decoder
 * (no unions, no patterns, no references), and a `read` that accepts the blueprint's forms as models really write
 * them and checks everything again, because servers may ignore the schema without a word.
 */
export interface JsonAnswer<T> {
  name: string;
  schema: JsonSchema;
  /** A hard bound of what such an answer can need in tokens, a thought before it included. */
  maxTokens: number;
  /** @returns the value, or what is wrong with it in words for the model */
  read(value: unknown): { ok: true; value: T } | { ok: false; complaint: string };
}

const text: JsonSchema = { type: 'string' };
const list = (items: JsonSchema, maxItems: number): JsonSchema => ({ type: 'array', items, maxItems });
const object = (properties: Record<string, JsonSchema>, required = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

// ── Plan ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const declaredFile = z
  .union([
    z.string(),
    z.looseObject({ path: z.string(), action: z.enum(['create', 'modify', 'delete']).catch('modify') }),
  ])
  .transform(
    (file): DeclaredFile =>
      typeof file === 'string' ? { path: file, action: 'modify' } : { path: file.path, action: file.action },
  );

const texts = z.union([z.array(z.string()), z.string().transform((one) => (one.trim() === '' ? [] : [one]))]).catch([]);
const joined = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join('; '))]);

const plannedSubtask = z.looseObject({
  id: z
    .union([z.string(), z.number().transform(String)])
    .pipe(z.string().regex(/^[\w.-]{1,60}$/, 'must be a short name such as "task_1"')),
  description: z.string().trim().min(1),
  success_criteria: joined.pipe(z.string().trim().min(1)),
  depends_on: texts.default([]),
  // One bad entry must not cost the others: files keep subtasks apart and are shown to the Coder.
  files: z.preprocess(
    (files) => (Array.isArray(files) ? files.filter((file) => declaredFile.safeParse(file).success) : []),
    z.array(declaredFile),
  ),
  assigned_to: z.string().optional(),
});

/** A question of the Planner: a plain sentence, or one with choices. */
export interface Clarification {
  question: string;
  choices: string[];
}

const clarification = z
  .union([z.string(), z.looseObject({ question: z.string(), choices: z.array(z.string()).catch([]).default([]) })])
  .transform(
    (one): Clarification =>
      typeof one === 'string' ? { question: one, choices: [] } : { question: one.question, choices: one.choices },
  );

const planShape = z.looseObject({
  task_understood: z.string().catch('').default(''),
  plan: z.array(plannedSubtask).max(20),
  clarifications_needed: z.array(clarification).catch([]).default([]),
  known_failures: texts.default([]),
  risks: texts.default([]),
});

const subtaskSchema = object({
  id: text,
  description: text,
  success_criteria: text,
  depends_on: list(text, 8),
  files: list(object({ path: text, action: { type: 'string', enum: ['create', 'modify', 'delete'] } }), 12),
});

export interface PlanAnswer {
  plan: Plan;
  questions: Clarification[];
}

/**
 * A plan. Lists of what there can be none of have no room in the schema: a small model fills in whatever it is given room for.
 * @param has whether questions can still be asked, and whether checks are red that may have nothing to do with the task
 */
export const planAnswer = (has: { questions: boolean; redChecks: boolean }): JsonAnswer<PlanAnswer> => ({
  name: 'plan',
  maxTokens: 12_288,
  schema: object({
    task_understood: text,
    clarifications_needed: list(object({ question: text, choices: list(text, 5) }), has.questions ? 3 : 0),
    plan: list(subtaskSchema, 10),
    known_failures: list(text, has.redChecks ? 200 : 0),
    risks: list(text, 5),
  }),
  read: (value) =>
    readWith(planShape, value, (shape) => ({
      plan: planOf(shape),
      questions: distinct(shape.clarifications_needed),
    })),
});

function planOf(shape: z.infer<typeof planShape>): Plan {
  return {
    task_understood: shape.task_understood,
    plan: shape.plan.map(({ id, description, success_criteria, depends_on, files, assigned_to }) => ({
      id,
      description,
      success_criteria,
      depends_on,
      files,
      ...(assigned_to === undefined ? {} : { assigned_to }),
    })),
    clarifications_needed: shape.clarifications_needed.map(({ question }) => question),
    known_failures: shape.known_failures,
    risks: shape.risks,
  };
}

/** Small models say the same thing several times; the user is asked once. */
function distinct(questions: readonly Clarification[]): Clarification[] {
  const byText = new Map(questions.map(({ question, choices }) => [question.trim(), choices]));
  byText.delete('');
  return [...byText].map(([question, choices]) => ({ question, choices: [...new Set(choices)] }));
}

// ── Review ───────────────────────────────────────────────────────────────────────────────────────────────────────

const issueShape = z.looseObject({
  severity: z.preprocess(
    (value) => (typeof value === 'string' ? value.toLowerCase() : value),
    z.enum(['critical', 'high', 'medium', 'low']),
  ),
  type: z.string().catch('other').default('other'),
  location: z.string().catch('').default(''),
  message: z.string().trim().min(1),
  quote: z.string().optional().catch(undefined),
  suggested_fix: z.looseObject({ search: z.string(), replace: z.string() }).optional().catch(undefined),
  evidence: z.string().optional().catch(undefined),
});

const reviewShape = z.looseObject({
  status: z.preprocess(
    (value) => (typeof value === 'string' ? value.toLowerCase() : value),
    z.enum(['approved', 'failed']),
  ),
  issues: z.array(issueShape).max(50).default([]),
  feedback: z.string().catch('').default(''),
});

export const reviewAnswer: JsonAnswer<Review> = {
  name: 'review',
  maxTokens: 8192,
  schema: object(
    {
      status: { type: 'string', enum: ['approved', 'failed'] },
      issues: list(
        object(
          {
            severity: { type: 'string', enum: ['critical', 'high', 'medium', 'low'] },
            type: text,
            location: text,
            quote: text,
            message: text,
            evidence: text,
            suggested_fix: object({ search: text, replace: text }),
          },
          ['severity', 'type', 'location', 'quote', 'message'],
        ),
        8,
      ),
      feedback: text,
    },
    ['status', 'issues', 'feedback'],
  ),
  read: (value) =>
    readWith(reviewShape, value, ({ status, feedback, issues }) => ({
      status,
      feedback,
      issues: issues.map(({ severity, type, location, message, quote, suggested_fix, evidence }) => ({
        severity,
        type,
        location,
        message,
        ...(quote === undefined || quote.trim() === '' ? {} : { quote }),
        ...(suggested_fix === undefined
          ? {}
          : { suggested_fix: { search: suggested_fix.search, replace: suggested_fix.replace } }),
        ...(evidence === undefined || evidence.trim() === '' ? {} : { evidence }),
      })),
    })),
};

// ── Escalation ───────────────────────────────────────────────────────────────────────────────────────────────────

/** What the Planner makes of a subtask that failed all its rounds. */
export interface Escalation {
  decision: 'replan' | 'waive' | 'ask';
  reason: string;
  question: string;
  plan: Plan;
}

const escalationShape = z.looseObject({
  decision: z.enum(['replan', 'waive', 'ask']),
  reason: z.string().catch('').default(''),
  question: z.string().catch('').default(''),
  plan: z.array(plannedSubtask).max(10).default([]),
});

export const escalationAnswer: JsonAnswer<Escalation> = {
  name: 'escalation',
  maxTokens: 12_288,
  schema: object({
    decision: { type: 'string', enum: ['replan', 'waive', 'ask'] },
    reason: text,
    question: text,
    plan: list(subtaskSchema, 6),
  }),
  read: (value) =>
    readWith(escalationShape, value, (shape) => ({
      decision: shape.decision,
      reason: shape.reason,
      question: shape.question,
      plan: planOf({ task_understood: '', clarifications_needed: [], known_failures: [], risks: [], plan: shape.plan }),
    })),
};

// ── Checklist ────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ChecklistAnswer {
  items: { subtask: string; met: boolean; evidence: string }[];
  notes: string;
}

const checklistShape = z.looseObject({
  items: z
    .array(z.looseObject({ subtask: z.string(), met: z.boolean(), evidence: z.string().catch('').default('') }))
    .max(50),
  notes: z.string().catch('').default(''),
});

export const checklistAnswer: JsonAnswer<ChecklistAnswer> = {
  name: 'checklist',
  maxTokens: 8192,
  schema: object({
    items: list(object({ subtask: text, met: { type: 'boolean' }, evidence: text }), 20),
    notes: text,
  }),
  read: (value) => readWith(checklistShape, value, ({ items, notes }) => ({ items, notes })),
};

// ── Kinds of tasks ───────────────────────────────────────────────────────────────────────────────────────────────

/** What kind each of several tasks is, as lowercase_with_underscores. */
export const intentsAnswer = (tasks: number): JsonAnswer<{ intents: string[] }> => ({
  name: 'intents',
  maxTokens: 2048,
  schema: object({ intents: list(text, tasks) }),
  read: (value) =>
    readWith(
      z.looseObject({
        intents: z
          .array(z.string().transform(intentKey).pipe(z.string().min(1, 'a kind without letters')))
          .length(tasks, `expected ${tasks}, one for each task`),
      }),
      value,
      ({ intents }) => ({ intents }),
    ),
});

function intentKey(written: string): string {
  return written
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 80);
}

// ── Preprocessor ─────────────────────────────────────────────────────────────────────────────────────────────────

export const preprocessedAnswer: JsonAnswer<{ preprocessed_text: string; confidence: number }> = {
  name: 'preprocessed_input',
  maxTokens: 8192,
  schema: object({ preprocessed_text: text, confidence: { type: 'number' } }),
  read: (value) =>
    readWith(
      z.looseObject({ preprocessed_text: z.string().trim().min(1), confidence: z.number().catch(0.5).default(0.5) }),
      value,
      ({ preprocessed_text, confidence }) => ({ preprocessed_text, confidence: Math.min(1, Math.max(0, confidence)) }),
    ),
};

function readWith<S extends z.ZodType, T>(
  shape: S,
  value: unknown,
  convert: (parsed: z.infer<S>) => T,
): ReturnType<JsonAnswer<T>['read']> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return { ok: true, value: convert(parsed.data) };
  const problems = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'the answer'}: ${message}`);
  return { ok: false, complaint: problems.join('; ') };
}
