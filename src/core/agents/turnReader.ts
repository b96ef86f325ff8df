import type { RedFlag, Rung } from '../../shared/events.ts';
import { schemaCheck } from '../models/schemaDiet.ts';
import type { JsonSchema } from '../ports.ts';
import { type AnswerFormat, callIn, type Reading } from './answerFormat.ts';
import { jsonIn, parseJson, withoutThinking } from './jsonText.ts';
import { type Doubt, isNative } from './rungs.ts';
import { type Salvage, salvage } from './salvage/salvage.ts';
import type { ToolUse } from './toolCall.ts';
import type { Begin, Said } from './turn.ts';

/** What one turn comes to, on any rung. */
export type TurnReading<T> = (
  | { kind: 'answer'; value: T }
  /** Not usable, or not finished; see Reading. */
  | Extract<Reading<T>, { kind: 'again' }>
  /** Calls to be answered, in order. `flag` where they were not made as they should be; `also` is to be said too. */
  | { kind: 'calls'; calls: ToolUse[]; flag?: string; also?: string }
  /** It has looked up enough. */
  | { kind: 'done' }
) & {
  doubt?: Doubt;
  /** An answer that came together with what is not the end of it. */
  held?: { value: T };
};

/** How a turn is to be read. */
export interface ReadingOf<T> {
  rung: Rung;
  /** While gathering, answers in the schema of actions are calls or "done". */
  phase: 'gather' | 'answer';
  format: AnswerFormat<T>;
  tools: readonly { name: string; parameters: JsonSchema }[];
}

const ACTION_FORM = 'Answer with one JSON object {"action": …, "args": {…}}; "done" when you know enough.';

/**
 * Reads one turn: native calls, an answer in its final form, or a call that stands in the text. What looks like a call is
 * never silently the end of a turn: it is run where it is whole, and complained about where it is not.
 */
export function turnReader<T>(of: ReadingOf<T>): Begin<TurnReading<T>> {
  const { rung, phase, format } = of;
  return (context) => {
    const reader = format.begin(context);
    const isAction = phase === 'gather' && !isNative(rung);
    return {
      // An action is no answer, and edits in it would be applied while it streams.
      push: (delta) => {
        if (!isAction) reader.push(delta);
      },
      end: async (said) => {
        if (isAction) {
          const action = actionIn(said, format);
          if (action !== undefined) return action;
          reader.push(said.text);
        }
        const reading = await reader.end(said);
        if (said.stopReason === 'length') return cutReading(reading, said, isAction);
        if (said.toolCalls.length > 0) return nativeReading(reading, said, of);
        return textReading(reading, said, of);
      },
    };
  };
}

/** A call or "done" in our own form. */
function actionIn<T>({ text, reasoning, stopReason }: Said, format: AnswerFormat<T>): TurnReading<T> | undefined {
  if (stopReason === 'length') return undefined;
  // An early change to a JSON file may hold "action" itself: where there are edit blocks, they are the answer.
  if (!format.schema && /^<{5,9} ?(SEARCH|APPEND)/m.test(text)) return undefined;
  const value = jsonIn(text) ?? jsonIn(reasoning);
  if (value === undefined || !('action' in value)) return undefined;
  const call = callIn(value);
  return call === undefined ? { kind: 'done' } : { kind: 'calls', calls: [{ tool: call.tool, args: call.args }] };
}

/** Of an answer that was cut off, no call is made. */
function cutReading<T>(reading: Reading<T>, { toolCalls, tokens }: Said, isAction: boolean): TurnReading<T> {
  const isPart = reading.kind === 'again' && reading.counts !== 'repair';
  if (isPart || (reading.kind === 'again' && toolCalls.length === 0 && !isAction)) return reading;
  const what = toolCalls.length > 0 ? 'the tool call in it was not made' : 'it was not used';
  const problem = `Your answer was cut off at the length limit (${tokens} tokens), so ${what}.`;
  const how = isAction
    ? ACTION_FORM
    : 'Call it with less; a long text is written in parts, and a file that is there is edited instead of written again.';
  return { kind: 'again', counts: 'repair', flag: 'truncated', problem, message: `${problem} ${how}` };
}

function nativeReading<T>(reading: Reading<T>, { toolCalls }: Said, { tools }: ReadingOf<T>): TurnReading<T> {
  let doubt: Doubt | undefined;
  const calls = toolCalls.map(({ id, name, arguments: written }): ToolUse => {
    const tool = tools.find((one) => one.name === name);
    // Some servers leave the arguments of a tool that takes none empty.
    const args = written.trim() === '' ? {} : parseJson(written);
    if (args === undefined || Array.isArray(args)) {
      doubt ??= { kind: 'arguments', reason: `the arguments of a call of ${name || 'a tool'} were no JSON object` };
      const problem = `The arguments of this call were no JSON object, so it was not made: ${written.slice(0, 300)}`;
      return { id, tool: name, args: {}, problem };
    }
    const wrong = tool && schemaCheck(tool.parameters)(args);
    if (wrong !== undefined)
      doubt ??= { kind: 'arguments', reason: `the arguments of a call of ${name} broke its schema (${wrong})` };
    if (name === '') doubt = { kind: 'call', reason: 'it sent a tool call without a name' };
    return { id, tool: name, args };
  });
  const also = reading.kind === 'again' && reading.counts !== 'repair' ? reading.message : undefined;
  return {
    kind: 'calls',
    calls,
    ...(doubt && { doubt }),
    ...(reading.kind === 'answer' && { held: { value: reading.value } }),
    ...(also !== undefined && { also }),
  };
}

