/** The chat completions protocol: our requests in its words, and its chunks in ours. */
import type { ChatCompletionCreateParams, ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { z } from 'zod';
import type { Usage } from '../../shared/events.ts';
import type { Message, ModelEvent, ModelRequest } from '../ports.ts';
import type { FormedRequest } from './templateForm.ts';

/** @throws {TypeError} where both tools and a schema are given: servers then drop one of them without a word */
export function wireRequest(request: FormedRequest, model: string): ChatCompletionCreateParams {
  if (request.schema && request.tools?.length)
    throw new TypeError('A model request has either tools or a schema, never both.');
  const body = {
    model,
    messages: withMedia(request.messages.map(wireMessage), request.media),
    max_tokens: request.maxTokens,
    temperature: request.temperature,
    ...(request.topP === undefined ? {} : { top_p: request.topP }),
    ...(request.seed === undefined ? {} : { seed: request.seed }),
    ...wireTools(request),
    ...(request.schema
      ? { response_format: { type: 'json_schema' as const, json_schema: { ...request.schema, strict: true } } }
      : {}),
    // Taken by vLLM, llama.cpp and SGLang; servers without templates leave it aside.
    ...(request.templateVariables ? { chat_template_kwargs: request.templateVariables } : {}),
  };
  return request.whole
    ? { ...body, stream: false }
    : { ...body, stream: true, stream_options: { include_usage: true } };
}

/** The messages, with a picture or a sound at the end of the last user message. */
function withMedia(messages: ChatCompletionMessageParam[], media: ModelRequest['media']): ChatCompletionMessageParam[] {
  const at = messages.findLastIndex(({ role }) => role === 'user');
  const message = messages[at];
  if (media === undefined || message?.role !== 'user' || typeof message.content !== 'string') return messages;
  const said = { type: 'text' as const, text: message.content };
  const part =
    media.kind === 'image'
      ? { type: 'image_url' as const, image_url: { url: `data:image/${media.format};base64,${media.base64}` } }
      : { type: 'input_audio' as const, input_audio: { data: media.base64, format: media.format } };
  return messages.with(at, { ...message, content: [said, part] });
}

/** `strict`, because vLLM holds arguments to their schema only then. An empty list of tools is refused by it. */
function wireTools({ tools = [], toolChoice }: ModelRequest): Partial<ChatCompletionCreateParams> {
  if (tools.length === 0) return {};
  return {
    tools: tools.map((tool) => ({ type: 'function', function: { strict: true, ...tool } })),
    parallel_tool_calls: false,
    ...(toolChoice === undefined ? {} : { tool_choice: toolChoice }),
  };
}

const text = z.string().nullish();
const count = z.number().nullish();

/** JSON text; a few servers give the object itself. */
const callArguments = z.union([
  z.string(),
  z.record(z.string(), z.unknown()).transform((args) => JSON.stringify(args)),
]);

const calledFunction = z.object({ name: text, arguments: callArguments.nullish() }).nullish();

const saidSchema = z.object({
  content: text,
  reasoning: text,
  /** The older name of `reasoning`; llama.cpp and older vLLM. */
  reasoning_content: text,
});

const usageSchema = z
  .object({
    prompt_tokens: z.number(),
    completion_tokens: z.number().optional(),
    prompt_tokens_details: z.object({ cached_tokens: count }).nullish(),
    completion_tokens_details: z.object({ reasoning_tokens: count }).nullish(),
  })
  .nullish();

const chunkSchema = z.object({
  choices: z.array(
    z.object({
      delta: saidSchema.extend({
        tool_calls: z.array(z.object({ index: z.number(), id: text, function: calledFunction })).nullish(),
      }),
      finish_reason: text,
    }),
  ),
  usage: usageSchema,
});

const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        message: saidSchema.extend({ tool_calls: z.array(z.object({ id: text, function: calledFunction })).nullish() }),
        finish_reason: text,
      }),
    )
    .min(1),
  usage: usageSchema,
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
  return readPiece(choice?.delta ?? {}, choice?.finish_reason, read.data.usage);
}

/** @returns what an answer in one piece says, or undefined where it is no chat completion */
export function readCompletion(completion: unknown): ReadChunk | undefined {
  const read = completionSchema.safeParse(completion);
  if (!read.success) return undefined;
  const choice = read.data.choices[0];
  const calls = choice?.message.tool_calls?.map((call, index) => ({ ...call, index }));
  return readPiece({ ...choice?.message, tool_calls: calls }, choice?.finish_reason, read.data.usage);
}

function readPiece(
  said: Partial<z.infer<typeof chunkSchema>['choices'][number]['delta']>,
  finishReason: string | null | undefined,
  usage: z.infer<typeof usageSchema>,
): ReadChunk {
  const events: ReadChunk['events'] = [];
  const reasoning = said.reasoning || said.reasoning_content;
  if (reasoning) events.push({ type: 'reasoning', delta: reasoning });
  if (said.content) events.push({ type: 'text', delta: said.content });
  for (const call of said.tool_calls ?? []) {
    events.push({
      type: 'toolCall',
      index: call.index,
      ...(call.id ? { id: call.id } : {}),
      ...(call.function?.name ? { name: call.function.name } : {}),
      argumentsDelta: call.function?.arguments ?? '',
    });
  }
  return {
    events,
    ...(finishReason ? { finishReason } : {}),
    ...(usage ? { usage: readUsage(usage) } : {}),
  };
}

function readUsage(usage: NonNullable<z.infer<typeof usageSchema>>): Usage {
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
