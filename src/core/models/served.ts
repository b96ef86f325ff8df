import { z } from 'zod';
import type { Served } from '../ports.ts';

/** What we take the window for where a server does not tell it: the smallest that we support, in tokens. */
const UNTOLD_WINDOW = 8192;

const count = z.number().positive().nullish().catch(undefined);
const listSchema = z.object({
  data: z
    .array(
      z.object({
        id: z.string().min(1),
        /** vLLM: the model itself, also where "id" is an alias. */
        root: z.string().nullish().catch(undefined),
        /** vLLM. */
        max_model_len: count,
        /** LiteLLM. */
        max_input_tokens: count,
        /** llama.cpp, per slot. */
        meta: z.object({ n_ctx: count }).nullish().catch(undefined),
      }),
    )
    .min(1),
});

/**
 * Reads the answer of GET /v1/models.
 * @param configured the model that the user wants, or undefined for the first
 * @returns the model and its window; or the names that are served instead; or undefined where it is no list of models
 */
export function readServed(
  list: unknown,
  configured: string | undefined,
): Served | { servedInstead: string[] } | undefined {
  const read = listSchema.safeParse(list);
  if (!read.success) return undefined;
  const { data } = read.data;
  const entry = configured === undefined ? data[0] : data.find((model) => model.id === configured);
  if (entry === undefined) return { servedInstead: data.map((model) => model.id) };
  const window = entry.max_model_len ?? entry.meta?.n_ctx ?? entry.max_input_tokens;
  return {
    model: entry.id,
    ...(entry.root && entry.root !== entry.id ? { root: entry.root } : {}),
    ...(window ? { window } : { window: UNTOLD_WINDOW, assumed: true }),
  };
}
