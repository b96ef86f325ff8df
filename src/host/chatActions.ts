import * as vscode from 'vscode';
import type { Store } from '../core/orchestrator/session.ts';
import { examine, type ProbedRole } from '../node/doctor/examine.ts';
import { type HunkDecision, ROLES, type Role } from '../shared/events.ts';
import type { Attachment, Completion, DoctorLine, ProbeTable } from '../shared/protocol.ts';
import type { Chat, ChatActions } from './chatView.ts';
import type { EditorCrews } from './editorCrew.ts';
import type { Facts } from './facts.ts';
import { type Folder, folderForTask, isOpenFolder } from './folders.ts';
import { askForFork } from './forking.ts';
import { exportRun, listRuns } from './pastRuns.ts';
import type { Runs, Shown } from './runs.ts';
import type { Tasks } from './tasks.ts';

/** What the chat needs of the mentions, the proposals and the findings. */
export interface ChatParts {
  runs: Runs;
  tasks: Tasks;
  facts: Facts;
  crews: EditorCrews;
  store: Store;
  /** Deletes a run with all that was kept for it. */
  forgetRun: (runId: string) => Promise<void>;
  chat: () => Chat;
  mentions: {
    complete(query: string, folder: Folder): Promise<Completion[]>;
    pick(folder: Folder): Promise<Attachment[]>;
    drop(uris: readonly string[]): Attachment[];
  };
  proposals: {
    openDiff(path: string | undefined, runId?: string): Promise<void>;
    preview(runId?: string): Promise<void>;
    decide(decision: HunkDecision, about: { runId?: string; path?: string; hunk?: number }): Promise<void>;
    undo(runId?: string): Promise<void>;
  };
  findings: {
    fix(fingerprint: string | undefined): Promise<void>;
    waive(fingerprint: string): Promise<void>;
  };
  tryDemo: () => Promise<void>;
  openSettings: () => Promise<void>;
  openWalkthrough: () => Promise<void>;
}

/** The chat's methods, each in a line or two: what they do stands with the part that does it. */
export function chatActions(parts: ChatParts): ChatActions {
  const { runs, tasks, facts, crews, store, mentions, proposals, findings } = parts;
  const folder = (): Folder => folderForTask(facts.chosen());
  /** The chat's page is a moment behind: what it says of a run counts only while that run is shown. */
  const shownRun = (runId: string): Shown => {
    if (runs.shown?.runId === runId) return runs.shown;
    throw new Error(vscode.l10n.t('Another run is shown now. Look at it, and try again.'));
  };
  return {
    async send({ text, command, attachments }) {
      if (command === 'doctor') return showDoctor(parts);
      await tasks.send({ text, command, attachments });
    },
    chooseFolder: ({ folder: chosen }) => facts.choose(chosen),
    complete: ({ query }) => mentions.complete(query, folder()),
    attach: () => mentions.pick(folder()),
    drop: ({ uris }) => mentions.drop(uris),

    async answer({ runId, answers }) {
      if (runs.working?.runId === runId) crews.user.answer(answers);
      else await tasks.resume(shownRun(runId).runId, { kind: 'answers', answers });
    },
    async approve({ runId, id, approved }) {
      const { what } = shownRun(runId).state.openApprovals.find((open) => open.id === id) ?? {};
      if (what === undefined) throw new Error(vscode.l10n.t('This approval is not open any more.'));
      if (runs.working?.runId === runId) crews.user.decide(what, approved);
      else await tasks.resume(runId, { kind: 'approval', what, approved });
    },
    // What is played is not at work: it is shown as it is, then.
    stop: () => (runs.shown?.activity.kind === 'replaying' ? runs.show(runs.shown.runId) : runs.stop()),
    resume: ({ runId }) => tasks.resume(runId),
    takeOver: ({ runId }) => tasks.takeOver(shownRun(runId).runId),
    implement: ({ runId }) => tasks.implement(runId),
    planAfresh: ({ runId }) => tasks.planAfresh(shownRun(runId).runId),
    newTask: () => runs.clear(),

    openPlace: ({ runId, path, line }) => openPlace(shownRun(runId).state.workspace, path, line),
    openDiff: ({ runId, path }) => proposals.openDiff(path, shownRun(runId).runId),
    preview: ({ runId }) => proposals.preview(shownRun(runId).runId),
    decide: ({ decision, ...about }) => proposals.decide(decision, about),
    undo: ({ runId }) => proposals.undo(shownRun(runId).runId),
    async fixFinding({ runId, fingerprint }) {
      shownRun(runId);
      await findings.fix(fingerprint);
    },
    async waiveFinding({ runId, fingerprint }) {
      shownRun(runId);
      await findings.waive(fingerprint);
    },

    runs: ({ query }) => listRuns(store, isOpenFolder, query),
    show: ({ runId }) => runs.show(runId),
    replay: ({ runId }) => runs.show(runId, { replay: true }),
    fork: ({ runId, at }) => forkFrom(parts, runId, at),
    setPace: ({ pace }) => runs.setPace(pace),
    async exportRun({ runId, format }) {
      await exportRun(store, runId, format);
    },
    async deleteRun({ runId }) {
      await parts.forgetRun(runId);
      if (runs.shown?.runId === runId) runs.clear();
    },

    async useEndpoint(endpoint) {
      await useEndpoint(endpoint);
      await showDoctor(parts);
    },

    openLink: ({ href }) => openLink(href),
    async copy({ text }) {
      await vscode.env.clipboard.writeText(text);
    },
    async command({ id }) {
      switch (id) {
        case 'openSettings':
          return parts.openSettings();
        case 'openWalkthrough':
          return parts.openWalkthrough();
        case 'tryDemo':
          return parts.tryDemo();
        case 'openFolder':
          return void vscode.commands.executeCommand('vscode.openFolder');
        case 'trust':
          return void vscode.commands.executeCommand('workbench.trust.manage');
        default:
          return id satisfies never;
      }
    },
  };
}

