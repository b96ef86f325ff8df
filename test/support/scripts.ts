import type { Role } from '../../src/shared/events.ts';
import type { Script, ScriptEntryInput } from '../models/script.ts';

/** Short ways to write down what the scripted models answer. Matching keeps no state, so resumed runs get the same. */

export interface ScriptedSubtask {
  id: string;
  description?: string;
  success_criteria?: string;
  depends_on?: string[];
  files?: { path: string; action: 'create' | 'modify' | 'delete' }[];
}

/** An edit block. */
export function edit(path: string, search: string, replace: string): string {
  const lines = (text: string): string => (text === '' ? '' : `${text}\n`);
  return `${path}\n<<<<<<< SEARCH\n${lines(search)}=======\n${lines(replace)}>>>>>>> REPLACE\n`;
}

/** A plan in the blueprint's form. */
export function plan(subtasks: ScriptedSubtask[], more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    task_understood: 'Understood.',
    clarifications_needed: [],
    plan: subtasks.map(({ id, description, success_criteria, depends_on, files }) => ({
      id,
      description: description ?? `Do ${id}.`,
      success_criteria: success_criteria ?? `${id} is done and tested.`,
      depends_on: depends_on ?? [],
      files: files ?? [],
    })),
    known_failures: [],
    risks: [],
    ...more,
  };
}

export const approved = { status: 'approved', issues: [], feedback: 'Fine.' };

export function failed(issues: Record<string, unknown>[], feedback = 'Mend it.'): Record<string, unknown> {
  return { status: 'failed', issues, feedback };
}

/** Every gathering turn answers "done" at once. */
const done: ScriptEntryInput = {
  name: 'done',
  when: { schema: 'action' },
  reply: { json: { action: 'done', args: {} } },
};

/**
 * Scripts for a whole run: `edits` gives, by subtask, the Coder's answer in each round (the last one again from there),
 * `reviews` the same for the Reviewer (approved where absent; "merged" is the whole).
 */
export function crewScripts(what: {
  plan: Record<string, unknown>;
  edits: Record<string, string[]>;
  reviews?: Record<string, Record<string, unknown>[]>;
  /** What the Planner says of each subtask at the end; nothing where absent. */
  checklist?: Record<string, unknown>[];
  planner?: ScriptEntryInput[];
  coder?: ScriptEntryInput[];
  reviewer?: ScriptEntryInput[];
}): Partial<Record<Role, Script>> {
  const rounds = (subtask: string, index: number): { all: string[] } => ({
    all: [`# Your subtask: ${subtask}\n`, ...(index === 0 ? [] : [`# Round ${index} `])],
  });
  const latestFirst = <T>(list: readonly T[]): { value: T; index: number }[] =>
    list.map((value, index) => ({ value, index })).reverse();
  return {
    planner: [
      ...(what.planner ?? []),
      done,
      // Where earlier runs have left outlines: none is of this kind, for the answer is of no use.
      { name: 'kinds', when: { schema: 'intents' }, reply: { json: { intents: [] } } },
      { name: 'plan', when: { schema: 'plan' }, reply: { json: what.plan } },
      {
        name: 'give up',
        when: { schema: 'escalation' },
        reply: { json: { decision: 'waive', reason: 'Good enough.', question: '', plan: [] } },
      },
      { name: 'checklist', when: { schema: 'checklist' }, reply: { json: { items: what.checklist ?? [], notes: '' } } },
    ],
    coder: [
      ...(what.coder ?? []),
      done,
      ...Object.entries(what.edits).flatMap(([subtask, answers]) =>
        latestFirst(answers).map(
          ({ value, index }): ScriptEntryInput => ({
            name: `${subtask} ${index + 1}`,
            when: { schema: false, ...rounds(subtask, index) },
            reply: { text: value },
          }),
        ),
      ),
    ],
    reviewer: [
      ...(what.reviewer ?? []),
      done,
      ...Object.entries(what.reviews ?? {}).flatMap(([subtask, answers]) =>
        latestFirst(answers).map(
          ({ value, index }): ScriptEntryInput => ({
            name: `${subtask} review ${index + 1}`,
            when: {
              schema: 'review',
              all: [`# Your subtask: ${subtask}\n`, ...(index === 0 ? [] : [`# Round ${index + 1}: `])],
            },
            reply: { json: value },
          }),
        ),
      ),
      { name: 'approved', when: { schema: 'review' }, reply: { json: approved } },
    ],
  };
}
