import OpenAI from 'openai';
import type { Role, StopReason, Usage } from '../../shared/events.ts';
import type { Model, ModelEvent, ModelRequest, Served } from '../ports.ts';
import type { NameOfSetting } from '../settings.ts';
import { readChunk, readCompletion, wireRequest } from './chatWire.ts';
import { openTokenCounter } from './countTokens.ts';
import {
  errorWords,
  failed,
  failureOfConnection,
  failureOfResponse,
  failureOfStream,
  type ServerName,
} from './failures.ts';
import { ModelError } from './modelError.ts';
import { REPETITION_LIMITS, repetitionGuard } from './repetitionGuard.ts';
import { readServed } from './served.ts';
import { readLoad } from './serverLoad.ts';
import { openPages } from './serverPages.ts';
import { openTemplateForm } from './templateForm.ts';
import { type Fetch, unpooledFetch } from './unpooledFetch.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';
import { WHITESPACE_LIMIT, whitespaceGuard } from './whitespaceGuard.ts';

/** All in milliseconds. */
interface EndpointTimeouts {
  connect: number;
  /**
   * From the request to the first piece of the answer, where the request does not say it: queueing and prefill, minutes
   * for a long prompt. This wait and the next are prolonged while the server shows that it is at work.
   */
  firstToken: number;
  /** Between two pieces of an answer; also how long the list of models may take. */
  betweenTokens: number;
  /** From the request to an answer that comes in one piece, all of which has to be written first: WHOLE times `betweenTokens` where absent. */
  whole: number;
  /** From the request to the end of its answer, whatever comes in between. */
  total: number;
}

const DEFAULT_TIMEOUTS: Omit<EndpointTimeouts, 'whole'> = {
  connect: 10_000,
  firstToken: 600_000,
  betweenTokens: 120_000,
  total: 7_200_000,
};

/** How much longer a whole answer may take than the next piece of one. */
const WHOLE = 15;

/** A count of tokens comes with the tokens themselves, so it is longer than other pages. */
const COUNT_LIMITS = { ms: 5000, chars: 20_000_000 };

/** Milliseconds. The client cannot do without a time-out of its own; this is the longest that a timer takes. */
const LONGEST_TIMER = 2 ** 31 - 1;

export interface EndpointOptions {
  /** For messages only. */
  role?: Role;
  /** Base URL that ends in /v1. */
  url: string;
  /** As the server names it; the first that it serves where absent. */
  model?: string;
  apiKey?: string;
  /** For messages: what to set where this is not the right server or key. */
  nameOf?: NameOfSetting;
  /** A fetch of one's own must not pool connections, or a server does not see an abort. */
  fetch?: Fetch;
  timeouts?: Partial<EndpointTimeouts>;
}

/**
 * The model behind an OpenAI-compatible server (vLLM, llama.cpp, …). Never retries, with one exception: a request whose
 * messages the model's chat template refuses was not worked on, and goes once more in the plainest form.
 * Where no model is configured, the first request asks the server what it serves.
 */
