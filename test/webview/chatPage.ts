import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { RunEvent } from '../../src/shared/events.ts';
import type { Activity, ChatMethods, HostFacts, HostMethods } from '../../src/shared/protocol.ts';
import { type Handlers, openPeer, type Peer } from '../../src/shared/rpc.ts';

export const THEMES = ['darkModern', 'lightModern', 'highContrast'] as const;
export type Theme = (typeof THEMES)[number];

/** The built chat in a page as VS Code makes one: its content policy, its theme's variables, and a host that is a test. */
export interface ChatPage {
  page: Page;
  chat: Peer<ChatMethods>;
  /** What the chat asked of the host, in order. */
  calls: { method: keyof HostMethods; params: unknown }[];
  /** Calls of one method. */
  of<M extends keyof HostMethods>(method: M): Parameters<HostMethods[M]>[0][];
  /** Shows a run and plays events, a batch a frame, each after the one before was painted. */
  play(events: readonly RunEvent[], options?: { batch?: number; activity?: Activity }): Promise<void>;
  /** Messages with events that the chat got, and how many it said it had painted. */
  batches: { sent: number; painted: number };
  /** What the page reported: errors, and what its content policy refused. */
  complaints: string[];
  close(): Promise<void>;
}

export interface ChatOptions {
  theme?: Theme;
  width?: number;
  height?: number;
  facts?: Partial<HostFacts>;
  language?: string;
  answers?: Partial<Handlers<HostMethods>>;
  /** Kept from an earlier life of the view. */
  state?: unknown;
  /** Called with the page before it is opened. */
  prepare?: (page: Page) => Promise<void>;
}

const SCALE: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.ttf': 'font/ttf' };

export const SOME_FACTS: HostFacts = {
  folders: [{ uri: 'file:///orders-service', name: 'orders-service' }],
  trusted: true,
  silent: [],
  history: ['The first task', 'The second task'],
};

export async function openChat(browser: Browser, options: ChatOptions = {}): Promise<ChatPage> {
  const { theme = 'darkModern', width = 400, height = 800, facts = {}, language = 'en', answers = {}, state } = options;
  const server = createServer(({ url = '/' }, response) => {
    const name = url.slice(1).split('?')[0] ?? '';
    const file = join(resolve('dist/webview'), name);
    if (name === 'favicon.ico') response.writeHead(204).end();
    else if (name === '') {
      response.setHeader('content-type', 'text/html');
      response.setHeader('content-security-policy', POLICY);
      response.end(html(theme));
    } else if (name === 'theme.css') {
      response.setHeader('content-type', 'text/css');
      response.end(themeCss(theme));
    } else if (!name.includes('/') && existsSync(file)) {
      response.setHeader('content-type', SCALE[extname(file)] ?? 'application/octet-stream');
      createReadStream(file).pipe(response);
    } else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const page = await browser.newPage({ viewport: { width, height }, reducedMotion: 'reduce' });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));

  const calls: ChatPage['calls'] = [];
  const batches = { sent: 0, painted: 0 };
  let onPainted: () => void = () => {};
  const strings =
    language === 'en'
      ? {}
      : (JSON.parse(readFileSync(`l10n/bundle.l10n.${language}.json`, 'utf8')) as Record<string, string>);
  const handlers = new Proxy({} as Handlers<HostMethods>, {
    getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: undefined }),
    get: (_, name) => async (params: never) => {
      const method = name as keyof HostMethods;
      calls.push({ method, params });
      if (method === 'painted') {
        batches.painted += 1;
        onPainted();
      }
      if (method === 'ready') return { locale: language, strings };
      return (answers[method] as ((params: never) => unknown) | undefined)?.(params);
    },
  });
  const chat = openPeer<HostMethods, ChatMethods>(handlers, (message) => {
    // A message posted to a page that is gone is lost, as in the editor.
    page.evaluate(`globalThis.postMessage(${JSON.stringify(message)}, '*')`).catch(() => {});
  });
  await page.exposeBinding('toHost', (_, message) => chat.receive(message));
  await page.addInitScript({
    content: `{
      let kept = ${JSON.stringify(state ?? null)};
      globalThis.acquireVsCodeApi = () => ({ postMessage: toHost, getState: () => kept, setState: (state) => { kept = state; } });
    }`,
  });
  await options.prepare?.(page);
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await chat.call('facts', { ...SOME_FACTS, ...facts });
  await chat.call('show', { activity: { kind: 'idle' } });
  await page.getByRole('main').waitFor();

  return {
    page,
    chat,
    calls,
    batches,
    complaints,
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
    async close() {
      chat.close();
      await page.close();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** What the host lets the page do. */
const POLICY =
  "default-src 'none'; script-src 'nonce-for-the-test'; style-src 'self'; font-src 'self'; img-src 'self' data:";

function html(theme: Theme): string {
  const kind =
    theme === 'highContrast' ? 'vscode-high-contrast' : theme === 'lightModern' ? 'vscode-light' : 'vscode-dark';
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Conclave</title>
<link rel="stylesheet" href="theme.css"><link rel="stylesheet" href="chat.css"></head>
<body class="${kind}"><div id="root"></div><script nonce="for-the-test" src="chat.js"></script></body></html>`;
}

/** The variables as VS Code's own workbench has them under its default themes; fonts are those of the machine. */
function themeCss(theme: Theme): string {
  const variables = JSON.parse(readFileSync(resolve(`test/webview/themes/${theme}.json`), 'utf8')) as Record<
    string,
    string
  >;
  const fonts = {
    '--vscode-font-family': 'system-ui, "Noto Sans", "DejaVu Sans", sans-serif',
    '--vscode-font-size': '13px',
    '--vscode-editor-font-family': '"Noto Sans Mono", "DejaVu Sans Mono", monospace',
  };
  const lines = Object.entries({ ...variables, ...fonts }).map(([name, value]) => `${name}: ${value};`);
  return `:root { ${lines.join(' ')} } body { background: var(--vscode-sideBar-background); }`;
}
