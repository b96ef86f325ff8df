/** What a server or a model does wrong on demand. */
import { z } from 'zod';
import { CALL_FORMS, renderCallAs, renderToolCall } from './chatRequest.ts';
import { type Reply, replyText } from './reply.ts';
import { tokensOf } from './tokens.ts';

const afterTokens = z.number().int().min(0);

const faultObjectSchema = z.discriminatedUnion('kind', [
  /** The connection is cut before the response begins. */
  z.strictObject({ kind: z.literal('dropBeforeHeaders') }),
  /** The server dies in the middle of its answer. */
  z.strictObject({ kind: z.literal('dropMidStream'), afterTokens: afterTokens.default(3) }),
  /** Nothing comes, ever. */
  z.strictObject({ kind: z.literal('hangBeforeFirstByte') }),
  z.strictObject({ kind: z.literal('hangMidStream'), afterTokens: afterTokens.default(3) }),
  /** 503; with `retryAfter` in seconds (vLLM sends none). */
  z.strictObject({ kind: z.literal('busy'), retryAfter: z.number().optional() }),
  z.strictObject({ kind: z.literal('serverError') }),
  /** 400: the prompt does not fit, however short it is; with `window`, into less than the server says it serves. */
  z.strictObject({ kind: z.literal('contextExceeded'), window: z.number().int().min(1).optional() }),
  /** A chunk that is no JSON. */
  z.strictObject({ kind: z.literal('malformedChunk'), afterTokens: afterTokens.default(3) }),
  /** vLLM's dead engine: an error within a stream that began with 200. */
  z.strictObject({ kind: z.literal('deadEngine'), afterTokens: afterTokens.default(3) }),
  /** The stream ends in order, but nobody said that the answer did. */
  z.strictObject({ kind: z.literal('endWithoutFinish'), afterTokens: afterTokens.default(3) }),
  /** An answer that pads with white space until max_tokens, from its start or after so many tokens. */
  z.strictObject({
    kind: z.literal('whitespaceLoop'),
    afterTokens: afterTokens.optional(),
    pad: z.enum([' ', '\t', '\n']).optional(),
  }),
  /** An answer that says the same until max_tokens, from its start or after so many tokens. */
  z.strictObject({ kind: z.literal('repetitionLoop'), afterTokens: afterTokens.optional() }),
  /** JSON that opens one object within the other until max_tokens, as grammars of recursive schemas let models do. */
  z.strictObject({ kind: z.literal('endlessNesting') }),
  /** The tool call that the server's parser missed, in the form in which the model wrote it. */
  z.strictObject({ kind: z.literal('toolCallAsText'), form: z.enum(CALL_FORMS).default('hermes') }),
  /** The tool call that the model made within its thoughts, where no parser looks. */
  z.strictObject({ kind: z.literal('callInReasoning') }),
  /** finish_reason "tool_calls", and no call. */
  z.strictObject({ kind: z.literal('noCall') }),
  /** Tool calls whose arguments are this text, whatever their schema says. */
  z.strictObject({ kind: z.literal('wrongArguments'), arguments: z.string().default('"src/greet.js"') }),
  /** The stream breaks where a tool call begins; in one piece the same answer is right. */
  z.strictObject({ kind: z.literal('brokenCallStream') }),
  /** 400 on tools, and on response_format. */
  z.strictObject({ kind: z.literal('toolsRefused') }),
  z.strictObject({ kind: z.literal('schemaRefused') }),
  /** An answer in JSON with tabs and line ends as they are within its strings, or at least one tab for a space. */
  z.strictObject({ kind: z.literal('rawControls') }),
  /** finish_reason "length" after so many tokens. */
  z.strictObject({ kind: z.literal('truncated'), afterTokens }),
  /** The same, but of what was cut the server makes a tool call without arguments. */
  z.strictObject({ kind: z.literal('truncatedCall') }),
  /** The answer ends in good order where it is not at its end: what was to be JSON is none. */
  z.strictObject({ kind: z.literal('stopsShort'), afterTokens }),
  /** Every tool call three times, though one at a time was asked for. */
  z.strictObject({ kind: z.literal('manyCalls') }),
  /** A model that does not stop thinking: all up to the limit is reasoning. */
  z.strictObject({ kind: z.literal('endlessThinking') }),
  z.strictObject({ kind: z.literal('empty') }),
  /** Fails open: the scripted text, or `says`, is sent although it breaks the schema. */
  z.strictObject({ kind: z.literal('schemaIgnored'), says: z.string().optional() }),
  /** Everything in the reasoning, nothing in the content. */
  z.strictObject({ kind: z.literal('reasoningOnly') }),
]);

export type Fault = z.infer<typeof faultObjectSchema>;
type FaultKind = Fault['kind'];

/** A fault as scripts write it: its kind alone where it needs nothing else, or all of it. */
export const faultSchema = z.preprocess(
  (value) => (typeof value === 'string' ? { kind: value } : value),
  faultObjectSchema,
);

