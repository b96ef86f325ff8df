import type { CompleteRequestParams, CompleteResult } from '@modelcontextprotocol/sdk/types.js';
import type { Offer } from './offer.ts';
import { narrowed, type Scope } from './roots.ts';
import { runsHere } from './runs.ts';

/** As many as the protocol allows in one answer. */
const MOST = 100;

/** What an argument of a resource's template can be, as far as it is typed; nothing for what can be anything. */
export async function completed(
  offer: Offer,
  { ref, argument: { name, value } }: CompleteRequestParams,
  scope: Scope,
  signal: AbortSignal,
): Promise<CompleteResult['completion']> {
  if (ref.type !== 'ref/resource') return valuesOf([]);
  if (name === 'path') {
    const files = await narrowed(offer.crew.workspace, scope).list(signal);
    return valuesOf(files.map(({ path }) => path).filter((path) => path.startsWith(value)));
  }
  if (name === 'id' && scope.kind === 'all') {
    const runs = await runsHere(offer);
    return valuesOf(runs.map(({ runId }) => runId).filter((id) => id.startsWith(value)));
  }
  return valuesOf([]);
}

function valuesOf(all: readonly string[]): CompleteResult['completion'] {
  return { values: all.slice(0, MOST), total: all.length, hasMore: all.length > MOST };
}
