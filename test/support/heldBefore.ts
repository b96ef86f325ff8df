import type { Role, RunEvent } from '../../src/shared/events.ts';
import { type ChatRequest, renderPrompt } from '../models/chatRequest.ts';
import type { RequestRecord } from '../models/roleServer.ts';
import { tokensOf } from '../models/tokens.ts';
import { transcriptsOf } from './transcripts.ts';

/** A request of a run. */
export interface InOrder {
  role: Role;
  /** Whether it goes on with a transcript. */
  isFollowUp: boolean;
  messages: unknown;
}

interface Measured {
  role: Role;
  isFollowUp: boolean;
  /** Of the prompt. */
  tokens: number;
  /** Of those, the ones that the server had had before. */
  had: number;
}

/** Shares of prompt tokens. */
interface Shares {
  /** Of requests that go on with a transcript. */
  followUps: number;
  /** Of these and of beginnings of transcripts, but the very first. */
  later: number;
}

interface HeldByRole {
  role: Role;
  followUps: number;
  /** Worked out of the requests as they were sent: what an earlier one of the role and its answer held. */
  held: Shares;
  /** As the fleet's cache counted. */
  counted: Shares;
}

/** For each role that was asked, how much of what it was asked its server had had before; and the requests, in order. */
export function heldBefore(
  records: readonly RequestRecord[],
  events: readonly RunEvent[],
): { roles: HeldByRole[]; requests: InOrder[] } {
  const sent = transcriptsOf(records, events)
    .flatMap(({ role, requests }) =>
      requests.map(({ record, sent: { messages }, answer }, index) => {
        const prompt = renderPrompt(record.body as ChatRequest);
        const tokens = tokensOf(prompt).length;
        return { record, role, isFollowUp: index > 0, messages, prompt, tokens, whole: prompt + answer };
      }),
    )
    .sort((a, b) => records.indexOf(a.record) - records.indexOf(b.record));
  const held = sumShares(
    sent.map((one, index) => {
      const earlier = sent.slice(0, index).filter(({ role }) => role === one.role);
      return { ...one, had: Math.max(0, ...earlier.map(({ whole }) => commonTokens(one.prompt, whole))) };
    }),
  );
  const counted = sumShares(sent.map((one) => ({ ...one, had: one.record.cachedTokens ?? 0 })));
  const none: Shares = { followUps: 0, later: 0 };
  const roles = [...held].map(([role, shares]) => ({
    role,
    followUps: sent.filter((one) => one.role === role && one.isFollowUp).length,
    held: shares,
    counted: counted.get(role) ?? none,
  }));
  return { roles, requests: sent.map(({ role, isFollowUp, messages }) => ({ role, isFollowUp, messages })) };
}

/** The shares of each role. @param requests in the order in which they were made */
export function sumShares(requests: readonly Measured[]): Map<Role, Shares> {
  const share = (of: readonly Measured[]): number =>
    of.reduce((sum, { had }) => sum + had, 0) / of.reduce((sum, { tokens }) => sum + tokens, 0);
  const roles = [...new Set(requests.map(({ role }) => role))];
  return new Map(
    roles.map((role) => {
      const own = requests.filter((one) => one.role === role);
      return [role, { followUps: share(own.filter(({ isFollowUp }) => isFollowUp)), later: share(own.slice(1)) }];
    }),
  );
}

/** Whole tokens that two texts begin with together. */
function commonTokens(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const tokens = tokensOf(one.slice(0, at));
  return tokens.length - ((tokens.at(-1)?.length ?? 4) < 4 ? 1 : 0);
}