export function openEndpoint(options: EndpointOptions): Model {
  const between = options.timeouts?.betweenTokens ?? DEFAULT_TIMEOUTS.betweenTokens;
  const timeouts: EndpointTimeouts = { ...DEFAULT_TIMEOUTS, whole: WHOLE * between, ...options.timeouts };
  const fetchOnce = options.fetch ?? unpooledFetch(timeouts.connect);
  const { role, url, nameOf } = options;
  const server: ServerName = { url, ...(role && { role }), ...(nameOf && { nameOf }) };
  const beside = { url, apiKey: options.apiKey, fetch: fetchOnce };
  const pages = openPages(beside);
  const countTokens = openTokenCounter(openPages({ ...beside, limits: COUNT_LIMITS }));
  let known: Served | undefined;
  /** Answers that are waited for or read now. */
  let own = 0;
  const form = openTemplateForm();

  async function served(signal: AbortSignal): Promise<Served> {
    known ??= await askServed(signal);
    return known;
  }

  async function askServed(signal: AbortSignal): Promise<Served> {
    signal.throwIfAborted();
    const watchdog = startWatchdog(signal, timeouts.betweenTokens, timeouts);
    try {
      const list = await ask('application/json', (client) => client.get('/models', { signal: watchdog.signal }));
      const answer = readServed(list, options.model);
      if (answer === undefined) throw failed(server, { kind: 'wrongServer' }, 'does not list any models');
      if ('servedInstead' in answer) {
        const names = answer.servedInstead.map((name) => `"${name}"`).join(', ');
        throw failed(server, { kind: 'wrongServer' }, `does not serve "${options.model}" but ${names}`);
      }
      return answer;
    } catch (error) {
      throw whyItEnded(error, watchdog, signal);
    } finally {
      watchdog.stop();
    }
  }

  function stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    return form.send(() => streamOnce(request, signal));
  }

  async function* streamOnce(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    signal.throwIfAborted();
    const model = options.model ?? (await served(signal)).model;
    const body = wireRequest(form.of(request, model, known?.root ?? ''), model);
    const patience = request.whole ? timeouts.whole : (request.firstTokenMs ?? timeouts.firstToken);
    const watchdog = startWatchdog(signal, patience, {
      total: timeouts.total,
      isAtWork: (waited) => isAtWork(waited, request, signal),
    });
    const watch = refuseRunaways(request.schema ? 'json' : 'text');
    const post = (client: OpenAI): PromiseLike<unknown> =>
      client.chat.completions.create(body, { signal: watchdog.signal });
    own += 1;
    try {
      if (request.whole) yield* readWhole(await ask('application/json', post), watch);
      else yield* readChunks((await ask('text/event-stream', post)) as AsyncIterable<unknown>, watchdog, watch);
    } catch (error) {
      throw whyItEnded(error, watchdog, signal);
    } finally {
      own -= 1;
      watchdog.stop();
    }
  }

  /** Asked when a server has sent nothing for a while; whoever waits is told where it is at work. */
  async function isAtWork(waited: number, { onWaiting }: ModelRequest, signal: AbortSignal): Promise<boolean> {
    const shown = await readLoad(pages, signal);
    if (shown === undefined || shown.running + shown.waiting === 0) return false;
    onWaiting?.({ ...shown, waited });
    return true;
  }

  async function* readChunks(
    chunks: AsyncIterable<unknown>,
    watchdog: Watchdog,
    watch: (delta: string) => void,
  ): AsyncGenerator<ModelEvent> {
    let stopReason: StopReason | undefined;
    let usage: Usage | undefined;
    for await (const chunk of chunks) {
      watchdog.pause();
      const read = readChunk(chunk);
      if (read === undefined) throw failed(server, { kind: 'malformed' }, 'sent a piece that is no chat completion');
      for (const event of read.events) {
        if (event.type === 'text') watch(event.delta);
        yield event;
      }
      usage = read.usage ?? usage;
      if (read.finishReason !== undefined) stopReason = readStopReason(read.finishReason);
      watchdog.expect(timeouts.betweenTokens);
    }
    // The client ends its iteration in silence when it was aborted.
    watchdog.signal.throwIfAborted();
    yield finished(stopReason, usage);
  }

  function* readWhole(completion: unknown, watch: (delta: string) => void): Generator<ModelEvent> {
    const read = readCompletion(completion);
    if (read === undefined) {
      const words = errorWords(completion);
      throw words === undefined
        ? failed(server, { kind: 'malformed' }, 'sent an answer that is no chat completion')
        : failed(server, { kind: 'lost' }, `reported an error as its answer: ${words}`);
    }
    for (const event of read.events) {
      if (event.type === 'text') watch(event.delta);
      yield event;
    }
    yield finished(read.finishReason === undefined ? undefined : readStopReason(read.finishReason), read.usage);
  }

  function finished(stopReason: StopReason | undefined, usage: Usage | undefined): ModelEvent {
    if (stopReason === undefined) throw failed(server, { kind: 'lost' }, 'ended its answer without a finish_reason');
    return usage ? { type: 'finished', stopReason, usage } : { type: 'finished', stopReason };
  }

  /** Takes an answer piece by piece, and throws where it will not come to an end. */
  function refuseRunaways(form: 'json' | 'text'): (delta: string) => void {
    const isBlank = form === 'json' ? whitespaceGuard() : () => false;
    const limit = REPETITION_LIMITS[form];
    const isRepeated = repetitionGuard(limit);
    return (delta) => {
      if (isBlank(delta)) {
        const what = `wrote more than ${WHITESPACE_LIMIT} white space characters in a row instead of JSON`;
        throw failed(server, { kind: 'whitespaceLoop' }, what);
      }
      if (isRepeated(delta)) {
        const what = `wrote the same over and over, for ${limit.chars} characters, and no end`;
        throw failed(server, { kind: 'repetitionLoop' }, what);
      }
    };
  }

  function readStopReason(reason: string): StopReason {
    if (reason === 'stop' || reason === 'length' || reason === 'tool_calls') return reason;
    throw failed(server, { kind: 'lost' }, `gave up its answer (finish_reason "${reason}")`);
  }

  /**
   * Sends one request. The client re-words what fetch throws and drops the bodies of errors that it does not know,
   * so what goes wrong before a usable response is there is kept aside here, and thrown instead.
   */
  async function ask<T>(mediaType: string, work: (client: OpenAI) => PromiseLike<T>): Promise<T> {
    let failure: ModelError | undefined;
    const fetch: Fetch = async (input, init) => {
      try {
        const response = await fetchOnce(input, init);
        failure = await unusable(response, mediaType);
        if (failure === undefined) return response;
      } catch (cause) {
        failure = failureOfConnection(server, cause);
      }
      throw failure;
    };
    const client = new OpenAI({
      baseURL: options.url,
      // The client wants a key; a server without one ignores it.
      apiKey: options.apiKey ?? 'none',
      fetch,
      maxRetries: 0,
      timeout: LONGEST_TIMER,
      logLevel: 'off',
      // Null, or the client looks for these in the environment.
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
    });
    try {
      return await work(client);
    } catch (error) {
      throw failure ?? error;
    }
  }

  async function unusable(response: Response, mediaType: string): Promise<ModelError | undefined> {
    if (!response.ok) return failureOfResponse(server, response);
    const answered = response.headers.get('content-type') ?? 'nothing known';
    if (answered.startsWith(mediaType)) return undefined;
    await response.body?.cancel();
    return failed(server, { kind: 'wrongServer' }, `is no OpenAI-compatible server: it answers with ${answered}`);
  }

  function whyItEnded(error: unknown, watchdog: Watchdog, caller: AbortSignal): unknown {
    if (caller.aborted) return caller.reason;
    const waited = watchdog.expired();
    if (waited !== undefined)
      return failed(server, { kind: 'timedOut', waited }, `sent nothing for ${waited / 1000} s`);
    return error instanceof ModelError ? error : failureOfStream(server, error);
  }

  async function load(signal: AbortSignal): Promise<Awaited<ReturnType<Model['load']>>> {
    const shown = await readLoad(pages, signal);
    return shown && { ...shown, own };
  }

  async function count(
    request: Pick<ModelRequest, 'messages' | 'tools'>,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const model = options.model ?? known?.model ?? '';
    const asked = form.of({ ...request, maxTokens: 1, temperature: 0 }, model, known?.root ?? '');
    const { messages, tools } = wireRequest(asked, model);
    return countTokens({ model, messages, ...(tools === undefined ? {} : { tools }) }, signal);
  }

  return { url: options.url, served, stream, count, load };
}
