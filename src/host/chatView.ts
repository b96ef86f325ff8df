import * as vscode from 'vscode';
import type { RunEvent } from '../shared/events.ts';
import type { Activity, ChatMethods, HostFacts, HostMethods } from '../shared/protocol.ts';
import { type Handlers, openPeer, type Peer } from '../shared/rpc.ts';
import { chatHtml } from './chatHtml.ts';
import type { Runs } from './runs.ts';

export const CHAT_VIEW = 'conclave.chat';

/** The most events of one message: a long run comes in pieces, one a frame. */
const BATCH = 400;

/** The chat, which may not be there: what is said to it then is lost, because it asks for everything when it comes back. */
export interface Chat extends vscode.Disposable {
  /** Whether the user has it in sight. */
  readonly isVisible: boolean;
  /** Shows it, and gives it the focus. */
  reveal(): Promise<void>;
  /** Called on the chat, once it is there. */
  tell<K extends keyof ChatMethods & string>(method: K, params: Parameters<ChatMethods[K]>[0]): Promise<void>;
  /** A short word on the view: how many things need the user. */
  badge(badge: vscode.ViewBadge | undefined): void;
}

/** What the chat asks of the host, but for what the view does itself. */
export type ChatActions = Omit<Handlers<HostMethods>, 'ready' | 'painted'>;

/** Registers the chat view. It can be destroyed at any moment, and is built anew from the run's events. */
export function openChat(options: {
  extensionUri: vscode.Uri;
  runs: Runs;
  actions: () => ChatActions;
  facts: () => HostFacts;
  onFacts: vscode.Event<void>;
  report: (error: unknown) => void;
}): Chat {
  const { runs, report } = options;
  const dist = vscode.Uri.joinPath(options.extensionUri, 'dist', 'webview');
  const disposables: vscode.Disposable[] = [];
  let view: vscode.WebviewView | undefined;
  let peer: Peer<ChatMethods> | undefined;
  let badge: vscode.ViewBadge | undefined;
  /** Who waits for the chat to be there. */
  const waiting: (() => void)[] = [];

  function resolveWebviewView(resolved: vscode.WebviewView): void {
    view = resolved;
    view.badge = badge;
    view.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    const painted = openGate();
    const connected = openPeer<HostMethods, ChatMethods>(
      {
        ...options.actions(),
        ready() {
          peer = connected;
          painted.open();
          // After the answer, so that the chat has its words first.
          setTimeout(() => {
            tellQuietly('facts', options.facts());
            showCurrent();
            for (const go of waiting.splice(0)) go();
          });
          return { locale: vscode.env.language, strings: strings() };
        },
        painted: () => painted.open(),
      },
      (message) => void resolved.webview.postMessage(message),
    );
    let stopFeeding = new AbortController();
    const showCurrent = (): void => {
      stopFeeding.abort();
      stopFeeding = new AbortController();
      const shown = runs.shown;
      const activity: Activity = shown?.activity ?? { kind: 'idle' };
      tellQuietly('show', { ...(shown === undefined ? {} : { runId: shown.runId }), activity });
      if (shown) void feed(shown.runId, connected, painted, stopFeeding.signal).catch(report);
    };
    const here = [
      resolved.webview.onDidReceiveMessage((message) => connected.receive(message)),
      runs.onShow(() => showCurrent()),
      runs.onActivity((activity) => tellQuietly('activity', activity)),
      options.onFacts(() => tellQuietly('facts', options.facts())),
      // A page out of sight paints nothing; the editor throws it away, and it asks for everything when it comes back.
      resolved.onDidChangeVisibility(() => {
        if (!resolved.visible) stopFeeding.abort();
      }),
    ];
    resolved.onDidDispose(() => {
      stopFeeding.abort();
      painted.open();
      connected.close();
      for (const one of here) one.dispose();
      if (view === resolved) {
        view = undefined;
        peer = undefined;
      }
    });
    resolved.webview.html = chatHtml(resolved.webview, dist);
  }

  /** Sends the events of a run, one message a painted frame. */
  async function feed(
    runId: string,
    to: Peer<ChatMethods>,
    painted: ReturnType<typeof openGate>,
    signal: AbortSignal,
  ): Promise<void> {
    let pending: RunEvent[] = [];
    const stream = runs.events(runId, signal);
    let arriving = stream.next();
    for (;;) {
      const { value, done } = await arriving;
      if (done || signal.aborted) return;
      pending.push(...value);
      arriving = stream.next();
      arriving.catch(() => {}); // Awaited at the top of the loop.
      while (pending.length > 0 && !signal.aborted) {
        const events = pending.slice(0, BATCH);
        pending = pending.slice(BATCH);
        painted.close();
        await to.call('events', { runId, events });
        await painted.passed();
      }
    }
  }

  function tellQuietly<K extends keyof ChatMethods & string>(method: K, params: Parameters<ChatMethods[K]>[0]): void {
    // A chat that goes away meanwhile asks for everything when it comes back.
    peer?.call(method, params as never).catch(() => {});
  }

  disposables.push(vscode.window.registerWebviewViewProvider(CHAT_VIEW, { resolveWebviewView }));

  const chat: Chat = {
    get isVisible() {
      return view?.visible === true;
    },
    async reveal() {
      await vscode.commands.executeCommand(`${CHAT_VIEW}.focus`);
      if (!peer) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async tell(method, params) {
      await chat.reveal();
      await peer?.call(method, params as never);
    },
    badge(wanted) {
      badge = wanted;
      if (view) view.badge = wanted;
    },
    dispose() {
      for (const one of disposables) one.dispose();
    },
  };
  return chat;
}

/** The translations for the chat's own strings; English where there are none. */
function strings(): Record<string, string> {
  return { ...vscode.l10n.bundle };
}

/** Something that is open or closed, and can be waited for. */
function openGate(): { open: () => void; close: () => void; passed: () => Promise<void> } {
  let isOpen = true;
  const go: (() => void)[] = [];
  return {
    open() {
      isOpen = true;
      for (const one of go.splice(0)) one();
    },
    close() {
      isOpen = false;
    },
    passed() {
      return isOpen ? Promise.resolve() : new Promise((resolve) => go.push(resolve));
    },
  };
}
