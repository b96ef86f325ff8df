import * as vscode from 'vscode';
import type { Attachment, ChatCommand } from '../shared/protocol.ts';
import { type ChatParts, forkFrom, showDoctor } from './chatActions.ts';
import { askForApiKey } from './editorSettings.ts';
import { folderForTask, isOpenFolder } from './folders.ts';
import { exportRun, listRuns, pickRun } from './pastRuns.ts';

/** What the status bar's menu offers. */
export interface MenuEntry {
  /** With a codicon in front. */
  label: string;
  run: () => unknown;
}

/** Ids of the manifest → what they do. */
export type CommandTable = Record<string, (...args: never[]) => unknown>;

/** The commands of the chat and the runs. Those about findings and proposals stand with them. */
export function chatCommands(
  parts: ChatParts & {
    secrets: vscode.SecretStorage;
    /** What can be done with the model servers now. */
    fleetMenu: () => MenuEntry[];
  },
): CommandTable {
  const { runs, tasks, chat, mentions, facts } = parts;
  const { t } = vscode.l10n;
  const compose = (command: ChatCommand | undefined, attachments: Attachment[] = []): Promise<void> =>
    chat().tell('compose', { attachments, ...(command === undefined ? {} : { command }) });
  const pickHere = async (title: string, wanted: (state: string) => boolean) =>
    pickRun(
      (await listRuns(parts.store, isOpenFolder, '')).filter(({ isHere, state }) => isHere && wanted(state)),
      title,
    );

  return {
    'conclave.openChat': () => chat().reveal(),
    'conclave.newTask': async () => {
      runs.clear();
      await compose(undefined);
    },
    'conclave.implement': () => compose('implement'),
    'conclave.plan': () => compose('plan'),
    'conclave.reviewChanges': () =>
      tasks.send({ text: '', command: 'review', attachments: [] }).then(() => chat().reveal()),
    'conclave.askAboutSelection': async () => {
      const selection = selectionOfEditor();
      await compose('explain', selection === undefined ? [] : [selection]);
    },
    'conclave.attachFile': async (uri?: vscode.Uri, all?: vscode.Uri[]) => {
      const uris = all ?? (uri === undefined ? undefined : [uri]);
      const attachments =
        uris === undefined
          ? await mentions.pick(folderForTask(facts.chosen()))
          : mentions.drop(uris.map((one) => one.toString()));
      if (attachments.length > 0) await compose(undefined, attachments);
    },
    'conclave.stop': () => runs.stop(),
    'conclave.resumeRun': async () => {
      const entry = await pickHere(t('Go on with which run?'), (state) =>
        ['paused', 'aborted', 'interrupted', 'waiting'].includes(state),
      );
      if (!entry) return;
      await chat().reveal();
      await tasks.resume(entry.runId);
    },
    'conclave.replayRun': async () => {
      const entry = await pickRun(await listRuns(parts.store, isOpenFolder, ''), t('Show which run again?'));
      if (!entry) return;
      await chat().reveal();
      await runs.show(entry.runId, { replay: true });
    },
    'conclave.forkRun': async () => {
      const entry = await pickHere(t('Fork which run?'), () => true);
      if (entry) await forkFrom(parts, entry.runId);
    },
    'conclave.exportRun': async () => {
      const entry = await pickRun(await listRuns(parts.store, isOpenFolder, ''), t('Export which run?'));
      if (!entry) return;
      const format = await vscode.window.showQuickPick(
        [
          { label: 'Markdown', description: t('for people'), format: 'markdown' as const },
          { label: 'JSON Lines', description: t('all events, one a line'), format: 'json' as const },
        ],
        { title: t('Export as') },
      );
      const file = format === undefined ? undefined : await exportRun(parts.store, entry.runId, format.format);
      if (file) await vscode.window.showTextDocument(file);
    },
    'conclave.doctor': () => showDoctor(parts),
    'conclave.tryDemo': () => parts.tryDemo(),
    'conclave.setApiKey': () => askForApiKey(parts.secrets),
    'conclave.openSettings': () => parts.openSettings(),
    'conclave.showMenu': () => showMenu(parts),
  };
}

/** What the status bar offers: just what can be done now. */
async function showMenu({
  runs,
  chat,
  tasks,
  proposals,
  tryDemo,
  fleetMenu,
}: ChatParts & { fleetMenu: () => MenuEntry[] }): Promise<void> {
  const { t } = vscode.l10n;
  const { shown, working } = runs;
  const phase = shown?.state.phase.kind;
  const canGoOn =
    !working &&
    (phase === 'paused' ||
      phase === 'aborted' ||
      (shown?.activity.kind === 'idle' && phase !== 'finished' && shown !== undefined));
  const isOpen = shown?.state.proposal?.state === 'open' && phase === 'finished';
  const separator = (label: string) => ({ label, kind: vscode.QuickPickItemKind.Separator, run: () => {} });
  const entries = [
    { label: `$(comment-discussion) ${t('Open the chat')}`, run: () => chat().reveal() },
    ...(working && working.runId !== shown?.runId
      ? [
          {
            label: `$(sync) ${t('Show the task at work')}`,
            run: () => runs.show(working.runId).then(() => chat().reveal()),
          },
        ]
      : []),
    ...(working ? [{ label: `$(debug-stop) ${t('Stop')}`, run: () => runs.stop() }] : []),
    ...(canGoOn && shown
      ? [{ label: `$(debug-continue) ${t('Continue')}`, run: () => tasks.resume(shown.runId) }]
      : []),
    ...(isOpen
      ? [{ label: `$(diff-multiple) ${t('Review the change')}`, run: () => proposals.openDiff(undefined) }]
      : []),
    { label: `$(add) ${t('New task')}`, run: () => vscode.commands.executeCommand('conclave.newTask') },
    separator(t('Model servers')),
    ...fleetMenu(),
    { label: `$(pulse) ${t('Doctor: what works here')}`, run: () => vscode.commands.executeCommand('conclave.doctor') },
    separator(t('More')),
    { label: `$(rocket) ${t('Try the demo without models')}`, run: () => tryDemo() },
    { label: `$(gear) ${t('Settings')}`, run: () => vscode.commands.executeCommand('conclave.openSettings') },
  ];
  const picked = await vscode.window.showQuickPick(entries, { title: 'Conclave' });
  await picked?.run();
}

/** The selected lines of the active editor, or its whole file where nothing is selected. */
function selectionOfEditor(): Attachment | undefined {
  const editor = vscode.window.activeTextEditor;
  const folder = editor && vscode.workspace.getWorkspaceFolder(editor.document.uri);
  if (!editor || !folder) return undefined;
  const path = vscode.workspace.asRelativePath(editor.document.uri, false);
  const about = { folder: folder.uri.toString(), path };
  if (editor.selection.isEmpty) return { kind: 'file', label: path, ...about };
  const lines = { from: editor.selection.start.line + 1, to: editor.selection.end.line + 1 };
  return { kind: 'selection', label: `${path}:${lines.from}-${lines.to}`, ...about, lines };
}

/** Registers the table. What a command throws is shown in words: the editor's own message would only name the command. */
export function registerCommands(table: CommandTable): vscode.Disposable {
  return vscode.Disposable.from(
    ...Object.entries(table).map(([id, run]) =>
      vscode.commands.registerCommand(id, async (...args: never[]) => {
        try {
          return await run(...args);
        } catch (error) {
          void vscode.window.showErrorMessage(`Conclave: ${error instanceof Error ? error.message : String(error)}`);
          return undefined;
        }
      }),
    ),
  );
}
