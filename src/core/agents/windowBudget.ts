import { REPLY_SHARE } from '../settings.ts';
import type { Transcript } from './turn.ts';

/** How the served window is shared out, in tokens: a part for the answer, a margin for our estimates, the rest for the prompt. */

export function replyTokens({ window }: Transcript): number {
  return Math.floor(window * REPLY_SHARE);
}

export function margin({ window }: Transcript): number {
  return Math.max(128, Math.floor(window * 0.02));
}

export function promptRoom(transcript: Transcript): number {
  return transcript.window - replyTokens(transcript) - margin(transcript);
}

export function toolResultChars(transcript: Transcript): number {
  return Math.min(24_000, Math.floor(promptRoom(transcript) * 0.5));
}

/** Characters that a token stands for, on the careful side: code has about three. */
const CHARS_PER_TOKEN = 3;

/** Characters that an agent's opening may have: half of the room for the prompt, so that looking things up fits too. */
export function openingChars(transcript: Transcript): number {
  return Math.min(Math.floor(promptRoom(transcript) * 0.5 * CHARS_PER_TOKEN), 120_000);
}

/** Cuts a text in the middle, and says so. */
export function clip(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const half = Math.floor(chars / 2);
  return `${text.slice(0, half)}\n[… ${text.length - 2 * half} characters left out …]\n${text.slice(-half)}`;
}
