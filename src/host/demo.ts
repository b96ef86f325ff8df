import * as vscode from 'vscode';
import { copySample, DEMO_TASK, type RecordedModels, startRecordedModels } from '../node/demo.ts';
import type { Chat } from './chatView.ts';
import { assertTrusted } from './folders.ts';
import type { Tasks } from './tasks.ts';

/**
 * "Try the Demo": the whole flow in this window, on a copy of the sample project and with recorded models. Tools, edits,
 * tests, the review's gate and the proposal are real; the copy lies among the temporary files.
 * @param home the extension's folder
 */
export function openDemo(parts: { home: string; tasks: Tasks; chat: () => Chat }): vscode.Disposable & {
  start(): Promise<void>;
  /** A folder of the demo, which is not among the open ones. @param path absolute */
  folderAt(path: string): { uri: vscode.Uri } | undefined;
} {
  let models: RecordedModels | undefined;
  const folders = new Set<string>();
  return {
    async start() {
      assertTrusted();
      await parts.chat().reveal();
      models ??= await startRecordedModels(parts.home);
      const { workspace } = await copySample(parts.home, AbortSignal.timeout(60_000));
      folders.add(workspace);
      parts.tasks.withModels(workspace, models.urls);
      const said = { text: DEMO_TASK, attachments: [] };
      await parts.tasks.start(
        { uri: vscode.Uri.file(workspace), name: 'orders-service' },
        { kind: 'run', task: DEMO_TASK, said },
      );
    },
    folderAt: (path) => (folders.has(path) ? { uri: vscode.Uri.file(path) } : undefined),
    dispose: () => void models?.stop(),
  };
}
