import { APIConnectionTimeoutError, APIError } from 'openai';
import type { NameOfSetting } from '../settings.ts';
import { ModelError, type ModelFailure } from './modelError.ts';
import { parsedJson } from './parsedJson.ts';

/** A server as messages name it. */
export interface ServerName {
  role?: string;
  url: string;
  nameOf?: NameOfSetting;
}

/** Makes the error for a failure: which server, what happened, and what to do. */
export function failed(
  server: ServerName,
  failure: ModelFailure,
  what: string,
  options?: { cause?: unknown },
): ModelError {
  const name = server.role === undefined ? 'model' : server.role;
  return new ModelError(failure, server.url, `The ${name} server at ${server.url} ${what}${remedy(server, failure)}.`, {
    ...options,
    words: what,
  });
}

/** What chat templates raise, in their own words; vLLM answers with status 400 then, llama.cpp with 500 or 400. */
const REFUSED_BY_TEMPLATE =
  /system role not supported|roles must alternate|only user.{0,20}assistant.{0,40}(roles|supported)|tool call ids should be|single tool-calls|raise_exception|tool role, but there was no|invalid message role|chat_template_kwargs/i;

/** The error for a response that is no success. Reads its body. */
export async function failureOfResponse(server: ServerName, response: Response): Promise<ModelError> {
  const body = await response.text();
  const said = serverWords(parsedJson(body)) ?? body.trim().slice(0, 300);
  const words = said === '' || /^\s*</.test(said) ? '' : `: ${said}`;
  const status = response.status;
  const window = exceededWindow(body);
  if (window !== undefined) return failed(server, window, `says that the prompt is too long${words}`);
  if ((status === 400 || status === 500) && REFUSED_BY_TEMPLATE.test(said)) {
    const what = `refuses the form of the messages (HTTP ${status}${words})`;
    return failed(server, { kind: 'badRequest', template: true }, what);
  }
  switch (status) {
    case 401:
    case 403:
      return failed(server, { kind: 'unauthorised' }, `refuses the API key (HTTP ${status}${words})`);
    case 404:
    case 405:
    case 501:
      return failed(
        server,
        { kind: 'wrongServer' },
        `has no such model or is no OpenAI-compatible server (HTTP ${status}${words})`,
      );
    case 429:
    case 503:
      return failed(server, overloaded(response), `is busy (HTTP ${status}${words})`);
    case 502:
    case 504:
      return failed(
        server,
        { kind: 'unreachable' },
        `is a gateway that cannot reach the model (HTTP ${status}${words})`,
      );
    default: {
      const about = refusedPart(said);
      const isRefusal = status < 500 || about === 'tools';
      return isRefusal
        ? failed(
            server,
            { kind: 'badRequest', ...(about && { about }) },
            `refuses the request (HTTP ${status}${words})`,
          )
        : failed(server, { kind: 'lost' }, `failed on the request (HTTP ${status}${words})`);
    }
  }
}

/**
 * What of a request a server will not take, by its words: vLLM ("auto" tool choice requires --enable-auto-tool-choice),
 * llama.cpp ("tools param requires --jinja flag", with a 500), Ollama ("does not support tools"), grammars of all kinds.
 */
function refusedPart(said: string): 'tools' | 'schema' | undefined {
  if (/\btools?\b[^.]*\brequires?\b|not support tools|tool[_ ]choice|parallel_tool_calls/i.test(said)) return 'tools';
  return /response_format|json_schema|schema|grammar|guided|structured|xgrammar|outlines/i.test(said)
    ? 'schema'
    : undefined;
}

/** The error for what was thrown before a response began. */
export function failureOfConnection(server: ServerName, cause: unknown): ModelError {
  const code = codeOf(cause);
  if (causes(cause).some(({ name }) => name === 'HTTPParserError')) {
    return failed(server, { kind: 'wrongServer' }, 'does not speak HTTP', { cause });
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || cause instanceof APIConnectionTimeoutError) {
    return failed(server, { kind: 'unreachable' }, 'does not accept the connection in time', { cause });
  }
  return failed(server, { kind: 'unreachable' }, `does not answer (${code ?? String(cause)})`, { cause });
}

