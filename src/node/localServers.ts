import { z } from 'zod';
import { parsedJson } from '../core/models/parsedJson.ts';
import { openPages, readFacts } from '../core/models/serverPages.ts';
import { unpooledFetch } from '../core/models/unpooledFetch.ts';

/** A model server that runs on this machine. */
export interface LocalServer {
  /** As far as it shows it. */
  product?: string;
  /** Base URL that ends in /v1. */
  url: string;
  /** As it names them; at least one. */
  models: string[];
}

/** Where servers listen when nobody has told them otherwise. */
const DEFAULT_URLS: readonly string[] = [
  // vLLM, vllm-metal, and the ports of Conclave's own fleet.
  ...[8000, 8001, 8002, 8003, 8004].map((port) => `http://localhost:${port}/v1`),
  // llama.cpp's server, Ollama, LM Studio.
  ...[8080, 11434, 1234].map((port) => `http://localhost:${port}/v1`),
  // Docker Model Runner.
  'http://localhost:12434/engines/v1',
];

/** Milliseconds: on the same machine, whoever is there answers at once. */
const LIMIT = 1000;

const listSchema = z.object({ data: z.array(z.object({ id: z.string().min(1) })).min(1) });

/**
 * Looks for model servers on this machine, and on no other. Only to be called for somebody who asked what there is: a
 * run contacts nothing but its configured endpoints.
 */
export async function findLocalServers(
  signal: AbortSignal,
  urls: readonly string[] = DEFAULT_URLS,
): Promise<LocalServer[]> {
  const found = await Promise.all(urls.map((url) => localServer(url, signal)));
  return found.filter((server) => server !== undefined);
}

async function localServer(url: string, signal: AbortSignal): Promise<LocalServer | undefined> {
  const { hostname } = new URL(url);
  if (hostname !== 'localhost' && hostname !== '127.0.0.1') throw new Error(`${url} is not on this machine`);
  const pages = openPages({ url, fetch: unpooledFetch(LIMIT) });
  const list = listSchema.safeParse(parsedJson(await pages.get('/v1/models', signal)));
  if (!list.success) return undefined;
  const models = list.data.data.map(({ id }) => id);
  const { product } = await readFacts(pages, models[0] ?? '', signal);
  return { ...(product === undefined ? {} : { product }), url, models };
}
