/** What a server shows beside its /v1: who it is, since when, with which window. */
import { z } from 'zod';
import { parsedJson } from './parsedJson.ts';
import type { Fetch } from './unpooledFetch.ts';
import { startWatchdog } from './watchdog.ts';

/** How much of a page is waited for. */
interface PageLimits {
  ms: number;
  chars: number;
}

/** These pages are made at once; a server that takes longer has other worries. Metrics have some ten thousand characters. */
const PAGE_LIMITS: PageLimits = { ms: 2000, chars: 2_000_000 };

export interface ServerPages {
  /**
   * The text of a page, by its path from the server's root; undefined where there is none.
   * Rejects only when the signal aborts.
   * @param body is sent as JSON
   */
  get(path: string, signal: AbortSignal, body?: object): Promise<string | undefined>;
}

/** @param options.url base URL that ends in /v1 */
export function openPages(options: {
  url: string;
  apiKey?: string | undefined;
  fetch: Fetch;
  limits?: PageLimits;
}): ServerPages {
  const root = options.url.replace(/\/v1\/?$/, '');
  const { ms, chars } = options.limits ?? PAGE_LIMITS;
  return {
    async get(path, signal, body) {
      signal.throwIfAborted();
      const watchdog = startWatchdog(signal, ms, { total: ms });
      try {
        const response = await options.fetch(`${root}${path}`, {
          signal: watchdog.signal,
          headers: {
            ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        });
        if (!response.ok) return undefined;
        const text = await response.text();
        return text.length <= chars ? text : undefined;
      } catch {
        // A page that cannot be had is one that is not there; who needs it says so.
        signal.throwIfAborted();
        return undefined;
      } finally {
        // What is not read of it is hung up on.
        watchdog.stop();
      }
    },
  };
}

/** What a server is, as far as it shows it. */
export interface ServerFacts {
  product?: 'vLLM' | 'llama.cpp' | 'Ollama' | 'LM Studio';
  version?: string;
  /** Another text after every restart, or at least after one with other settings; absent where nothing tells. */
  instance?: string;
  /** Tokens of one slot, where a page beside /v1/models tells them. */
  window?: number;
}

/** @param model as the server names it */
export async function readFacts(pages: ServerPages, model: string, signal: AbortSignal): Promise<ServerFacts> {
  const [metrics, version, props, ollama, lmStudio] = await Promise.all([
    pages.get('/metrics', signal),
    pages.get('/version', signal),
    pages.get('/props', signal),
    pages.get('/api/version', signal),
    pages.get('/api/v0/models', signal),
  ]);
  const llama = propsSchema.safeParse(parsedJson(props));
  if (llama.success) return llamaFacts(llama.data);
  if (metrics !== undefined && /^vllm:/m.test(metrics)) return vllmFacts(metrics, versionIn(version));
  const ollamaVersion = versionIn(ollama);
  if (ollamaVersion !== undefined) {
    const window = await ollamaWindow(pages, model, signal);
    return { product: 'Ollama', version: ollamaVersion, ...(window === undefined ? {} : { window }) };
  }
  const studio = lmStudioSchema.safeParse(parsedJson(lmStudio));
  if (studio.success) {
    const loaded = studio.data.data.find(({ id }) => id === model)?.loaded_context_length;
    return { product: 'LM Studio', ...(loaded ? { window: loaded } : {}) };
  }
  return {};
}

const versionSchema = z.object({ version: z.string() });
const count = z.number().positive().nullish().catch(undefined);
const propsSchema = z.looseObject({
  build_info: z.string(),
  model_path: z.string().nullish(),
  total_slots: z.number().nullish(),
  chat_template: z.string().nullish(),
  default_generation_settings: z.looseObject({ n_ctx: count }),
});
const ollamaRunningSchema = z.object({
  models: z.array(z.object({ name: z.string(), model: z.string().nullish(), context_length: count })),
});
/** What is set for the model, one "name value" a line. */
const ollamaModelSchema = z.object({ parameters: z.string() });
const lmStudioSchema = z.object({
  data: z.array(z.object({ id: z.string(), type: z.string(), state: z.string(), loaded_context_length: count })),
});

function llamaFacts(props: z.infer<typeof propsSchema>): ServerFacts {
  const window = props.default_generation_settings.n_ctx;
  return {
    product: 'llama.cpp',
    version: props.build_info,
    // It does not tell when it was started, but all that makes one start differ from another.
    instance: [props.model_path, props.total_slots, window, props.chat_template?.length].join('|'),
    ...(window ? { window } : {}),
  };
}

function vllmFacts(metrics: string, version: string | undefined): ServerFacts {
  const since = /^process_start_time_seconds(?:\{[^}]*\})? (\S+)/m.exec(metrics)?.[1];
  return {
    product: 'vLLM',
    ...(version === undefined ? {} : { version }),
    ...(since === undefined ? {} : { instance: since }),
  };
}

/** Of the loaded model, as it is served; or what is set for it, until it is loaded. */
async function ollamaWindow(pages: ServerPages, model: string, signal: AbortSignal): Promise<number | undefined> {
  const running = ollamaRunningSchema.safeParse(parsedJson(await pages.get('/api/ps', signal)));
  const loaded = running.data?.models.find((one) => one.name === model || one.model === model)?.context_length;
  if (loaded) return loaded;
  const about = ollamaModelSchema.safeParse(parsedJson(await pages.get('/api/show', signal, { model })));
  const set = /^num_ctx\s+(\d+)/m.exec(about.data?.parameters ?? '')?.[1];
  return set === undefined ? undefined : Number(set);
}

function versionIn(page: string | undefined): string | undefined {
  return versionSchema.safeParse(parsedJson(page)).data?.version;
}
