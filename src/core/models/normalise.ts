import type { Message, ToolCall } from '../ports.ts';
import type { ModelTraits, Thinking } from './traits.ts';

/**
 * The messages as the model's chat template takes them: one system message at most, user and assistant in turn, every
 * tool call with its result right behind it, ids and arguments that can be read, no reasoning.
 *
 * Pure, and goes through the messages from first to last, so that normalised(k+1) begins with normalised(k) wherever
 * the messages do and those of k end as those of a request do: with a user, or with the results of all calls. That is
 * why two users in a row are told apart by an assistant who said nothing and are not made one message: the first of
 * them may have been sent.
 */
export function normalised(
  messages: readonly Message[],
  traits: ModelTraits,
  thinking: Thinking | undefined = undefined,
): Message[] {
  const first = messages.findIndex(({ role }) => role !== 'system');
  const leading = first < 0 ? messages : messages.slice(0, first);
  const { system, above } = opening(joined(leading.map(({ content }) => content)), traits, thinking);
  const dialogue = openDialogue(traits, above);
  for (const message of messages.slice(leading.length)) dialogue.take(message);
  const rest = dialogue.end();
  return system === undefined ? rest : [{ role: 'system', content: system }, ...rest];
}

/** Said for an assistant whose answer never came: it was stopped, denied or lost. */
export const NO_ANSWER = '(no answer)';
/** Said for a user who said nothing, or where two assistants would follow each other. */
const GO_ON = 'Go on.';
const NO_RESULT = '(There is no result: the call was not run.)';

/** What stands in the system message, and what above the first user message. */
function opening(
  instructions: string,
  { systemRole }: ModelTraits,
  thinking: Thinking | undefined,
): { system?: string; above: string } {
  switch (systemRole) {
    case 'normal':
      return instructions === '' ? { above: '' } : { system: instructions, above: '' };
    case 'none':
      return { above: instructions };
    case 'thinkingToggle':
      return { system: `detailed thinking ${thinking ?? 'off'}`, above: instructions };
    case 'thinkingSuffix':
      return { system: joined([instructions, thinking === 'on' ? '/think' : '/no_think'], '\n'), above: '' };
    default:
      return systemRole satisfies never;
  }
}

/** A tool call on its way to the wire. */
interface OpenCall {
  call: ToolCall;
  /** The id that its result names. */
  given: string;
  result?: string;
}

interface Dialogue {
  take(message: Message): void;
  /** All of it; calls without a result are closed. */
  end(): Message[];
}

/** @param above stands above the first user message */
function openDialogue(traits: ModelTraits, above: string): Dialogue {
  const out: Message[] = [];
  const nextId = callIds(traits.callIds);
  const names = new Map<string, string>();
  let open: { text: string; calls: OpenCall[]; strays: string[] } | undefined;

  function take(message: Message): void {
    if (message.role === 'tool') takeResult(message);
    else {
      close();
      if (message.role === 'assistant') takeAnswer(message);
      else say('user', message.content);
    }
  }

  function takeAnswer({ content, toolCalls }: Extract<Message, { role: 'assistant' }>): void {
    const text = withoutReasoning(content);
    if (toolCalls === undefined || toolCalls.length === 0) {
      say('assistant', text);
      return;
    }
    const calls = toolCalls.map((call) => ({ call: readable(call, nextId(call.id)), given: call.id }));
    for (const { call, given } of calls) names.set(given, call.name);
    open = { text, calls, strays: [] };
  }

  /** Results may come in any order; one that answers no open call is told as text, so that nothing is lost. */
  function takeResult({ callId, content }: Extract<Message, { role: 'tool' }>): void {
    const answered = open?.calls.find(({ given, result }) => given === callId && result === undefined);
    if (answered) {
      answered.result = content === '' ? '(empty)' : content;
      return;
    }
    const stray = resultText(names.get(callId) ?? 'an earlier tool call', content);
    if (open) open.strays.push(stray);
    else say('user', stray);
  }

  function close(): void {
    if (open === undefined) return;
    const { text, calls, strays } = open;
    open = undefined;
    if (traits.tools === 'text') {
      say('assistant', joined([text, ...calls.map(({ call }) => callText(call))], '\n'));
      say('user', joined([...calls.map(({ call, result }) => resultText(call.name, result ?? NO_RESULT)), ...strays]));
      return;
    }
    const beside = traits.textBesideCalls === 'stays' ? text : '';
    const turns = traits.calls === 'together' ? [calls] : calls.map((call) => [call]);
    for (const [index, turn] of turns.entries()) {
      if (index === 0) makeUserSpeak();
      out.push({ role: 'assistant', content: index === 0 ? beside : '', toolCalls: turn.map(({ call }) => call) });
      for (const { call, result } of turn) out.push({ role: 'tool', callId: call.id, content: result ?? NO_RESULT });
    }
    if (strays.length > 0) say('user', joined(strays));
  }

  function say(role: 'user' | 'assistant', content: string): void {
    if (role === 'assistant') makeUserSpeak();
    else if (out.at(-1)?.role === 'user' || (out.at(-1)?.role === 'tool' && traits.userAfterResults === 'waits'))
      out.push({ role: 'assistant', content: NO_ANSWER });
    const said = content.trim() === '' ? (role === 'user' ? GO_ON : NO_ANSWER) : content;
    out.push({ role, content: role === 'user' && out.length === 0 ? joined([above, said]) : said });
  }

  /** Before an assistant speaks, somebody must have spoken who is none. */
  function makeUserSpeak(): void {
    const last = out.at(-1);
    if (last === undefined || (last.role === 'assistant' && !last.toolCalls)) say('user', GO_ON);
  }

  return {
    take,
    end: () => {
      close();
      if (out.length === 0 && above !== '') out.push({ role: 'user', content: above });
      return out;
    },
  };
}

