import type { Role, RunEvent } from '../../src/shared/events.ts';
import { type ChatRequest, renderPrompt } from '../models/chatRequest.ts';
import type { RequestRecord } from '../models/roleServer.ts';
import { tokensOf } from '../models/tokens.ts';
import { transcriptsOf } from './transcripts.ts';

/** How much of a role's requests an earlier one and its answer held, both as shares of their prompt tokens. */
interface Held {
  requests: number;
  /** Worked out of the requests as they were sent. */
  share: number;
  /** As the fleet's cache counted. */
  counted: number;
}

interface HeldByRole {
  role: Role;
  /** Requests that go on with a transcript. */
  followUps: Held;
  /** All but the very first. */
  later: Held;
}

/** For each role that was asked, how much of what it was asked its server had had before. */
export function heldBefore(requests: readonly RequestRecord[], events: readonly RunEvent[]): HeldByRole[] {
  const sent = transcriptsOf(requests, events)
    .flatMap(({ role, requests: own }) =>
      own.map(({ record, answer }, index) => {
        const prompt = renderPrompt(record.body as ChatRequest);
        const { cachedTokens: cached = 0 } = record;
        return { record, role, isFollowUp: index > 0, prompt, whole: prompt + answer, cached };
      }),
    )
    .sort((a, b) => requests.indexOf(a.record) - requests.indexOf(b.record));
  return [...new Set(sent.map(({ role }) => role))].map((role) => {
    const own = sent.filter((one) => one.role === role);
    const measured = own.map(({ prompt, cached, isFollowUp }, index) => ({
      isFollowUp,
      cached,
      tokens: tokensOf(prompt).length,
      held: Math.max(0, ...own.slice(0, index).map(({ whole }) => commonTokens(prompt, whole))),
    }));
    return {
      role,
      followUps: summed(measured.filter(({ isFollowUp }) => isFollowUp)),
      later: summed(measured.slice(1)),
    };
  });
}

function summed(requests: readonly { tokens: number; held: number; cached: number }[]): Held {
  const sum = (of: 'tokens' | 'held' | 'cached'): number => requests.reduce((total, one) => total + one[of], 0);
  return { requests: requests.length, share: sum('held') / sum('tokens'), counted: sum('cached') / sum('tokens') };
}

/** Whole tokens that two texts begin with together. */
function commonTokens(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const tokens = tokensOf(one.slice(0, at));
  return tokens.length - ((tokens.at(-1)?.length ?? 4) < 4 ? 1 : 0);
}
