import type { RedFlag } from '../../shared/events.ts';
import type { JsonSchema } from '../ports.ts';
import type { JsonAnswer } from './answers.ts';
import { jsonIn } from './jsonText.ts';
import type { Begin } from './turn.ts';

/** How an answer is asked for and read. */
export interface AnswerFormat<T> {
  /** Absent for free text. */
  schema?: { name: string; schema: JsonSchema };
  /** Most tokens that such an answer can need; as many as there is room for where absent. */
  maxTokens?: number;
  /** Says what to answer now, after the gathering. */
  request: string;
  /** Begins to read one answer. */
  begin: Begin<Reading<T>>;
  /**
   * What is wrong with an answer that is usable all the same. It goes back and counts as a repair; where nothing better
   * comes, the answer stands. Must end: it is asked of every answer.
   */
  objectTo?(value: T): Promise<Objection | undefined>;
}

/** `problem` is for people, `message` goes back to the model. */
export interface Objection {
  problem: string;
  message: string;
}

export type Reading<T> =
  | { kind: 'answer'; value: T }
  /**
   * Not usable, or not finished: `message` goes back to the model. Each `counts` has a bound of its own. `problem` is what
   * people are told where `message` says more than what is wrong, namely how to answer.
   */
  | { kind: 'again'; counts: 'repair' | 'edit' | 'part'; flag?: RedFlag; problem?: string; message: string }
  /** The model asks to look something up first. */
  | { kind: 'call'; tool: string; args: unknown };

/** Why an agent gave no usable answer. */
export interface NoAnswer {
  kind: 'noAnswer';
  reason: string;
}

/** The format of an answer in JSON. */
export function jsonFormat<T>(
  answer: JsonAnswer<T>,
  request: string,
  check?: (value: T) => string | undefined,
): AnswerFormat<T> {
  return {
    schema: { name: answer.name, schema: answer.schema },
    maxTokens: answer.maxTokens,
    request,
    begin: () => ({
      push: () => {},
      end: async ({ text, reasoning, stopReason, tokens }): Promise<Reading<T>> => {
        if (stopReason === 'length') {
          return repair(
            'truncated',
            `Your answer was cut off at ${tokens} tokens before it was complete, so it was not used. Answer again, much shorter: short sentences, only the needed fields.`,
          );
        }
        const value = jsonIn(text) ?? jsonIn(reasoning);
        if (value === undefined) {
          const flag = text.trim() === '' ? 'empty' : 'malformed';
          const problem = `Your answer was ${flag === 'empty' ? 'empty' : 'not one JSON object'}, so it was not used.`;
          return repair(flag, problem, request);
        }
        const call = callIn(value);
        if (call) return call;
        const read = answer.read(value);
        if (!read.ok) return repair('malformed', `Your JSON was not usable: ${read.complaint}.`, request);
        const complaint = check?.(read.value);
        return complaint === undefined ? { kind: 'answer', value: read.value } : repair('malformed', complaint);
      },
    }),
  };
}

/** A tool call in JSON, or undefined where the value is something else. */
export function callIn(value: unknown): { kind: 'call'; tool: string; args: unknown } | undefined {
  if (typeof value !== 'object' || value === null || !('action' in value)) return undefined;
  const { action, args } = value as { action: unknown; args?: unknown };
  return typeof action === 'string' && action !== 'done' ? { kind: 'call', tool: action, args: args ?? {} } : undefined;
}

/** An answer that has to be given again. @param request how; where the problem does not say it */
export function repair(flag: RedFlag, problem: string, request?: string): Reading<never> {
  const message = request === undefined ? problem : `${problem} ${request}`;
  return { kind: 'again', counts: 'repair', flag, problem, message };
}
