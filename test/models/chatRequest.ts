/** What the fleet reads of a chat completion request, and its prompt as one text. */
import { z } from 'zod';

const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const call = z.looseObject({
  id: z.string().optional(),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
});
const message = z.looseObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.array(part)]).nullish(),
  tool_calls: z.array(call).nullish(),
  tool_call_id: z.string().nullish(),
});
const tool = z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) });

/** The parts of a request that the fleet acts on; everything else is accepted, as vLLM does. */
export const chatRequestSchema = z.looseObject({
  model: z.string().nullish(),
  messages: z.array(message).min(1),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  n: z.number().int().min(1).max(64).nullish(),
  seed: z.number().int().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z.array(tool).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  tool_choice: z.union([z.string(), z.looseObject({})]).nullish(),
  response_format: z
    .looseObject({
      type: z.string(),
      json_schema: z.looseObject({ name: z.string(), schema: z.record(z.string(), z.unknown()) }).nullish(),
    })
    .nullish(),
});

export type ChatRequest = z.infer<typeof chatRequestSchema>;
export type ChatMessage = ChatRequest['messages'][number];

export function messageText({ content }: ChatMessage): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((each) => each.text ?? `<${each.type}>`).join('\n');
}

/** The prompt as the model would get it. Request k+1 of a transcript begins with request k and its answer. */
export function renderPrompt(request: Pick<ChatRequest, 'messages' | 'tools'>): string {
  const tools = request.tools?.length ? `<tools>${JSON.stringify(request.tools)}</tools>\n` : '';
  const messages = request.messages.map((each) => {
    const calls = each.tool_calls?.map(({ function: { name, arguments: args } }) => renderToolCall(name, args)) ?? [];
    return `<|im_start|>${each.role}\n${renderTurn(messageText(each), calls)}<|im_end|>\n`;
  });
  return `${tools}${messages.join('')}<|im_start|>assistant\n`;
}

/** What one message says. */
export function renderTurn(text: string, calls: readonly string[]): string {
  return [text, ...calls].join('\n');
}

/** A tool call in the words of the model, as a server shows it that did not understand it. */
export function renderToolCall(name: string, args: string): string {
  return `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${args}}\n</tool_call>`;
}

/** Forms in which models write calls, besides the one above. */
export const CALL_FORMS = ['hermes', 'mistral', 'qwenCoder', 'llama'] as const;

/** @param args JSON text of an object */
export function renderCallAs(form: (typeof CALL_FORMS)[number], name: string, args: string): string {
  switch (form) {
    case 'hermes':
      return renderToolCall(name, args);
    case 'mistral':
      return `[TOOL_CALLS]${name}[ARGS]${args}`;
    case 'llama':
      return `<|python_tag|>{"name": ${JSON.stringify(name)}, "parameters": ${args}}`;
    case 'qwenCoder': {
      const parameters = Object.entries(JSON.parse(args) as Record<string, unknown>).map(
        ([key, value]) =>
          `<parameter=${key}>\n${typeof value === 'string' ? value : JSON.stringify(value)}\n</parameter>\n`,
      );
      return `<tool_call>\n<function=${name}>\n${parameters.join('')}</function>\n</tool_call>`;
    }
    default:
      return form satisfies never;
  }
}

/** The name of the schema that the answer must have, if it must have one. */
export function schemaName(request: ChatRequest): string | undefined {
  return request.response_format?.type === 'json_schema' ? request.response_format.json_schema?.name : undefined;
}
