/** The chat completions protocol: our requests in its words, and its chunks in ours. */
import type {
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import { z } from 'zod';
import type { Usage } from '../../shared/events.ts';
import type { Message, ModelEvent, ModelRequest } from '../ports.ts';

/** @throws {TypeError} where both tools and a schema are given: servers then drop one of them without a word */
export function wireRequest(request: ModelRequest, model: string): ChatCompletionCreateParamsStreaming {
  const tools = request.tools ?? [];
  if (request.schema && tools.length > 0)
    throw new TypeError('A model request has either tools or a schema, never both.');
  return {
    model,
    messages: request.messages.map(wireMessage),
    max_tokens: request.maxTokens,
    temperature: request.temperature,
    ...(request.topP === undefined ? {} : { top_p: request.topP }),
    ...(request.seed === undefined ? {} : { seed: request.seed }),
    ...(tools.length === 0 ? {} : { tools: tools.map((tool) => ({ type: 'function' as const, function: tool })) }),
    ...(request.schema
      ? { response_format: { type: 'json_schema' as const, json_schema: { ...request.schema, strict: true } } }
      : {}),
    stream: true,
    stream_options: { include_usage: true },
  };
}

const text = z.string().nullish();
const count = z.number().nullish();

const chunkSchema = z.object({
  choices: z.array(
    z.object({
      delta: z.object({
        content: text,
        reasoning: text,
        /** The older name of `reasoning`; llama.cpp and older vLLM. */
        reasoning_content: text,
        tool_calls: z
          .array(
            z.object({ index: z.number(), id: text, function: z.object({ name: text, arguments: text }).nullish() }),
          )
          .nullish(),
      }),
      finish_reason: text,
    }),
  ),
  usage: z
    .object({
      prompt_tokens: z.number(),
      completion_tokens: z.number().optional(),
      prompt_tokens_details: z.object({ cached_tokens: count }).nullish(),
      completion_tokens_details: z.object({ reasoning_tokens: count }).nullish(),
    })
    .nullish(),
});

export interface ReadChunk {
  events: Exclude<ModelEvent, { type: 'finished' }>[];
  /** As the server wrote it. */
  finishReason?: string;
  usage?: Usage;
}

/** @returns what a chunk says, or undefined where it is no chunk of a chat completion */
export function readChunk(chunk: unknown): ReadChunk | undefined {
  const read = chunkSchema.safeParse(chunk);
  if (!read.success) return undefined;
  const choice = read.data.choices[0];
  const events: ReadChunk['events'] = [];
  const reasoning = choice?.delta.reasoning || choice?.delta.reasoning_content;
  if (reasoning) events.push({ type: 'reasoning', delta: reasoning });
  if (choice?.delta.content) events.push({ type: 'text', delta: choice.delta.content });
  for (const call of choice?.delta.tool_calls ?? []) {
    events.push({
      type: 'toolCall',
      index: call.index,
      ...(call.id ? { id: call.id } : {}),
      ...(call.function?.name ? { name: call.function.name } : {}),
      argumentsDelta: call.function?.arguments ?? '',
    });
  }
  const { usage } = read.data;
  return {
    events,
    ...(choice?.finish_reason ? { finishReason: choice.finish_reason } : {}),
    ...(usage ? { usage: readUsage(usage) } : {}),
  };
}

function readUsage(usage: NonNullable<z.infer<typeof chunkSchema>['usage']>): Usage {
  const cached = usage.prompt_tokens_details?.cached_tokens;
  const reasoning = usage.completion_tokens_details?.reasoning_tokens;
  return {
    promptTokens: usage.prompt_tokens,
    completionTokens: usage.completion_tokens ?? 0,
    ...(typeof cached === 'number' ? { cachedTokens: cached } : {}),
    ...(typeof reasoning === 'number' ? { reasoningTokens: reasoning } : {}),
  };
}

function wireMessage(message: Message): ChatCompletionMessageParam {
  switch (message.role) {
    case 'system':
    case 'user':
      return { role: message.role, content: message.content };
    case 'tool':
      return { role: 'tool', tool_call_id: message.callId, content: message.content };
    case 'assistant':
      return {
        role: 'assistant',
        content: message.content,
        ...(message.toolCalls?.length
          ? {
              tool_calls: message.toolCalls.map((call) => ({
                id: call.id,
                type: 'function' as const,
                function: { name: call.name, arguments: call.arguments },
              })),
            }
          : {}),
      };
    default:
      return message satisfies never;
  }
}
