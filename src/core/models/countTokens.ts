import { z } from 'zod';
import type { Fetch } from './unpooledFetch.ts';
import { startWatchdog } from './watchdog.ts';

/** Milliseconds. Counting takes a server next to nothing. */
const PATIENCE = 5_000;

const vllmSchema = z.object({ count: z.number().int().positive() });
const renderedSchema = z.object({ prompt: z.string().min(1) });
const llamaSchema = z.object({ tokens: z.array(z.unknown()).min(1) });

/** How a server counts: vLLM renders its template and counts in one; llama.cpp in two. */
type Way = 'vllm' | 'llama' | 'none';

/**
 * Counts what requests come to, in the server's own tokens.
 * @param where.root the server's address without /v1: the pages lie beside the API
 */
export function openTokenCounter(
  fetch: Fetch,
  where: { root: URL; apiKey?: string | undefined },
): (body: { model: string; messages: unknown; tools?: unknown }, signal: AbortSignal) => Promise<number | undefined> {
  /** Found out with the first request that is counted. */
  let way: Way | undefined;

  async function post(page: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const watchdog = startWatchdog(signal, PATIENCE, { total: PATIENCE });
    try {
      const response = await fetch(new URL(page, where.root), {
        method: 'POST',
        body: JSON.stringify(body),
        headers: {
          'content-type': 'application/json',
          ...(where.apiKey === undefined ? {} : { authorization: `Bearer ${where.apiKey}` }),
        },
        signal: watchdog.signal,
      });
      if (response.ok) return await response.json();
      await response.body?.cancel();
      return undefined;
    } catch {
      // The count is an estimate then; what is wrong with the server shows where it is asked for what is needed.
      signal.throwIfAborted();
      return undefined;
    } finally {
      watchdog.stop();
    }
  }

  return async ({ model, messages, tools }, signal) => {
    const offered = tools === undefined ? {} : { tools };
    if (way === undefined || way === 'vllm') {
      const counted = vllmSchema.safeParse(
        await post('tokenize', { model, messages, ...offered, add_generation_prompt: true }, signal),
      );
      if (counted.success) {
        way = 'vllm';
        return counted.data.count;
      }
      if (way === 'vllm') return undefined;
    }
    if (way === undefined || way === 'llama') {
      const rendered = renderedSchema.safeParse(await post('apply-template', { messages, ...offered }, signal));
      const counted = llamaSchema.safeParse(
        rendered.success
          ? await post('tokenize', { content: rendered.data.prompt, add_special: true, parse_special: true }, signal)
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