/** Asks what is otherwise in it, and begins a fork. */
export async function forkFrom(
  { store, crews, tasks, chat }: Pick<ChatParts, 'store' | 'crews' | 'tasks' | 'chat'>,
  runId: string,
  at?: number,
): Promise<void> {
  const request = await askForFork(store, runId, at, (workspace) => crews.settings(tasks.folderOf(workspace)));
  if (!request) return;
  await tasks.fork(request);
  await chat().reveal();
}

/** The doctor's findings, in the chat. */
export async function showDoctor({ crews, facts, chat }: Pick<ChatParts, 'crews' | 'facts' | 'chat'>): Promise<void> {
  const { uri } = folderForTask(facts.chosen());
  const loaded = await crews.settings(uri);
  const { findings, probes } = await vscode.window.withProgress({ location: { viewId: 'conclave.chat' } }, () =>
    examine({
      workspace: uri.fsPath,
      installation: crews.installation,
      loaded,
      ripgrep: crews.ripgrep,
      // Long enough to measure servers that are new.
      signal: AbortSignal.timeout(300_000),
      now: () => new Date(),
    }),
  );
  const states = { good: 'ok', limited: 'warning', missing: 'failed' } as const;
  const lines = findings.map(
    ({ subject, what, state, found, remedy, offers }): DoctorLine => ({
      subject,
      state: states[state],
      what,
      detail: remedy === undefined ? found : `${found} – ${remedy}`,
      ...(offers === undefined ? {} : { offers }),
    }),
  );
  await chat().tell('doctor', { lines, probes: tableOf(probes) });
}

function tableOf(probes: readonly ProbedRole[]): ProbeTable {
  const remedies = new Map<string, Role[]>();
  for (const { role, aspects } of probes) {
    for (const { remedy } of aspects)
      if (remedy !== undefined) remedies.set(remedy, [...(remedies.get(remedy) ?? []), role]);
  }
  return {
    columns: probes[0]?.aspects.map(({ title }) => title) ?? [],
    rows: probes.map(({ role, aspects }) => ({ role, cells: aspects.map(({ state, text }) => ({ state, text })) })),
    remedies: [...remedies].map(([text, roles]) => ({ text, roles })),
  };
}

/** Only servers on this machine: the doctor offers no others. */
async function useEndpoint({ role, url, model }: { role: Role; url: string; model: string }): Promise<void> {
  if (!ROLES.includes(role) || !/^http:\/\/(localhost|127\.0\.0\.1):\d+\/.*v1$/.test(url))
    throw new Error(vscode.l10n.t('{0} is no server on this machine.', url));
  const configuration = vscode.workspace.getConfiguration('conclave');
  await configuration.update(`endpoints.${role}.url`, url, vscode.ConfigurationTarget.Global);
  await configuration.update(`endpoints.${role}.model`, model, vscode.ConfigurationTarget.Global);
}

/** Opens a file of the shown run's workspace; model output, so it never leads outside. */
async function openPlace(workspace: string, path: string, line: number | undefined): Promise<void> {
  const root = vscode.Uri.file(workspace);
  const file = vscode.Uri.joinPath(root, path);
  if (!file.path.startsWith(`${root.path.replace(/\/$/, '')}/`))
    throw new Error(vscode.l10n.t('{0} is outside the workspace.', path));
  const at = Math.max(0, (line ?? 1) - 1);
  try {
    await vscode.window.showTextDocument(file, { selection: new vscode.Range(at, 0, at, 0), preview: true });
  } catch (cause) {
    throw new Error(vscode.l10n.t('{0} cannot be opened: it may be new in the proposal, or gone.', path), { cause });
  }
}

/** Only web addresses, and only after a look at where they lead; the editor itself asks about hosts it does not trust. */
async function openLink(href: string): Promise<void> {
  if (!/^https?:\/\//i.test(href)) throw new Error(vscode.l10n.t('This link is not a web address: {0}', href));
  const open = vscode.l10n.t('Open');
  const choice = await vscode.window.showInformationMessage(
    vscode.l10n.t('Open this address in your browser? It came from a model.'),
    { modal: true, detail: href },
    open,
  );
  if (choice === open) await vscode.env.openExternal(vscode.Uri.parse(href, true));
}
