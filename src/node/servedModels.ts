import { z } from 'zod';
import { parsedJson } from '../core/models/parsedJson.ts';
import { openPages } from '../core/models/serverPages.ts';
import { unpooledFetch } from '../core/models/unpooledFetch.ts';

/** Milliseconds to connect: whoever waits is a person. */
const LIMIT = 2000;

const listSchema = z.object({ data: z.array(z.object({ id: z.string().min(1) })).min(1) });

/** The names of the models that a server lists; none where it does not answer. @param url base URL that ends in /v1 */
export async function servedModels(url: string, apiKey: string | undefined, signal: AbortSignal): Promise<string[]> {
  const pages = openPages({ url, apiKey, fetch: unpooledFetch(LIMIT) });
  const list = listSchema.safeParse(parsedJson(await pages.get('/v1/models', signal)));
  return list.success ? list.data.data.map(({ id }) => id) : [];
}
