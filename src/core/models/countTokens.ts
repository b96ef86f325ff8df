import { z } from 'zod';
import { parsedJson } from './parsedJson.ts';
import type { ServerPages } from './serverPages.ts';

const vllmSchema = z.object({ count: z.number().int().positive() });
const renderedSchema = z.object({ prompt: z.string().min(1) });
const llamaSchema = z.object({ tokens: z.array(z.unknown()).min(1) });

/** How a server counts: vLLM renders its template and counts in one; llama.cpp in two. */
type Way = 'vllm' | 'llama' | 'none';

/**
 * Counts what requests come to, in the server's own tokens.
 * @param pages give the tokens themselves too: a number for each of a whole window
 */
export function openTokenCounter(
  pages: ServerPages,
): (body: { model: string; messages: unknown; tools?: unknown }, signal: AbortSignal) => Promise<number | undefined> {
  /** Found out with the first request that is counted. */
  let way: Way | undefined;

  // Where nothing comes back, the count is an estimate; what is wrong with the server shows where it is needed.
  const post = async (page: string, body: object, signal: AbortSignal): Promise<unknown> =>
    parsedJson(await pages.get(page, signal, body));

  return async ({ model, messages, tools }, signal) => {
    const offered = tools === undefined ? {} : { tools };
    if (way === undefined || way === 'vllm') {
      const counted = vllmSchema.safeParse(
        await post('/tokenize', { model, messages, ...offered, add_generation_prompt: true }, signal),
      );
      if (counted.success) {
        way = 'vllm';
        return counted.data.count;
      }
      if (way === 'vllm') return undefined;
    }
    if (way === undefined || way === 'llama') {
      const rendered = renderedSchema.safeParse(await post('/apply-template', { messages, ...offered }, signal));
      const counted = llamaSchema.safeParse(
        rendered.success
          ? await post('/tokenize', { content: rendered.data.prompt, add_special: true, parse_special: true }, signal)
          : undefined,
      );
      if (counted.success) {
        way = 'llama';
        return counted.data.tokens.length;
      }
      if (way === 'llama') return undefined;
    }
    way = 'none';
    return undefined;
  };
}
