import * as vscode from 'vscode';
import type { RunEvent } from '../shared/events.ts';
import type { Activity, ChatMethods, HostFacts, HostMethods, SettledFindings } from '../shared/protocol.ts';
import { type Handlers, openPeer, type Peer } from '../shared/rpc.ts';
import { feed, openGate } from './feed.ts';
import { pageHtml } from './pageHtml.ts';
import type { Runs, Shown } from './runs.ts';

export const CHAT_VIEW = 'conclave.chat';

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

interface Page {
  readonly peer: Peer<ChatMethods>;
  /** It has painted what it was sent last. */
  painted(): void;
  /** Shows another run, or none, from its first event on. */
  show(shown: Shown | undefined): void;
  close(): void;
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
  settled: () => SettledFindings;
  onSettled: vscode.Event<SettledFindings>;
  /** The user sees the chat, for the first time or again. */
  onArrive: () => void;
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
    /** The page that is there now; a hidden one is thrown away, and another comes with `ready`. */
    let page: Page | undefined;
    const leave = (): void => {
      page?.close();
      if (peer === page?.peer) peer = undefined;
      page = undefined;
    };
    const arrive = (): void => {
      leave();
      const arrived = openPage(connected);
      page = arrived;
      peer = connected;
      // After the answer to `ready`, so that the chat has its words first.
      setTimeout(() => {
        if (page !== arrived) return;
        tellQuietly('facts', options.facts());
        tellQuietly('settled', options.settled());
        arrived.show(runs.shown);
        options.onArrive();
        for (const go of waiting.splice(0)) go();
      });
    };
    const connected = openPeer<HostMethods, ChatMethods>(
      {
        ...options.actions(),
        ready() {
          arrive();
          return { locale: vscode.env.language, strings: strings() };
        },
        painted: () => page?.painted(),
      },
      (message) => void resolved.webview.postMessage(message),
    );
    const here = [
      resolved.webview.onDidReceiveMessage((message) => connected.receive(message)),
      resolved.onDidChangeVisibility(() => {
        if (!resolved.visible) leave();
      }),
      runs.onShow((shown) => page?.show(shown)),
      runs.onActivity((activity) => tellQuietly('activity', activity)),
      options.onFacts(() => tellQuietly('facts', options.facts())),
      options.onSettled((settled) => tellQuietly('settled', settled)),
    ];
    resolved.onDidDispose(() => {
      leave();
      connected.close();
      for (const one of here) one.dispose();
      if (view === resolved) view = undefined;
    });
    resolved.webview.html = pageHtml(resolved.webview, dist, 'chat');
  }

  /** A page of the chat, fed with the events of the shown run as long as it is there. */
  function openPage(to: Peer<ChatMethods>): Page {
    let feeding = new AbortController();
    const painted = openGate();
    const stopFeeding = (): void => {
      feeding.abort();
      painted.open();
    };
    return {
      peer: to,
      painted: () => painted.open(),
      show(shown) {
        stopFeeding();
        feeding = new AbortController();
        const activity: Activity = shown?.activity ?? { kind: 'idle' };
        tellQuietly('show', { ...(shown === undefined ? {} : { runId: shown.runId }), activity });
        if (!shown) return;
        const { runId } = shown;
        // A page that is gone never answers; that it has painted says that it has taken them.
        const send = (events: RunEvent[]): void => void to.call('events', { runId, events }).catch(() => {});
        void feed(runs.events(runId, feeding.signal), send, painted, feeding.signal).catch(report);
      },
      close: stopFeeding,
    };
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