function textReading<T>(reading: Reading<T>, said: Said, of: ReadingOf<T>): TurnReading<T> {
  const { rung, phase, format, tools } = of;
  const lost: Doubt | undefined =
    isNative(rung) && said.stopReason === 'tool_calls'
      ? { kind: 'call', reason: 'it said that it called a tool, and sent no call' }
      : undefined;
  // An answer in the form that was asked for says what it says, whatever it speaks of.
  if (reading.kind === 'answer' && format.schema) return { ...reading, ...(lost && { doubt: lost }) };
  if (reading.kind === 'call') {
    const { tool, args } = reading;
    const calls = [{ tool, args }];
    if (!isNative(rung)) return { kind: 'calls', calls };
    const doubt: Doubt = { kind: 'call', reason: 'a tool call came as text' };
    return { kind: 'calls', calls, flag: 'A tool call came as text; it was whole, and is run.', doubt };
  }
  const isSaid = withoutThinking(said.text).trim() !== '';
  const found = salvage(isSaid ? said.text : `${said.reasoning}\n${said.text}`, tools);
  if (found === undefined) return { ...unusable(reading, said, of), ...(lost && { doubt: lost }) };
  const doubt = doubtOf(found, isSaid ? 'text' : 'thoughts', rung, phase === 'gather' || format.schema !== undefined);
  return { ...salvagedReading(found, reading, isSaid ? 'text' : 'thoughts', of), ...(doubt && { doubt }) };
}

function salvagedReading<T>(
  found: Salvage,
  reading: Exclude<Reading<T>, { kind: 'call' }>,
  where: 'text' | 'thoughts',
  { rung, phase }: ReadingOf<T>,
): TurnReading<T> {
  const place = where === 'text' ? 'as text' : 'within its thoughts';
  const answer = reading.kind === 'answer' ? { held: { value: reading.value } } : {};
  if (found.kind === 'calls') {
    const also = reading.kind === 'again' && reading.counts !== 'repair' ? { also: reading.message } : {};
    const flag = `A tool call came ${place} (${found.form}); it was whole, and is run.`;
    return { kind: 'calls', calls: found.calls, flag, ...answer, ...also };
  }
  const problem = `Your answer holds a tool call ${place} (${found.form}), which was not run. ${found.problem}`;
  const how = isNative(rung)
    ? 'Call the function again, or answer without a call.'
    : phase === 'gather'
      ? ACTION_FORM
      : 'Use the given form of a call, or answer.';
  return {
    kind: 'again',
    counts: 'repair',
    flag: 'foreign_tool_call',
    problem,
    message: `${problem} ${how}`,
    ...answer,
  };
}

/** Reading as it is; in a gathering turn, what is no answer is told how an action looks. */
function unusable<T>(
  reading: Exclude<Reading<T>, { kind: 'call' }>,
  said: Said,
  { rung, phase, format }: ReadingOf<T>,
): TurnReading<T> {
  if (reading.kind === 'answer' || isNative(rung) || reading.counts !== 'repair') return reading;
  const isEmpty = said.text.trim() === '';
  const isHeld = isEmpty || (phase === 'answer' && keepsTo(said, format.schema?.schema));
  const doubt = rung === 'json' && !isHeld ? NOT_HELD : undefined;
  if (phase === 'answer') return { ...reading, ...(doubt && { doubt }) };
  const problem = `That was ${isEmpty ? 'empty' : 'not a tool call'}.`;
  const flag: RedFlag = isEmpty ? 'empty' : 'malformed';
  return {
    kind: 'again',
    counts: 'repair',
    flag,
    problem,
    message: `${problem} ${ACTION_FORM}`,
    ...(doubt && { doubt }),
  };
}

const NOT_HELD: Doubt = { kind: 'schema', reason: 'it does not hold answers to their schema' };

/** Whether an answer is what its schema asked for, so that what is wrong with it is the model's doing. */
function keepsTo({ text, reasoning }: Said, schema: JsonSchema | undefined): boolean {
  if (schema === undefined) return true;
  const value = jsonIn(text) ?? jsonIn(reasoning);
  return value !== undefined && schemaCheck(schema)(value) === undefined;
}

function doubtOf(found: Salvage, where: 'text' | 'thoughts', rung: Rung, isAskedFor: boolean): Doubt | undefined {
  if (isNative(rung)) {
    return where === 'text'
      ? { kind: 'call', reason: `a tool call came as text (${found.form})` }
      : { kind: 'call', reason: `a tool call was lost in its thoughts (${found.form})` };
  }
  return rung === 'json' && isAskedFor ? NOT_HELD : undefined;
}
