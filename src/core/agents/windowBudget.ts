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

/** Cuts a text in the middle, and says so. */
export function clip(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const half = Math.floor(chars / 2);
  return `${text.slice(0, half)}\n[… ${text.length - 2 * half} characters left out …]\n${text.slice(-half)}`;
}
