/** The chat: a fold over events, drawn at most once a frame. */
import { render } from 'preact';
import type { RunEvent } from '../shared/events.ts';
import type { ChatMethods, HostMethods } from '../shared/protocol.ts';
import { openPeer } from '../shared/rpc.ts';
import { App } from './components/App.tsx';
import './chat.css';
import { draftFrom, type EditorApi, type Host, HostContext } from './host.ts';
import { speak } from './l10n.ts';
import { chatMethods, emptyView, type View, withEvents } from './view.ts';

declare function acquireVsCodeApi(): EditorApi;

const editor = acquireVsCodeApi();
const root = document.getElementById('root');
if (!root) throw new Error('The page has no element with the id "root" to draw the chat in.');

let view: View = emptyView;
let waiting: { runId: string; events: RunEvent[] }[] = [];
let isPlanned = false;

const peer = openPeer<ChatMethods, HostMethods>(
  chatMethods({
    change,
    takeEvents: (runId, events) => {
      waiting.push({ runId, events });
      plan();
    },
    forget: () => {
      // They count as painted: the host waits for that before it sends more.
      if (waiting.length > 0) void peer.call('painted', {}).catch(() => {});
      waiting = [];
      host.unfolded.clear();
    },
  }),
  (message) => editor.postMessage(message),
);
window.addEventListener('message', ({ data }) => peer.receive(data));

const host: Host = {
  call: peer.call,
  act: (method, params) => {
    peer.call(method, params).catch((error: Error) => change((old) => ({ ...old, problem: error.message })));
  },
  actOnRun: (method, params) => {
    const { runId } = view;
    if (runId !== undefined) host.act(method, { ...params, runId } as never);
  },
  draft: () => draftFrom(editor.getState()),
  keepDraft: (draft) => editor.setState(draft),
  unfolded: new Map(),
};

function change(make: (view: View) => View): void {
  view = make(view);
  plan();
}

/** Everything of one frame is drawn at once. Frames stop while the view is hidden; then now and then is enough. */
function plan(): void {
  if (isPlanned) return;
  isPlanned = true;
  if (document.visibilityState === 'hidden') setTimeout(draw, 200);
  else requestAnimationFrame(draw);
}

function draw(): void {
  isPlanned = false;
  const batches = waiting;
  waiting = [];
  try {
    for (const { runId, events } of batches) view = withEvents(view, runId, events);
    if (root)
      render(
        <HostContext.Provider value={host}>
          <App view={view} change={change} />
        </HostContext.Provider>,
        root,
      );
  } finally {
    // A task of its own comes after the frame is on the screen. What cannot be drawn counts too: more may come.
    if (batches.length > 0) setTimeout(() => void peer.call('painted', {}).catch(() => {}));
  }
}

peer.call('ready', {}).then(
  ({ locale, strings }) => {
    document.documentElement.lang = locale;
    speak(locale, strings);
    plan();
  },
  (error: Error) => change((old) => ({ ...old, problem: error.message })),
);
