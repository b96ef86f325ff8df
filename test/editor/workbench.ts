import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, FrameLocator, Locator, Page } from 'playwright-core';
import type { EditorHost } from './host.ts';

/** The themes that every user has, by the names that VS Code's settings use. */
export const THEMES = {
  light: 'Default Light Modern',
  dark: 'Default Dark Modern',
  highContrast: 'Default High Contrast',
} as const;

export interface WorkbenchOptions {
  /** The folder, or the .code-workspace file, that is open; none: an empty window. */
  folder?: string;
  workspace?: string;
  /** In pixels; default 1280×800. */
  viewport?: { width: number; height: number };
  /** What `payload` of the address holds: VS Code's way to hand a window its options. */
  payload?: readonly (readonly [string, string])[];
  /** Called with the page before it is opened. */
  prepare?: (page: Page) => Promise<void>;
}

/** A window of the editor. */
export interface Workbench {
  page: Page;
  /** Hosts other than this machine that the page asked for anything. */
  otherHosts: ReadonlySet<string>;
  close(): Promise<void>;
}

/** How long the workbench may take to appear: a limit, not an expectation. */
const READY_LIMIT = 90_000;

/** How often a list is opened, two seconds each, until what it shall offer counts as missing. */
const ATTEMPTS = 15;

/** Opens a window and waits until it can be used. @throws with a picture and the host's log where it does not come up */
export async function openWorkbench(
  browser: Browser,
  host: EditorHost,
  options: WorkbenchOptions = {},
): Promise<Workbench> {
  const context = await browser.newContext({ viewport: options.viewport ?? { width: 1280, height: 800 } });
  const page = await context.newPage();
  const otherHosts = new Set<string>();
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (hostname !== '127.0.0.1' && !['data:', 'blob:'].includes(protocol)) otherHosts.add(`${protocol}//${hostname}`);
  });
  await options.prepare?.(page);
  const query = new URLSearchParams();
  if (options.folder !== undefined) query.set('folder', options.folder);
  else if (options.workspace !== undefined) query.set('workspace', options.workspace);
  // Otherwise it would open what was open last.
  else query.set('ew', 'true');
  if (options.payload) query.set('payload', JSON.stringify(options.payload));
  await page.goto(`${host.url}/?${query}`);
  // The server answers long before this.
  await ready(page).catch(async (error: unknown) => {
    const shown = await screenshotOfFailure(page, 'workbench');
    await context.close();
    throw new Error(`The workbench did not appear; see ${shown}. The host printed:\n${host.log()}`, { cause: error });
  });
  return { page, otherHosts, close: () => context.close() };
}

/** Waits for the part that comes last; also after a reload of the page. */
export async function ready(page: Page): Promise<void> {
  await page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: READY_LIMIT });
}

/** Runs a command by its full title, as the palette shows it ("Conclave: Show Runs in Terminal"). */
export async function runCommand(page: Page, title: string): Promise<void> {
  await (await paletteEntry(page, title)).click();
}

/**
 * Opens the palette and finds a command by its full title, which is then visible there. An open palette does not notice
 * the commands of extensions that are still being read, so it is opened anew until the command is there.
 */
export async function paletteEntry(page: Page, title: string): Promise<Locator> {
  const label = page.locator('.quick-input-list .monaco-list-row').locator('.label-name', { hasText: title }).first();
  for (let attempts = 1; ; attempts++) {
    await page.keyboard.press('F1');
    const input = page.locator('.quick-input-widget input.input');
    await input.waitFor();
    await input.fill(`>${title}`);
    try {
      await label.waitFor({ timeout: 2000 });
      return label;
    } catch (error) {
      if (attempts === ATTEMPTS) {
        const shown = await screenshotOfFailure(page, 'palette');
        throw new Error(`There is no command "${title}" in the palette; see ${shown}.`, { cause: error });
      }
      await page.keyboard.press('Escape');
      await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    }
  }
}

/**
 * The quick fix of that title, in the menu that opens at the caret. A menu that opens while the editor is still busy with
 * the file closes again, so it is opened anew until it stays.
 */
export async function quickFix(page: Page, title: string): Promise<Locator> {
  const entry = page.locator('.action-widget .monaco-list-row', { hasText: title }).first();
  for (let attempts = 1; ; attempts++) {
    await page.keyboard.press('Control+.');
    try {
      await entry.waitFor({ timeout: 2000 });
      return entry;
    } catch (error) {
      if (attempts < ATTEMPTS) continue;
      const shown = await screenshotOfFailure(page, 'quickFix');
      throw new Error(`There is no quick fix "${title}" here; see ${shown}.`, { cause: error });
    }
  }
}

/** Opens a file of the workspace in an editor by its name. */
export async function openFile(page: Page, name: string): Promise<void> {
  await page.keyboard.press('Control+P');
  await page.locator('.quick-input-widget input.input').fill(name);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().click();
  await page.getByRole('tab', { name }).first().waitFor();
}

/**
 * The inside of our webview: VS Code wraps it in two frames.
 * @public the tests of the chat start from here
 */
export function conclaveView(page: Page): FrameLocator {
  return webviewFrame(page).contentFrame().frameLocator('iframe#active-frame');
}

/** The outer frame of our webview, for a picture of just that. */
export function webviewFrame(page: Page): Locator {
  return page.locator('iframe.webview.ready[src*="extensionId=conclave.conclave"]').first();
}

/** Drags the edge of the side bar until the chat is so wide. */
export async function widenChat(page: Page, width: number): Promise<void> {
  const now = await webviewFrame(page).boundingBox();
  if (!now) throw new Error('The chat is not there.');
  const edge = now.x + now.width + 3;
  await page.mouse.move(edge, 400);
  await page.mouse.down();
  await page.mouse.move(edge + width - now.width, 400, { steps: 5 });
  await page.mouse.up();
  await page.mouse.move(900, 500);
}

/** A notification, as toast or, where toasts are suppressed, in the list of notifications. */
export function notification(page: Page, text: string): Locator {
  return page.locator('.notification-toast, .notifications-center .monaco-list-row').filter({ hasText: text }).first();
}

/** Takes a picture of the window into a folder, which is made where it is missing. @returns its path */
export async function screenshot(page: Page, folder: string, name: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path });
  return path;
}

/** For the message of a failure: a picture that outlives the test. @returns its path, or why there is none */
export async function screenshotOfFailure(page: Page, name: string): Promise<string> {
  const folder = join(tmpdir(), 'conclave-test-failures');
  return screenshot(page, folder, `${name}-${Date.now()}`).catch((error: Error) => `no picture (${error.message})`);
}
