import { launchBrowser, noBrowser } from '../editor/browser.ts';
import { fetchEditor, noEditor } from '../editor/installation.ts';
import { packExtension } from '../editor/vsix.ts';
import { recordDemo } from '../support/demoRun.ts';
import { longRun } from '../support/longRun.ts';
import { heapFigure, streamFigures } from './editor/chatPage.ts';
import { sizeFigures } from './editor/sizes.ts';
import { workbenchFigures } from './editor/workbench.ts';
import type { Figure } from './figure.ts';

export const title = 'The extension in the real editor (code-server), and its chat in Chromium';

/** Wants `npm run build` first; `npm run bench` does it. */
export async function measure(say: (text: string) => void): Promise<Figure[]> {
  const obstacle = noEditor() ?? (await noBrowser());
  if (obstacle !== undefined) throw new Error(`This bench cannot run here: ${obstacle}.`);
  say('recording a run and making the .vsix');
  const editor = await fetchEditor('current');
  const vsix = await packExtension();
  const events = longRun(await recordDemo(), 'run-long', 10_000);
  const browser = await launchBrowser();
  try {
    say('activation and memory in the workbench, about a minute');
    const workbench = await workbenchFigures(editor, browser, vsix, events);
    say('tokens into the chat, about a minute');
    const stream = await streamFigures(browser);
    const heap = await heapFigure(browser, events);
    return [...workbench.activation, ...stream, ...workbench.stream, heap, ...workbench.memory, ...sizeFigures(vsix)];
  } finally {
    await browser.close();
  }
}
