import type { Usage } from '../../shared/events.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import { sentText } from './record.ts';
import type { Transcript } from './turn.ts';

/** Tokens from which on a prompt is worth caching; shorter ones may fit no block of the cache. */
const WORTH_IT = 1000;
/** Share of the request before that a follow-up request should find in the cache. */
const EXPECTED_SHARE = 0.6;
/** Tokens: caches keep whole blocks, of up to that many, so the end of what they keep is not told. */
const LARGEST_BLOCK = 128;

/** A request of a transcript, as its follow-up is to begin. */
export interface Asked {
  text: string;
  promptTokens: number;
}

/**
 * Tells the run, once for each role, of a follow-up request of which the server had kept much less than the request
 * before: where our own request does not begin with that one it is a defect of ours, and the first byte says where; else
 * the server forgot it.
 */
export async function watchCache(
  run: RunContext,
  transcript: Transcript,
  before: Asked | undefined,
  now: { text: string; usage: Usage },
): Promise<void> {
  const { cachedTokens: cached, promptTokens } = now.usage;
  if (before === undefined || cached === undefined || promptTokens <= WORTH_IT) return;
  if (cached + LARGEST_BLOCK > before.promptTokens * EXPECTED_SHARE) return;
  const { role, lane } = transcript;
  const differsAt = firstDifference(before.text, now.text);
  const told = { type: 'cache.missed' as const, role, lane, expected: before.promptTokens, cached };
  await run.journal.step(`cache/${role}`, async () => ({ ...told, ...(differsAt === undefined ? {} : { differsAt }) }));
}

/** What a request looks like to the cache of a server: its tools, then its messages. */
export function askedText(transcript: Transcript, messages: Parameters<typeof sentText>[1], tools: unknown): string {
  return `${JSON.stringify(tools ?? [])}${sentText(transcript, messages).slice(0, -1)}`;
}

/** The first byte (UTF-8, from 0) in which a text does not begin with another; undefined where it does. */
export function firstDifference(beginning: string, text: string): number | undefined {
  if (text.startsWith(beginning)) return undefined;
  const bytes = new TextEncoder().encode(beginning);
  const others = new TextEncoder().encode(text);
  return bytes.findIndex((byte, index) => byte !== others[index]);
}
