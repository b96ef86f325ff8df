import type { Message } from '../ports.ts';
import { REPLY_SHARE } from '../settings.ts';

/** How the served window is shared out, in tokens: a part for the answer, a margin for our estimates, the rest for the prompt. */

/** What the shares are of. */
interface Windowed {
  /** Tokens that prompt and answer share. */
  window: number;
}

export function replyTokens({ window }: Windowed): number {
  return Math.floor(window * REPLY_SHARE);
}

export function margin({ window }: Windowed): number {
  return Math.max(128, Math.floor(window * 0.02));
}

export function promptRoom(transcript: Windowed): number {
  return transcript.window - replyTokens(transcript) - margin(transcript);
}

export function toolResultChars(transcript: Windowed): number {
  return Math.min(24_000, Math.floor(promptRoom(transcript) * 0.5));
}

/** Characters that a token stands for, on the careful side: code has about three. */
const CHARS_PER_TOKEN = 3;

/** Characters that an agent's opening may have: half of the room for the prompt, so that looking things up fits too. */
export function openingChars(transcript: Windowed): number {
  return Math.min(Math.floor(promptRoom(transcript) * 0.5 * CHARS_PER_TOKEN), 120_000);
}

/**
 * A rough count for text that no server has counted yet, on the high side: a token stands for about three characters of
 * code, and for one of the scripts that a vocabulary made for English mostly spells out.
 */
export function estimateTokens(text: string): number {
  const others = text.match(/[\u0080-\uffff]/g)?.length ?? 0;
  return Math.ceil((text.length - others) / CHARS_PER_TOKEN) + others + 4;
}

/** The same for the messages of a request. */
export function estimatePrompt(messages: readonly Message[]): number {
  return messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
}