/** The error for what was thrown while the answer was read. */
export function failureOfStream(server: ServerName, cause: unknown): ModelError {
  if (cause instanceof SyntaxError) {
    return failed(server, { kind: 'malformed' }, `sent a piece that is no JSON (${cause.message})`, { cause });
  }
  if (cause instanceof APIError) {
    const said = serverWords(cause.error) ?? cause.message;
    const window = exceededWindow(JSON.stringify(cause.error ?? ''));
    if (window !== undefined) return failed(server, window, `says that the prompt is too long: ${said}`, { cause });
    return failed(server, { kind: 'lost' }, `reported an error within its answer: ${said}`, { cause });
  }
  return failed(server, { kind: 'lost' }, `broke off its answer (${codeOf(cause) ?? String(cause)})`, { cause });
}

/** The texts in which vLLM (old and new) names its window, each with the number of tokens. */
const VLLM_WINDOW =
  /maximum context length is (\d+)|context length is only (\d+)|maximum model length of (\d+)|cannot be greater than max_model_len=(\d+)/i;

function exceededWindow(body: string): Extract<ModelFailure, { kind: 'contextExceeded' }> | undefined {
  const vllm = VLLM_WINDOW.exec(body);
  if (vllm) return { kind: 'contextExceeded', window: Number(vllm.slice(1).find((group) => group !== undefined)) };
  if (!body.includes('exceed_context_size_error')) return undefined;
  const llama = /"n_ctx"\s*:\s*(\d+)/.exec(body);
  return llama ? { kind: 'contextExceeded', window: Number(llama[1]) } : { kind: 'contextExceeded' };
}

/** What a body says that came with a success and is an error all the same; undefined where it is none. */
export function errorWords(body: unknown): string | undefined {
  return typeof body === 'object' && body !== null && 'error' in body ? serverWords(body) : undefined;
}

/** `{error: {message}}`, `{error: "text"}` (vLLM's 401) or the flat `{object: "error", message}`. */
function serverWords(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  if (typeof body !== 'object' || body === null) return undefined;
  if ('error' in body) return serverWords(body.error);
  return 'message' in body && typeof body.message === 'string' ? body.message : undefined;
}

function overloaded(response: Response): ModelFailure {
  const header = response.headers.get('retry-after');
  if (header === null) return { kind: 'overloaded' };
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? { kind: 'overloaded', retryAfter: Math.max(0, Math.round(ms)) } : { kind: 'overloaded' };
}

/** The first code that an error or one of its causes has, such as ECONNREFUSED. */
function codeOf(error: unknown): string | undefined {
  return causes(error)
    .map((cause) => ('code' in cause && typeof cause.code === 'string' ? cause.code : undefined))
    .find((code) => code !== undefined);
}

/** An error and what led to it: fetch wraps what the socket said, and connecting to several addresses fails severally. */
function causes(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const several: unknown[] = error instanceof AggregateError ? error.errors : [];
  return [error, ...causes(error.cause), ...several.flatMap(causes)];
}

function remedy({ role, nameOf }: ServerName, failure: ModelFailure): string {
  const endpoint = role === undefined || nameOf === undefined ? 'its endpoint' : nameOf(`endpoints.${role}.url`);
  switch (failure.kind) {
    case 'unreachable':
      return `; start it, or set ${endpoint} to where it runs`;
    case 'wrongServer':
      return `; set ${endpoint} to a base URL that ends in /v1, and the model to one it serves`;
    case 'unauthorised':
      return `; set ${nameOf?.('apiKey') ?? 'the API key'} to the key it was started with`;
    case 'overloaded':
      return '; try again later';
    case 'contextExceeded':
      return '; shorten the prompt, or start the server with a larger window';
    case 'whitespaceLoop':
      return '; start it with the structured output setting "disable_any_whitespace": true';
    case 'repetitionLoop':
      return '; a larger model seldom does';
    case 'lost':
    case 'malformed':
    case 'badRequest':
      return "; see the server's log";
    case 'timedOut':
      return '; see whether it still works, or allow it more time';
    default:
      return failure satisfies never;
  }
}
