import { createHash } from 'node:crypto';
import type { EventOf, Lane, Role, RunEvent } from '../../src/shared/events.ts';
import { renderToolCall, renderTurn } from '../models/chatRequest.ts';
import type { RequestRecord } from '../models/roleServer.ts';

/** A chat request as it was sent. */
export interface SentRequest {
  messages: SentMessage[];
  tools?: unknown;
}

interface SentMessage {
  role: string;
  content: string;
  tool_calls?: { id: string; type: string; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}

/** The requests of one transcript, in order, each with its answer as the next one repeats it. */
export interface SentTranscript {
  role: Role;
  lane: Lane;
  requests: { record: RequestRecord; sent: SentRequest; answer: string }[];
}

/**
 * The transcripts of a run, put together from its turns and from what a fleet got. Where a turn begins one, the event
 * says so. @throws where a turn's request is not among them
 */
export function transcriptsOf(requests: readonly RequestRecord[], events: readonly RunEvent[]): SentTranscript[] {
  const chats = requests.filter(({ path }) => path === '/v1/chat/completions');
  // An answer that was cut while it ran away is one, too. Of several tries, the last was answered.
  const byHash = new Map(chats.map((record) => [hashOf((record.body as SentRequest).messages), record]));
  const open = new Map<Lane, SentTranscript>();
  const all: SentTranscript[] = [];
  for (const turn of events) {
    if (turn.type !== 'turn.finished') continue;
    const record = byHash.get(turn.request);
    if (record === undefined) throw new Error(`No request is that of turn ${turn.turn} of ${turn.lane}.`);
    const { role, lane } = turn;
    let transcript = open.get(lane);
    if (transcript === undefined || turn.openingChars !== undefined) {
      transcript = { role, lane, requests: [] };
      open.set(lane, transcript);
      all.push(transcript);
    }
    transcript.requests.push({ record, sent: record.body as SentRequest, answer: saidIn(turn) });
  }
  return all;
}

/**
 * Why a transcript is not stable: a request does not begin with the one before it and its answer, byte for byte, or has
 * other tools. Undefined where it is.
 */
export function instability({ lane, requests }: SentTranscript): string | undefined {
  for (const [index, { sent }] of requests.entries()) {
    const before = requests[index - 1];
    if (before === undefined) continue;
    const place = `request ${index + 1} of a transcript of ${lane}`;
    if (JSON.stringify(sent.tools) !== JSON.stringify(before.sent.tools)) return `${place} has other tools`;
    const kept = sent.messages.slice(0, before.sent.messages.length);
    const [now, then] = [JSON.stringify(kept), JSON.stringify(before.sent.messages)];
    if (now !== then) return `${place} does not begin with the one before: ${firstDifference(then, now)}`;
    const added = sent.messages.slice(kept.length).filter(({ role }) => role === 'assistant');
    const said = saidBy(added);
    const expected = before.answer;
    if (sent.messages[kept.length]?.role !== 'assistant' || said !== expected)
      return `${place} does not go on with the answer to the one before: ${firstDifference(expected, said)}`;
    if (sent.messages.length === kept.length + 1) return `${place} says nothing new`;
  }
  return undefined;
}

/** What a turn said, as the next request repeats it. */
function saidIn({ text, toolCalls = [], stopReason }: EventOf<'turn.finished'>): string {
  const calls = stopReason === 'length' ? [] : toolCalls;
  if (text.trim() === '' && calls.length === 0) return '(no answer)';
  return renderTurn(
    text,
    calls.map((call) => renderToolCall(call.name, readable(call.arguments))),
  );
}

/** What an assistant said; some chat templates want each of its calls in a message of its own. */
function saidBy(messages: readonly SentMessage[]): string {
  const calls = messages.flatMap(({ tool_calls: own = [] }) => own);
  return renderTurn(
    messages.map(({ content }) => content).join(''),
    calls.map((call) => renderToolCall(call.function.name, call.function.arguments)),
  );
}

/** Arguments that are no JSON object are told in one: chat templates read them. */
function readable(args: string): string {
  if (args.trim() === '') return '{}';
  try {
    const value: unknown = JSON.parse(args);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return args;
  } catch {
    // As below.
  }
  return JSON.stringify({ unreadable: args });
}

function firstDifference(expected: string, actual: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at += 1;
  const around = (text: string): string => JSON.stringify(text.slice(Math.max(0, at - 60), at + 60));
  return `at ${at}: ${around(expected)} became ${around(actual)}`;
}

/** The hash by which a turn names its request, made of what was sent. */
function hashOf(messages: readonly SentMessage[]): string {
  const ours = messages.map(({ role, content, tool_calls: calls, tool_call_id: callId }) => ({
    role,
    ...(callId === undefined ? {} : { callId }),
    content,
    ...(calls === undefined
      ? {}
      : {
          toolCalls: calls.map((call) => ({
            id: call.id,
            name: call.function.name,
            arguments: call.function.arguments,
          })),
        }),
  }));
  return createHash('sha256').update(JSON.stringify(ours)).digest('hex');
}
