import { balancedAt, parseJson, withoutThinking } from '../jsonText.ts';
import { argumentsOf, callsOf, isNothingButCalls, type KnownTool, toolNamed, type WrittenCall } from './callShape.ts';
import { begunCall, type Found, fencedCalls, markedCalls } from './forms.ts';
import { outsideAnswer } from './outsideAnswer.ts';

export type { KnownTool } from './callShape.ts';

export interface SalvagedCall {
  tool: string;
  args: Record<string, unknown>;
}

/** What a text that looks like a tool call comes to. `form` is how it begins, for messages. */
export type Salvage =
  /** Whole calls of tools that exist, in order. */
  | { kind: 'calls'; form: string; calls: SalvagedCall[] }
  /** It cannot be run: it is cut, its arguments are no JSON object, or no tool bears its name. `problem` is a sentence. */
  | { kind: 'broken'; form: string; problem: string };

/**
 * Finds the tool calls that a model wrote as text, or that its server failed to recognise, in any form that models were
 * seen to use. Nothing is guessed: a name is one of `tools` or it is not, arguments parse or they do not, and what is
 * cut off is never completed. What belongs to an answer (edit blocks, code in fences beside them) is not looked into.
 * @returns undefined where nothing looks like a call
 */
export function salvage(text: string, tools: readonly KnownTool[]): Salvage | undefined {
  const said = withoutThinking(text);
  // What stands in a thought is meant only where nothing was said after it.
  const { rest, isAnswer } = outsideAnswer(said.trim() === '' ? text : said);
  const whole = parseJson(rest.trim());
  // An answer that is JSON may speak of markers in its texts; only as a whole can it be a call.
  if (whole !== undefined) return isAnswer ? undefined : together(jsonCall(whole, tools), tools);
  const marked = markedCalls(rest, tools);
  if (marked.length > 0 || isAnswer) return together(marked, tools);
  const fenced = fencedCalls(rest, tools);
  return together(fenced.length > 0 ? fenced : callsInProse(rest, tools), tools);
}

/** A JSON value as a call: it names a tool, or it has nothing but a name and arguments. */
function jsonCall(value: object, tools: readonly KnownTool[]): Found[] {
  const calls = callsOf(value);
  if (calls === undefined) return [];
  const isMeant = isNothingButCalls(value) || calls.some(({ name }) => toolNamed(name, tools) !== undefined);
  return isMeant ? [{ kind: 'calls', form: 'JSON', calls }] : [];
}

/** Places where JSON may begin that are looked at in one text. */
const MOST_OBJECTS = 50;

/** Calls in JSON between prose: only those of tools that exist, because prose shows other JSON too. */
function callsInProse(text: string, tools: readonly KnownTool[]): Found[] {
  const found: Found[] = [];
  let at = text.search(/[{[]/);
  for (let looked = 0; at !== -1 && looked < MOST_OBJECTS; looked += 1) {
    const json = balancedAt(text, at);
    const value = json === undefined ? undefined : parseJson(json);
    const calls = value === undefined ? undefined : knownCalls(value, tools);
    if (calls !== undefined) found.push({ kind: 'calls', form: 'JSON', calls });
    const isBegun = json === undefined && toolNamed(begunCall(text.slice(at)) ?? '', tools) !== undefined;
    if (isBegun) return [...found, { kind: 'broken', form: 'JSON', problem: 'It is not whole.' }];
    const end = at + (value === undefined ? 1 : (json?.length ?? 1));
    const next = text.slice(end).search(/[{[]/);
    at = next === -1 ? -1 : end + next;
  }
  return found;
}

function knownCalls(value: object, tools: readonly KnownTool[]): WrittenCall[] | undefined {
  const calls = callsOf(value);
  return calls?.every(({ name, args }) => toolNamed(name, tools) !== undefined && args !== undefined)
    ? calls
    : undefined;
}

/** All of them, or what is wrong with the first that cannot be run: a part of what was meant is not run alone. */
function together(found: readonly Found[], tools: readonly KnownTool[]): Salvage | undefined {
  const calls: SalvagedCall[] = [];
  for (const one of found) {
    if (one.kind === 'broken') return one;
    for (const { name, args } of one.calls) {
      const tool = toolNamed(name, tools);
      if (tool === undefined) return { kind: 'broken', form: one.form, problem: noTool(name) };
      const read = argumentsOf(args);
      if (read === undefined) {
        return { kind: 'broken', form: one.form, problem: `The arguments of ${tool.name} are no JSON object.` };
      }
      calls.push({ tool: tool.name, args: read });
    }
  }
  const [first] = found;
  return first === undefined ? undefined : { kind: 'calls', form: first.form, calls };
}

/** @param name may be the word that ends the looking up, said again where the answer was due */
function noTool(name: string): string {
  return name === 'done' ? '"done" ends the looking up, and is no answer.' : `There is no tool "${name}".`;
}