export type FaultInput = FaultKind | z.input<typeof faultObjectSchema>;

/** Faults that show before any answer is looked for. */
export type RefusingFault = Extract<
  Fault,
  {
    kind:
      | 'dropBeforeHeaders'
      | 'hangBeforeFirstByte'
      | 'busy'
      | 'serverError'
      | 'contextExceeded'
      | 'toolsRefused'
      | 'schemaRefused';
  }
>;

export function refuses(fault: Fault): fault is RefusingFault {
  const kinds: FaultKind[] = [
    'dropBeforeHeaders',
    'hangBeforeFirstByte',
    'busy',
    'serverError',
    'contextExceeded',
    'toolsRefused',
    'schemaRefused',
  ];
  return kinds.includes(fault.kind);
}

/** Faults that break the stream of an answer that is otherwise as scripted. */
export type BreakingFault = Extract<
  Fault,
  { kind: 'dropMidStream' | 'hangMidStream' | 'malformedChunk' | 'deadEngine' | 'endWithoutFinish' }
>;

export function breaks(fault: Fault | undefined): fault is BreakingFault {
  const kinds: FaultKind[] = ['dropMidStream', 'hangMidStream', 'malformedChunk', 'deadEngine', 'endWithoutFinish'];
  return fault !== undefined && kinds.includes(fault.kind);
}

/** The reply as a model with this fault gives it, or undefined where the fault is not in the reply. */
export function misbehave(fault: Fault, reply: Reply, maxTokens: number): Reply | undefined {
  // Two of the fleet's tokens more than fit, so that the limit ends it.
  const endless = (text: string): string => text.repeat(Math.ceil((4 * (maxTokens + 2)) / text.length));
  switch (fault.kind) {
    case 'whitespaceLoop':
      return { text: beginning(reply, fault.afterTokens, '{') + endless(fault.pad ?? ' ') };
    case 'repetitionLoop':
      return { text: beginning(reply, fault.afterTokens, '{"task_understood": "') + endless('8Z_') };
    case 'endlessNesting': {
      const depth = Math.ceil((4 * (maxTokens + 2)) / '{"n0":'.length);
      return { text: Array.from({ length: depth }, (_, at) => `{"n${at}":`).join('') };
    }
    case 'endlessThinking':
      return { reasoning: endless('Hm, or is it? ') };
    case 'stopsShort':
      return { text: beginning(reply, fault.afterTokens, '') };
    case 'truncatedCall':
      return { ...reply, toolCalls: (reply.toolCalls ?? []).map(({ name }) => ({ name, arguments: '{}' })) };
    case 'manyCalls':
      return { ...reply, toolCalls: (reply.toolCalls ?? []).flatMap((call) => [call, call, call]) };
    case 'toolCallAsText': {
      const calls = (reply.toolCalls ?? []).map((call) =>
        renderCallAs(fault.form, call.name, argumentsText(call.arguments)),
      );
      return {
        ...withoutToolCalls(reply),
        text: [replyText(reply), ...calls].filter((each) => each !== '').join('\n'),
      };
    }
    case 'callInReasoning': {
      const calls = (reply.toolCalls ?? []).map((call) => renderToolCall(call.name, argumentsText(call.arguments)));
      return { reasoning: [reply.reasoning ?? 'I have to look.', ...calls].join('\n'), text: '' };
    }
    case 'wrongArguments':
      return { ...reply, toolCalls: (reply.toolCalls ?? []).map(({ name }) => ({ name, arguments: fault.arguments })) };
    case 'rawControls':
      return {
        text: withRawControls(replyText(reply)),
        toolCalls: (reply.toolCalls ?? []).map(({ name, arguments: args }) => ({
          name,
          arguments: withRawControls(argumentsText(args)),
        })),
      };
    case 'empty':
      return { text: '' };
    case 'reasoningOnly':
      return { reasoning: (reply.reasoning ?? '') + replyText(reply), text: '' };
    case 'schemaIgnored':
      return fault.says === undefined ? reply : { text: fault.says };
    case 'truncated':
      return reply;
    default:
      return undefined;
  }
}

/** What a reply begins with, as text: so many tokens of it, or `otherwise` where nobody says how many. */
function beginning(reply: Reply, tokens: number | undefined, otherwise: string): string {
  return tokens === undefined ? otherwise : tokensOf(replyText(reply)).slice(0, tokens).join('');
}

function withRawControls(text: string): string {
  const raw = text.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
  return raw === text ? text.replace(/(?<=\w) (?=\w)/, '\t') : raw;
}

export function argumentsText(args: string | Record<string, unknown>): string {
  return typeof args === 'string' ? args : JSON.stringify(args);
}

function withoutToolCalls({ toolCalls: _, ...rest }: Reply): Reply {
  return rest;
}
