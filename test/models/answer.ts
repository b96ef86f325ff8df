/** A scripted reply as the server's answer: token by token, cut at the limit, checked against what was asked for. */
import { createHash } from 'node:crypto';
import { type ChatRequest, renderToolCall, renderTurn } from './chatRequest.ts';
import { argumentsText, type Fault, misbehave } from './faults.ts';
import { type Reply, replyText } from './reply.ts';
import { answerProblem } from './schemaCheck.ts';
import { tokensOf } from './tokens.ts';
import type { ServerTraits } from './traits.ts';

/** One token of an answer. The first piece of a tool call has its id and name. */
export type Piece =
  | { kind: 'reasoning' | 'content'; text: string }
  | { kind: 'toolCall'; index: number; id?: string; name?: string; arguments: string }
  /** Of a tool call, in a form that no client understands. */
  | { kind: 'broken'; arguments: string };

export interface Choice {
  pieces: Piece[];
  finishReason: 'stop' | 'length' | 'tool_calls';
  /** As it stands in the prompt of the next request; of a cut answer, nothing is remembered. */
  turn: string;
}

/** Why the reply cannot be this server's answer to this request: a script must not say what no server would send. */
export function lieIn(reply: Reply, request: ChatRequest, traits: ServerTraits): string | undefined {
  if (reply.toolCalls?.length && !request.tools?.length) return 'it calls a tool, but the request has none';
  const isForced = request.tool_choice === 'required' || typeof request.tool_choice === 'object';
  if (request.tool_choice && isForced && !reply.toolCalls?.length) return 'it calls no tool, but the request wants one';
  const format = request.response_format;
  if (format?.type !== 'json_schema') return undefined;
  const problem = answerProblem(replyText(reply), format.json_schema?.schema, traits.undeclared);
  return problem === undefined ? undefined : `it breaks the schema "${format.json_schema?.name}": ${problem}`;
}

/** @param maxTokens of one choice */
export function composeChoice(reply: Reply, request: ChatRequest, fault: Fault | undefined, maxTokens: number): Choice {
  const said = (fault && misbehave(fault, reply, maxTokens)) ?? reply;
  const limit = fault?.kind === 'truncated' ? Math.min(fault.afterTokens, maxTokens) : maxTokens;
  const calls = (said.toolCalls ?? []).map(({ name, arguments: args }, index) => ({
    id: callId(request, name, index),
    name,
    arguments: argumentsText(args),
  }));
  const spoken = [...pieces('reasoning', said.reasoning ?? ''), ...pieces('content', replyText(said))];
  const called = calls.flatMap((call, index): Piece[] => [
    { kind: 'toolCall', index, id: call.id, name: call.name, arguments: '' },
    ...tokensOf(call.arguments).map((text): Piece => ({ kind: 'toolCall', index, arguments: text })),
  ]);
  if (fault?.kind === 'brokenCallStream' && request.stream && calls.length > 0) {
    return { pieces: [...spoken, { kind: 'broken', arguments: '{"pa' }], finishReason: 'tool_calls', turn: '' };
  }
  if (fault?.kind === 'noCall') return { pieces: spoken, finishReason: 'tool_calls', turn: replyText(said) };
  const whole = [...spoken, ...called];
  if (whole.length > limit) {
    // A tool call that was cut is never recognised as one: its raw text stays in the content.
    const raw = calls.flatMap((call) => pieces('content', renderToolCall(call.name, call.arguments)));
    return { pieces: [...spoken, ...raw].slice(0, limit), finishReason: 'length', turn: '' };
  }
  const named = typeof request.tool_choice === 'object' && request.tool_choice !== null;
  return {
    pieces: whole,
    finishReason: fault?.kind === 'truncatedCall' ? 'length' : calls.length > 0 && !named ? 'tool_calls' : 'stop',
    turn: renderTurn(
      replyText(said),
      calls.map((call) => renderToolCall(call.name, call.arguments)),
    ),
  };
}

function pieces(kind: 'reasoning' | 'content', text: string): Piece[] {
  return tokensOf(text).map((token) => ({ kind, text: token }));
}

/** The same for the same request, so that a resumed run gets its transcript byte for byte. */
function callId(request: ChatRequest, name: string, index: number): string {
  const hash = createHash('sha1').update(JSON.stringify(request.messages)).update(`${name}/${index}`).digest('hex');
  return `chatcmpl-tool-${hash.slice(0, 16)}`;
}
