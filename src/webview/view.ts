import type { RunEvent } from '../shared/events.ts';
import type { Activity, ChatMethods, HostFacts } from '../shared/protocol.ts';
import type { Handlers } from '../shared/rpc.ts';
import type { Composed } from './host.ts';
import type { Transcript } from './transcript/entries.ts';
import { emptyTranscript, foldBatch } from './transcript/fold.ts';

/** Everything that the chat shows, but for what is folded and what is being typed. */
export interface View {
  /** Unknown until the host has said so. */
  facts?: HostFacts;
  runId?: string;
  activity: Activity;
  transcript: Transcript;
  doctor?: Parameters<ChatMethods['doctor']>[0];
  /** Why a run could not be started. */
  refused?: { message: string; remedy?: string };
  /** Why the last thing that the user did failed. */
  problem?: string;
  panel: 'chat' | 'history';
  /** To be put into the composer, once. Without a text, what is written there stays. */
  composed?: Composed;
  /** What became of findings, by fingerprint. */
  settled: ReadonlyMap<string, 'waived' | 'mended'>;
}

export const emptyView: View = {
  activity: { kind: 'idle' },
  transcript: emptyTranscript,
  panel: 'chat',
  settled: new Map(),
};

/** The chat's side of the protocol, over a view that changes at once and events that wait for the next frame. */
export function chatMethods(hands: {
  change: (change: (view: View) => View) => void;
  takeEvents: (runId: string, events: RunEvent[]) => void;
  /** Another run is shown: what waited for the next frame is not of it. */
  forget: () => void;
}): Handlers<ChatMethods> {
  const { change, takeEvents, forget } = hands;
  return {
    facts: (facts) => change((view) => ({ ...view, facts })),
    show: ({ runId, activity }) => {
      forget();
      change(({ facts, composed, settled }) => ({
        ...emptyView,
        settled,
        ...(facts === undefined ? {} : { facts }),
        ...(composed === undefined ? {} : { composed }),
        ...(runId === undefined ? {} : { runId }),
        activity,
      }));
    },
    settled: ({ waived, mended }) =>
      change((view) => ({
        ...view,
        settled: new Map([
          ...mended.map((fingerprint) => [fingerprint, 'mended'] as const),
          ...waived.map((fingerprint) => [fingerprint, 'waived'] as const),
        ]),
      })),
    activity: (activity) => change((view) => ({ ...view, activity })),
    events: ({ runId, events }) => takeEvents(runId, events),
    compose: (composed) => change((view) => ({ ...view, composed, panel: 'chat' })),
    doctor: (doctor) => change((view) => ({ ...view, doctor, panel: 'chat' })),
    refused: ({ ending }) => change((view) => ({ ...view, refused: ending, panel: 'chat' })),
  };
}

/** The view after a batch of events; those of a run that is not shown are passed over. */
export function withEvents(view: View, runId: string, events: readonly RunEvent[]): View {
  if (runId !== view.runId) return view;
  const transcript = foldBatch(view.transcript, events);
  return transcript === view.transcript ? view : { ...view, transcript };
}
