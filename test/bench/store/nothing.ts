import type { Store } from '../../../src/core/orchestrator/session.ts';
import type { RunEvent } from '../../../src/shared/events.ts';

/** A store that keeps nothing and answers at once. @param events what every run holds */
export function storeOfNothing(events: readonly RunEvent[] = []): Store & { close(): Promise<void> } {
  let epoch = 0;
  async function* read(_runId: string, since = 0): AsyncGenerator<RunEvent> {
    for (const event of events) if (event.seq > since) yield event;
  }
  return {
    log: {
      append: async () => {},
      read,
      follow: read,
      list: async () => [],
      delete: async () => {},
    },
    leases: {
      ttl: 60_000,
      acquire: async (name) => {
        epoch += 1;
        return { name, epoch, token: 'nothing' };
      },
      renew: async () => true,
      release: async () => {},
    },
    memory: {
      recall: async () => [],
      remember: async () => {},
      forget: async () => {},
      plan: async () => undefined,
      keepPlan: async () => {},
      forgetPlan: async () => {},
    },
    close: async () => {},
  };
}
