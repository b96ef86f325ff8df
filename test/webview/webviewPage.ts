import assert from 'node:assert/strict';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type Handlers, type Methods, openPeer, type Peer } from '../../src/shared/rpc.ts';

export const THEMES = ['darkModern', 'lightModern', 'highContrast'] as const;
export type Theme = (typeof THEMES)[number];

/** A built page of ours as VS Code makes one: its content policy, its theme's variables, and a host that is a test. */
export interface WebviewPage<Local, Remote> {
  page: Page;
  peer: Peer<Remote>;
  /** What the page asked of the host, in order. */
  calls: { method: keyof Local; params: unknown }[];
  /** What the page reported: errors, and what its content policy refused. */
  complaints: string[];
  close(): Promise<void>;
}

export interface WebviewOptions<Local> {
  theme?: Theme;
  width?: number;
  height?: number;
  language?: string;
  answers?: Partial<Handlers<Local>>;
  /** Kept from an earlier life of the view. */
  state?: unknown;
  /** Called with the page before it is opened. */
  prepare?: (page: Page) => Promise<void>;
}

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.ttf': 'font/ttf' };

/** @param bundle name of the page's script and style in dist/webview */
export async function openWebview<Local extends Methods<Local>, Remote extends Methods<Remote>>(
  browser: Browser,
  bundle: 'chat' | 'fleet',
  options: WebviewOptions<Local>,
): Promise<WebviewPage<Local, Remote>> {
  const { theme = 'darkModern', width = 400, height = 800, language = 'en', answers = {}, state } = options;
  const server = createServer(({ url = '/' }, response) => {
    const name = url.slice(1).split('?')[0] ?? '';
    const file = join(resolve('dist/webview'), name);
    if (name === 'favicon.ico') response.writeHead(204).end();
    else if (name === '') {
      response.setHeader('content-type', 'text/html');
      response.setHeader('content-security-policy', POLICY);
      response.end(html(bundle, theme));
    } else if (name === 'theme.css') {
      response.setHeader('content-type', 'text/css');
      response.end(themeCss(theme));
    } else if (!name.includes('/') && existsSync(file)) {
      response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
      createReadStream(file).pipe(response);
    } else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const page = await browser.newPage({ viewport: { width, height }, reducedMotion: 'reduce' });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));

  const calls: { method: keyof Local; params: unknown }[] = [];
  const strings =
    language === 'en'
      ? {}
      : (JSON.parse(readFileSync(`l10n/bundle.l10n.${language}.json`, 'utf8')) as Record<string, string>);
  const handlers = new Proxy({} as Handlers<Local>, {
    getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: undefined }),
    get: (_, name) => async (params: never) => {
      const method = name as keyof Local;
      calls.push({ method, params });
      const answer = (answers as Partial<Record<PropertyKey, (params: never) => unknown>>)[method];
      if (method === 'ready') {
        await answer?.(params);
        return { locale: language, strings };
      }
      return answer?.(params);
    },
  });
  const peer = openPeer<Local, Remote>(handlers, (message) => {
    // A message posted to a page that is gone is lost, as in the editor.
    page.evaluate(`globalThis.postMessage(${JSON.stringify(message)}, '*')`).catch(() => {});
  });
  await page.exposeBinding('toHost', (_, message) => peer.receive(message));
  await page.addInitScript({
    content: `{
      let kept = ${JSON.stringify(state ?? null)};
      globalThis.acquireVsCodeApi = () => ({ postMessage: toHost, getState: () => kept, setState: (state) => { kept = state; } });
    }`,
  });
  await options.prepare?.(page);
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);

  return {
    page,
    peer,
    calls,
    complaints,
    async close() {
      peer.close();
      await page.close();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Asserts that nothing serious is in anybody's way, and that nothing scrolls sideways. @param state told where it fails */
export async function assertAccessible({ page }: { page: Page }, state: string): Promise<void> {
  await page.evaluate(AXE);
  const violations = await page.evaluate<{ id: string; impact: string; nodes: string[] }[]>(
    `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary) })))`,
  );
  assert.deepEqual(violations, [], state);
  const overflow = await page.evaluate<number>(
    `Math.max(...[document.documentElement, ...document.querySelectorAll('.scroller')].map((one) => one.scrollWidth - one.clientWidth))`,
  );
  assert.equal(overflow, 0, `${state}: it scrolls sideways`);
}

/** What the host lets the page do. */
const POLICY =
  "default-src 'none'; script-src 'nonce-for-the-test'; style-src 'self'; font-src 'self'; img-src 'self' data:";

function html(bundle: string, theme: Theme): string {
  const kind =
    theme === 'highContrast' ? 'vscode-high-contrast' : theme === 'lightModern' ? 'vscode-light' : 'vscode-dark';
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Conclave</title>
<link rel="stylesheet" href="theme.css"><link rel="stylesheet" href="${bundle}.css"></head>
<body class="${kind}"><div id="root"></div><script nonce="for-the-test" src="${bundle}.js"></script></body></html>`;
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
