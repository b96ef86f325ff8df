/** What vLLM refuses, in its words where we have them. */
import { type ChatRequest, messageText } from './chatRequest.ts';
import type { ServerTraits } from './traits.ts';

/** A response that is an error. */
export interface Refusal {
  status: number;
  headers?: Record<string, string>;
  /** To be sent as JSON, or a plain text. */
  body: unknown;
}

/** vLLM's shape of an error. */
export function errorBody(status: number, type: string, message: string, param: string | null = null): Refusal {
  return { status, body: { error: { message, type, param, code: status } } };
}

export function badRequest(message: string, param: string | null = null): Refusal {
  return errorBody(400, 'BadRequestError', message, param);
}

export function noSuchModel(model: string): Refusal {
  return errorBody(404, 'NotFoundError', `The model \`${model}\` does not exist.`, 'model');
}

export const UNAUTHORIZED: Refusal = { status: 401, body: { error: 'Unauthorized' } };

export const ENGINE_DEAD = errorBody(
  500,
  'InternalServerError',
  'EngineCore encountered an issue. See stack trace (above) for the root cause.',
);

/** Without JSON, and without the name of the server. */
export const BUSY: Refusal = { status: 503, body: 'Service Unavailable' };

/** What faster-whisper's server says of everything that it did not expect. */
export const UNEXPECTED: Refusal = { status: 500, body: 'Internal Server Error' };

/** What is refused depends on whose server it is. */
type Server = {
  model: string;
  others?: readonly string[];
  window: number;
  traits: Pick<ServerTraits, 'pages' | 'checksMaxTokens'>;
};

export function tooLong({ traits, window }: Pick<Server, 'window' | 'traits'>, promptTokens: number): Refusal {
  if (traits.pages === 'llama.cpp') {
    const message = `request (${promptTokens} tokens) exceeds the available context size (${window} tokens), try increasing it`;
    const type = 'exceed_context_size_error';
    return { status: 400, body: { error: { code: 400, message, type, n_prompt_tokens: promptTokens, n_ctx: window } } };
  }
  // vLLM stops counting there.
  const counted = Math.min(Math.max(promptTokens, window + 1), window + 1);
  return badRequest(
    `This model's maximum context length is ${window} tokens. However, your prompt contains at least ${counted} input tokens, ` +
      'which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. ' +
      `(parameter=input_tokens, value=${counted})`,
    'input_tokens',
  );
}

/** Why the server does not take a request, or undefined. */
export function refusalOf(request: ChatRequest, server: Server, promptTokens: number): Refusal | undefined {
  const { model, tools, response_format: format } = request;
  // llama.cpp's takes any name, and no tools where it is given none.
  const isLenient = server.traits.pages === 'llama.cpp';
  if (!isLenient && typeof model === 'string' && ![server.model, ...(server.others ?? [])].includes(model)) {
    return noSuchModel(model);
  }
  if (!isLenient && tools?.length === 0) return badRequest("Value error, [] is too short - 'tools'", 'tools');
  if (request.tool_choice && request.tool_choice !== 'none' && !tools) {
    return badRequest('Value error, When using `tool_choice`, `tools` must be set.', 'tool_choice');
  }
  if (request.stream_options && !request.stream) {
    return badRequest('Value error, Stream options can only be defined when `stream=True`.', 'stream_options');
  }
  if (tools && format && format.type !== 'text') {
    return badRequest(
      'You can only either use constraints for structured outputs or tools, not both.',
      'response_format',
    );
  }
  const unsupported = isLenient ? undefined : unsupportedKeyword(format?.json_schema?.schema);
  if (unsupported !== undefined) {
    const message = `The provided JSON schema contains features not supported by xgrammar: ${unsupported}.`;
    return badRequest(message, 'response_format');
  }
  const template = templateProblem(request, server.model);
  if (template !== undefined) return badRequest(template);
  const maxTokens = request.max_completion_tokens ?? request.max_tokens;
  if (server.traits.checksMaxTokens && typeof maxTokens === 'number' && maxTokens > server.window) {
    return badRequest(
      `max_tokens=${maxTokens} cannot be greater than max_model_len=${server.window}. Please request fewer output tokens.`,
      'max_tokens',
    );
  }
  return promptTokens >= server.window ? tooLong(server, promptTokens) : undefined;
}

/** What vLLM's grammars refuse of a schema. Others, such as lookaheads in patterns, they take and do not hold. */
function unsupportedKeyword(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  for (const [key, value] of Object.entries(schema)) {
    if (['uniqueItems', 'contains', 'multipleOf'].includes(key)) return key;
    if (key === 'allOf' && Array.isArray(value) && value.length > 1) return key;
    const found = unsupportedKeyword(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What the chat templates of Gemma 2 and of Mistral's models raise. */
function templateProblem({ messages }: ChatRequest, model: string): string | undefined {
  const gemma = /gemma-?[27]/i.test(model);
  if (gemma && messages[0]?.role === 'system') return 'System role not supported';
  if (!gemma && !/devstral|mistral/i.test(model)) return undefined;
  const speakers = messages.filter(
    (message, index) =>
      message.role === 'user' ||
      (message.role === 'assistant' && !message.tool_calls?.length) ||
      (message.role === 'system' && index > 0),
  );
  const alternate = speakers.every(({ role }, index) => role === (index % 2 === 0 ? 'user' : 'assistant'));
  if (alternate) return undefined;
  return gemma
    ? 'Conversation roles must alternate user/assistant/user/assistant/...'
    : 'After the optional system message, conversation roles must alternate user and assistant roles except for tool calls and results.';
}

/** The last characters of what a request says, for messages about it. */
export function endOfPrompt(request: ChatRequest): string {
  const last = request.messages.at(-1);
  return (last ? messageText(last) : '').slice(-300);
}
