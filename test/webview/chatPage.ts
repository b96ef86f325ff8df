import type { Browser } from 'playwright-core';
import type { RunEvent } from '../../src/shared/events.ts';
import type { Activity, ChatMethods, HostFacts, HostMethods } from '../../src/shared/protocol.ts';
import type { Peer } from '../../src/shared/rpc.ts';
import { openWebview, type WebviewOptions, type WebviewPage } from './webviewPage.ts';

/** The built chat in a page of its own. */
export interface ChatPage extends WebviewPage<HostMethods, ChatMethods> {
  chat: Peer<ChatMethods>;
  /** Calls of one method. */
  of<M extends keyof HostMethods>(method: M): Parameters<HostMethods[M]>[0][];
  /** Shows a run and plays events, a batch a frame, each after the one before was painted. */
  play(events: readonly RunEvent[], options?: { batch?: number; activity?: Activity }): Promise<void>;
  /** Messages with events that the chat got, and how many it said it had painted. */
  batches: { sent: number; painted: number };
}

export interface ChatOptions extends WebviewOptions<HostMethods> {
  facts?: Partial<HostFacts>;
}

export const SOME_FACTS: HostFacts = {
  folders: [{ uri: 'file:///orders-service', name: 'orders-service' }],
  trusted: true,
  silent: [],
  history: ['The first task', 'The second task'],
};

export async function openChat(browser: Browser, options: ChatOptions = {}): Promise<ChatPage> {
  const batches = { sent: 0, painted: 0 };
  let onPainted: () => void = () => {};
  const opened = await openWebview<HostMethods, ChatMethods>(browser, 'chat', {
    ...options,
    answers: {
      ...options.answers,
      painted: () => {
        batches.painted += 1;
        onPainted();
      },
    },
  });
  const { page, peer: chat, calls } = opened;
  await chat.call('facts', { ...SOME_FACTS, ...options.facts });
  await chat.call('show', { activity: { kind: 'idle' } });
  await page.getByRole('main').waitFor();

  return {
    ...opened,
    chat,
    batches,
    of: (method) => calls.filter((call) => call.method === method).map(({ params }) => params as never),
    async play(events, { batch = 400, activity = { kind: 'working' as const } } = {}) {
      const runId = events[0]?.runId ?? '';
      await chat.call('show', { runId, activity });
      for (let from = 0; from < events.length; from += batch) {
        const painted = new Promise<void>((resolve) => {
          onPainted = resolve;
        });
        batches.sent += 1;
        await chat.call('events', { runId, events: events.slice(from, from + batch) });
        await painted;
      }
    },
  };
}