/** Ids that no call before has, in the form that is wanted: the given one, or one made from the number of calls so far. */
function callIds(form: ModelTraits['callIds']): (given: string) => string {
  const used = new Set<string>();
  let count = 0;
  return (given) => {
    count += 1;
    const isUsable = form === 'nine' ? /^[a-zA-Z0-9]{9}$/.test(given) : given !== '';
    let id = isUsable ? given : madeId(count);
    for (let next = count; used.has(id); next += 1) id = madeId(next);
    used.add(id);
    return id;
  };
}

function madeId(number: number): string {
  return `c${number.toString(36).padStart(8, '0')}`;
}

/** A call that every template and server can read: they parse arguments, and look at names, also of calls long past. */
function readable({ name, arguments: args }: ToolCall, id: string): ToolCall {
  return {
    id,
    name: name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64) || 'unknown',
    arguments: readableArguments(args),
  };
}

function readableArguments(text: string): string {
  if (text.trim() === '') return '{}';
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return text;
  } catch {
    // What cannot be read is shown to the model as it wrote it.
  }
  return JSON.stringify({ unreadable: text });
}

/** A call in the form in which the prompts want it from models without native tool calls. */
function callText({ name, arguments: args }: ToolCall): string {
  return `{"action": ${JSON.stringify(name)}, "args": ${args}}`;
}

function resultText(name: string, content: string): string {
  return `Result of ${name}:\n${content}`;
}

/**
 * An answer without the thinking before it: nothing is to be gone on from it. A closing mark without an opening one
 * counts only on a line of its own, because code may hold one; marks of gpt-oss in the midst are only parted, because
 * its template refuses them wherever they stand.
 */
function withoutReasoning(text: string): string {
  return text
    .replace(/^\s*(?:<think>[\s\S]*?(?:<\/think>\s*|$)|\[THINK\][\s\S]*?(?:\[\/THINK\]\s*|$))/, '')
    .replace(/^(?:(?!<think>)[\s\S])*?\n<\/think>[ \t]*(?:\n\s*|$)/, '')
    .replace(
      /^\s*(?:<\|start\|>assistant)?<\|channel\|>analysis<\|message\|>[\s\S]*?(?=<\|channel\|>final<\|message\|>|$)/,
      '',
    )
    .replace(/^\s*<\|channel\|>final<\|message\|>/, '')
    .replace(/<\|channel\|>(analysis|final)<\|message\|>/g, '<|channel|> $1 <|message|>');
}

function joined(texts: readonly string[], gap = '\n\n'): string {
  return texts.filter((text) => text !== '').join(gap);
}
