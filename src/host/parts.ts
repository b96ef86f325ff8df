import * as vscode from 'vscode';
import type { Workspace } from '../core/ports.ts';
import { codeIndexesOf } from '../node/codeIndex/codeIndex.ts';
import { openDiskWorkspace } from '../node/diskWorkspace.ts';
import { guardedWorkspace } from '../node/guardedWorkspace.ts';
import { type Installation, openStore } from '../node/openCrew.ts';
import { nodeProcesses } from '../node/processes.ts';
import { openCalls } from './calls.ts';
import { type ChatParts, chatActions } from './chatActions.ts';
import { type Chat, openChat } from './chatView.ts';
import { chatCommands, registerCommands } from './commands.ts';
import { keepContextKeys } from './contextKeys.ts';
import { openDemo } from './demo.ts';
import { openEditorCrews } from './editorCrew.ts';
import { loadUserSettings } from './editorSettings.ts';
import { registerEditorTools } from './editorTools.ts';
import { openEditorWorkspace } from './editorWorkspace.ts';
import { openFacts } from './facts.ts';
import { registerExplanations } from './findings/explanations.ts';
import { findingActions, findingCommands } from './findings/findingCommands.ts';
import { openFindings } from './findings/findings.ts';
import { registerQuickFixes } from './findings/quickFixes.ts';
import { openFleetPart } from './fleet/fleetPart.ts';
import { folderAt, folderForTask, openFolders } from './folders.ts';
import { rememberRuns, rememberWork, restoreRuns } from './interrupted.ts';
import { registerMcpServers } from './mcpServers.ts';
import { openMemoryDocuments } from './memory/memoryDocuments.ts';
import { rememberWaiver } from './memory/rememberWaiver.ts';
import { openMentions } from './mentions/mentions.ts';
import { registerParticipant } from './participant.ts';
import { proposalHost } from './proposals/host.ts';
import { openProposals } from './proposals/proposals.ts';
import { inWords, openRuns } from './runs.ts';
import { openStatusBar } from './statusBar.ts';
import { openTasks } from './tasks.ts';
import { terminalCommands } from './terminalCommands.ts';

/** Builds the extension out of its parts: each gets what it needs here, and nowhere else. */
export async function openParts(context: vscode.ExtensionContext): Promise<{ stop: () => Promise<void> }> {
  const installation: Installation = {
    version: (context.extension.packageJSON as { version: string }).version,
    home: context.extensionPath,
    env: process.env,
    indexes: codeIndexesOf(context.extensionPath, process.env, 'thread'),
  };
  const log = vscode.window.createOutputChannel('Conclave', { log: true });
  const report = (error: unknown): void =>
    log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const store = await openStore(installation);
  const memory = context.workspaceState;
  // The chat calls the parts and the parts call the chat: it is there before anybody can ask for it.
  let chat: Chat;
  const theChat = (): Chat => chat;

  const runs = openRuns({
    store,
    appName: vscode.env.appName,
    onWork: (runId) => rememberWork(memory, runId),
    onUnreadable: (runId, error) => {
      report(error);
      void chat.tell('refused', { ending: inWords(error), kind: 'run' });
      if (runs.shown?.runId === runId) runs.clear();
    },
  });
  const calls = openCalls({ runs, chat: theChat });
  const crews = openEditorCrews({ installation, secrets: context.secrets, call: (about) => calls.needed(about) });
  const facts = openFacts({ crews, memory: context.globalState });
  const diskOf = (folder: vscode.Uri): Workspace =>
    openDiskWorkspace(folder.fsPath, { ripgrep: crews.ripgrep, indexes: installation.indexes });
  const workspaceOf = (folder: vscode.Uri): Workspace => openEditorWorkspace(diskOf(folder), folder);
  const mentions = openMentions({
    workspaceOf: (folder) => openEditorWorkspace(guardedWorkspace(diskOf(folder)), folder),
    processes: nodeProcesses(),
  });
  const tasks = openTasks({ runs, crews, facts, resolve: mentions.resolve });
  const demo = openDemo({ home: installation.home, tasks, chat: theChat });

  const findings = openFindings({
    folderAt: (path) => folderAt(path) ?? demo.folderAt(path),
    onWaived: (folder, finding, reason) => void rememberWaiver(store.memory, folder, finding, reason).catch(report),
  });
  const startFromEditor: Parameters<typeof findingActions>[1] = async (folder, what) => {
    await chat.reveal();
    await tasks.start(folder, what);
  };
  const memoryDocuments = openMemoryDocuments(store.memory);
  const proposals = openProposals(proposalHost({ runs, tasks, store, workspaceOf }));

  const parts: ChatParts = {
    runs,
    tasks,
    facts,
    crews,
    store,
    forgetRun: (runId) => store.log.delete(runId),
    chat: theChat,
    mentions,
    proposals,
    findings: findingActions(findings, startFromEditor),
    tryDemo: demo.start,
    openSettings: async () =>
      void vscode.commands.executeCommand('workbench.action.openSettings', '@ext:conclave.conclave'),
    openWalkthrough: async () =>
      void vscode.commands.executeCommand('workbench.action.openWalkthrough', 'conclave.conclave#start', false),
  };
  chat = openChat({
    extensionUri: context.extensionUri,
    runs,
    actions: () => chatActions(parts),
    facts: facts.current,
    onFacts: facts.onChange,
    settled: findings.settled,
    onSettled: findings.onSettled,
    onArrive: () => void facts.lookAtServers().catch(report),
    report,
  });

  const fleet = openFleetPart({
    extensionUri: context.extensionUri,
    installation,
    settings: loadUserSettings,
    folderSettings: () => crews.settings(openFolders()[0]?.uri ?? context.extensionUri),
    openDoctor: () => vscode.commands.executeCommand('conclave.doctor'),
    openSettings: parts.openSettings,
    report,
  });

  context.subscriptions.push(
    log,
    runs,
    calls,
    facts,
    mentions,
    demo,
    findings,
    runs.onShow((shown) => findings.show(shown?.runId)),
    runs.onEvents(({ events }) => findings.add(events)),
    memoryDocuments,
    runs.onActivity(() => memoryDocuments.refresh()),
    registerQuickFixes(findings),
    registerExplanations(findings),
    proposals,
    chat,
    fleet,
    openStatusBar(runs, fleet, 'conclave.showMenu'),
    keepContextKeys(runs),
    rememberRuns(runs, memory),
    registerCommands({
      ...chatCommands({ ...parts, secrets: context.secrets, fleetMenu: fleet.menu }),
      ...fleet.commands,
      ...findingCommands(findings, startFromEditor),
      ...proposals.commands,
      'conclave.showMemory': () => memoryDocuments.show(folderForTask(facts.chosen())),
      ...terminalCommands(context.asAbsolutePath('dist/cli.js')),
    }),
  );
  const icon = vscode.Uri.joinPath(context.extensionUri, 'media', 'icon.png');
  const optional = [
    registerParticipant({ runs, tasks, icon }),
    registerMcpServers({ cli: context.asAbsolutePath('dist/cli.js'), version: installation.version, report }),
    registerEditorTools(() => crews.forFolder(folderForTask(facts.chosen()).uri)),
  ];
  for (const part of optional) if (part) context.subscriptions.push(part);

  void restoreRuns({ runs, tasks, store, memory }).catch(report);
  return {
    async stop() {
      await runs.stop();
      await store.close();
      await installation.indexes?.close();
    },
  };
}
