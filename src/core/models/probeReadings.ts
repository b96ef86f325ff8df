/** What is made of the answers to a probe's requests. Pure, one function a question. */
import type { StopReason, Usage } from '../../shared/events.ts';
import type { Probe, Seen } from '../../shared/probe.ts';
import { parsedJson } from './parsedJson.ts';
import { TOOL_NAME } from './probeQuestions.ts';

export type Reply =
  | {
      kind: 'answer';
      text: string;
      reasoning: string;
      calls: { name: string; arguments: string }[];
      stopReason: StopReason;
      usage?: Usage;
      /** Milliseconds from the request. Of an answer in one piece, both are the same. */
      firstTokenMs: number;
      ms: number;
    }
  /** The server does not take such a request. */
  | { kind: 'refused'; why: string; window?: number }
  /** The answer ran away in white space. */
  | { kind: 'runaway'; why: string }
  /** It began and was no answer: cut off, malformed. */
  | { kind: 'broken'; why: string }
  /** Nothing can be said: it took too long, the server was busy or gone, or it was not asked at all. */
  | { kind: 'none'; why: string };

export type Answered = Extract<Reply, { kind: 'answer' }>;

/** Whether the model called the tool that it was told to call. */
export function readToolCall(reply: Reply): Seen {
  switch (reply.kind) {
    case 'answer': {
      if (thoughtTooLong(reply)) return 'untried';
      const [call] = reply.calls;
      const args = call?.name === TOOL_NAME ? objectIn(call.arguments) : undefined;
      return args !== undefined && 'colour' in args && 'size' in args ? 'works' : 'broken';
    }
    case 'refused':
      return 'refused';
    case 'runaway':
    case 'broken':
      return 'broken';
    case 'none':
      return 'untried';
    default:
      return reply satisfies never;
  }
}

/** Whether a call was forced, and whether its arguments were held to the schema that the prompt contradicts. */
export function readRequiredCall(reply: Reply): Pick<Probe['tools'], 'required' | 'heldToSchema'> {
  if (reply.kind !== 'answer') {
    const required = readToolCall(reply);
    return { required, heldToSchema: required === 'refused' ? 'refused' : 'untried' };
  }
  const [call] = reply.calls;
  if (call === undefined) {
    // Arguments that are held come to an end: a call that does not is free in them, and was forced all the same.
    if (isCutCall(reply)) return { required: 'works', heldToSchema: 'broken' };
    return { required: thoughtTooLong(reply) ? 'untried' : 'broken', heldToSchema: 'untried' };
  }
  const args = objectIn(call.arguments);
  return {
    required: 'works',
    heldToSchema: args !== undefined && Object.keys(args).length === 2 && keepsTo(args) ? 'works' : 'broken',
  };
}

/** Whether an answer kept to the schema that the prompt contradicts. */
export function readSchemaAnswer(reply: Reply): Probe['schema'] {
  switch (reply.kind) {
    case 'answer': {
      // With the wrong reasoning parser, the JSON itself arrives as a thought.
      const said = reply.text.trim() === '' ? reply.reasoning : reply.text;
      const answer = objectIn(afterThoughts(said));
      if (answer !== undefined && Object.keys(answer).length === 3 && keepsTo(answer) && isBoolean(answer.sure))
        return 'held';
      if (thoughtTooLong(reply)) return 'untried';
      return reply.stopReason === 'length' && isPadded(said) ? 'runsAway' : 'ignored';
    }
    case 'refused':
      return 'refused';
    case 'runaway':
      return 'runsAway';
    case 'broken':
    case 'none':
      return 'untried';
    default:
      return reply satisfies never;
  }
}

/** Where thoughts were seen in any of the answers. */
export function readReasoning(replies: readonly Reply[]): Probe['reasoning'] {
  const answers = replies.filter((reply) => reply.kind === 'answer');
  if (answers.some(({ reasoning }) => reasoning.trim() !== '')) return 'separate';
  return answers.some(({ text }) => /<\/?think(ing)?>/.test(text)) ? 'inline' : 'none';
}

/** @param reply to the second of two requests with the same long prefix */
export function readCachedTokens(reply: Reply): Probe['cachedTokens'] {
  if (reply.kind !== 'answer') return 'untried';
  return reply.usage?.cachedTokens === undefined ? 'silent' : 'reported';
}

/** Whether a picture that is all purple was seen. */
export function readVision(reply: Reply): Seen {
  if (reply.kind !== 'answer') return readToolCall(reply);
  if (thoughtTooLong(reply)) return 'untried';
  return /purple|violet|magenta|lilac|fuchsia/i.test(reply.text) ? 'works' : 'broken';
}

/** A server that takes sound may still not hear it; nothing but a refusal says something. */
export function readAudio(reply: Reply): Seen {
  return reply.kind === 'refused' ? 'refused' : 'untried';
}

/** Below this many milliseconds a rate says more about the clock than about the server. */
const SHORTEST_TIME = 50;

/** Tokens a second while writing, by the longest answer that came in pieces. */
export function decodeRate(replies: readonly Answered[]): number | undefined {
  const tokens = (reply: Answered): number => reply.usage?.completionTokens ?? 0;
  const longest = replies.toSorted((one, other) => tokens(other) - tokens(one))[0];
  if (longest === undefined || tokens(longest) < 8) return undefined;
  return rate(tokens(longest) - 1, longest.ms - longest.firstTokenMs);
}

/**
 * Prompt tokens a second, by how much longer the first token of a long prompt takes than that of a short one.
 * @param shortMs milliseconds to the first token of a short prompt
 */
export function prefillRate(long: Reply, shortMs: number | undefined): number | undefined {
  if (long.kind !== 'answer' || long.usage === undefined) return undefined;
  const read = long.usage.promptTokens - (long.usage.cachedTokens ?? 0);
  return rate(read, long.firstTokenMs - (shortMs ?? 0)) ?? rate(read, long.firstTokenMs);
}

/** Whether an answer ended before the model had done thinking. */
export function thoughtTooLong(reply: Answered): boolean {
  if (reply.stopReason !== 'length' || reply.calls.length > 0) return false;
  if (reply.text.trim() === '') return reply.reasoning.trim() !== '';
  return /^\s*<think(ing)?>/.test(reply.text) && !/<\/think(ing)?>/.test(reply.text);
}

/** The raw text of a call that the answer's end has cut off, as vLLM shows it. */
function isCutCall({ stopReason, text }: Answered): boolean {
  return stopReason === 'length' && /^\s*[<[{]/.test(text) && text.slice(0, 80).includes(`"${TOOL_NAME}"`);
}

function rate(tokens: number, ms: number): number | undefined {
  return ms < SHORTEST_TIME || tokens < 1 ? undefined : Math.round((tokens * 10_000) / ms) / 10;
}

function keepsTo(value: Record<string, unknown>): boolean {
  return (value.colour === 'ochre' || value.colour === 'violet') && (value.size === 3 || value.size === 7);
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

/** Half of it and more is white space: what there is of the JSON would have fitted otherwise. */
function isPadded(text: string): boolean {
  return text.replace(/\s/g, '').length * 2 < text.length;
}

function afterThoughts(text: string): string {
  return text.replace(/^[\s\S]*<\/think(ing)?>/, '');
}

function objectIn(text: string): Record<string, unknown> | undefined {
  const value = parsedJson(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
