import type { RunEvent } from '../../shared/events.ts';

/** Prompt tokens below which a first token's time tells more about the queue than about reading. */
const TELLING = 500;

/** Of the last measured turns, the slowest counts. */
const REMEMBERED = 5;

/** How much longer than measured it may take: other requests share the server. */
const PATIENCE = 3;

/** How much longer than the least it may take where no pace was measured. */
const UNMEASURED = 10;

/**
 * Milliseconds that a server may take to the first token of its answer, by what was measured of its pace: reading a long
 * prompt takes minutes on small machines, and is not to be taken for death.
 * @param about.model as the turns name it
 * @param about.least milliseconds; queues and cold starts are the same for short prompts
 */
export function firstTokenBudget(
  events: readonly RunEvent[],
  { model, promptTokens, least }: { model: string; promptTokens: number; least: number },
): number {
  const pace = readingPace(events, model);
  if (pace === undefined) return least * UNMEASURED;
  return Math.max(least, Math.ceil((promptTokens / pace) * PATIENCE * 1000));
}

/** Prompt tokens a second that the model reads, where its turns or its probe told. */
function readingPace(events: readonly RunEvent[], model: string): number | undefined {
  const paces: number[] = [];
  for (const event of events) {
    if (event.type === 'server.probed' && event.probe.model === model && event.probe.prefill !== undefined) {
      paces.push(event.probe.prefill);
    }
    if (event.type !== 'turn.finished' || event.model !== model) continue;
    const read = event.usage.promptTokens - (event.usage.cachedTokens ?? 0);
    if (read >= TELLING && event.firstTokenMs > 0) paces.push(read / (event.firstTokenMs / 1000));
  }
  return paces.length === 0 ? undefined : Math.min(...paces.slice(-REMEMBERED));
}
