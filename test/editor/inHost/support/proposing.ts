import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { emptyChangeSet, withStates } from '../../../../src/core/changes/changeSet.ts';
import { hashText } from '../../../../src/core/changes/hash.ts';
import { differOnlyByCase } from '../../../../src/core/changes/workspacePath.ts';
import { propose } from '../../../../src/core/orchestrator/finishing.ts';
import type { Crew } from '../../../../src/core/orchestrator/runContext.ts';
import { resumeRun, type Session, startRun } from '../../../../src/core/orchestrator/session.ts';
import type { Workspace } from '../../../../src/core/ports.ts';
import { openEditorWriter } from '../../../../src/host/proposals/editorWriter.ts';
import type { ProposalHost } from '../../../../src/host/proposals/proposalHost.ts';
import { openProposals, type Proposals } from '../../../../src/host/proposals/proposals.ts';
import { openStandingProposals } from '../../../../src/host/proposals/standingProposals.ts';
import { loadSettings } from '../../../../src/node/configuration.ts';
import { openCrew, openStore } from '../../../../src/node/openCrew.ts';
import type { FileState, RunEvent } from '../../../../src/shared/events.ts';
import { fold } from '../../../../src/shared/fold.ts';
import type { ProposalState } from '../../../../src/shared/runState.ts';

export const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? assert.fail('no folder is open');
export const root = realpathSync(folder.fsPath);
const LINES = Array.from({ length: 40 }, (_, i) => `line ${i}`);

/** The text with some of the lines changed. */
export function lines(changes: Record<number, string> = {}): string {
  return `${LINES.map((line, i) => changes[i] ?? line).join('\n')}\n`;
}

export const THREE = { 2: 'two', 20: 'twenty', 37: 'thirty-seven' };

export const uri = (path: string): vscode.Uri => vscode.Uri.joinPath(folder, path);
export const read = (path: string): string => readFileSync(join(root, path), 'utf8');
export function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
}

/** The proposals' side of the extension on a store of its own, and runs that propose what a test wants. */
export interface Proposing {
  readonly proposals: Proposals;
  readonly host: ProposalHost;
  readonly crew: Crew;
  /** The run that was proposed last. */
  readonly shown: string | undefined;
  /** As on a disk that takes "name" for "Name"; none is at hand. */
  ignoresCase: boolean;
  /** Stops the work that goes on. */
  stop: AbortController;
  /** What happens in the moment after a file was read. */
  afterRead: (path: string) => Promise<void>;
  /** What happens in the moment before anything is written. */
  beforeWrite: () => Promise<void>;
  proposal(): Promise<ProposalState | undefined>;
  /** A finished run that proposes these states for the files as they are on disk now. */
  proposed(...states: FileState[]): Promise<string>;
}

/** To be called in a `describe`: it begins and ends with the tests there. */
export function proposing(): Proposing {
  let data = '';
  let store: Awaited<ReturnType<typeof openStore>>;
  let crew: Crew;
  let proposals: Proposals;
  let host: ProposalHost;
  let shown: string | undefined;
  const changed = new vscode.EventEmitter<string>();
  const nothing = async () => {};

  before(async () => {
    data = mkdtempSync(join(tmpdir(), 'conclave-data-'));
    const env = { ...process.env, CONCLAVE_DATA: data };
    const home = vscode.extensions.getExtension('conclave.conclave')?.extensionPath ?? assert.fail('not installed');
    store = await openStore({ home, env });
    crew = await openCrew(
      { version: '0', home, env },
      {
        workspace: root,
        user: { ask: async () => 'unanswered', approve: async () => 'unanswered' },
        ripgrep: undefined,
        loaded: await loadSettings({ env, workspace: root, trusted: true, flags: {} }),
        over: ({ workspace: disk, writer: toDisk }) => {
          const workspace = withUnsaved(disk, here);
          const writer = {
            write: (writes: Parameters<typeof toDisk.write>[0]) => here.beforeWrite().then(() => toDisk.write(writes)),
          };
          return { workspace, writer: openEditorWriter(folder, { workspace, writer }) };
        },
      },
    );
    host = {
      shownRun: () => shown,
      standing: openStandingProposals(store.log),
      work: (runId, flow) => resumeRun(crew, store, session(flow), runId, () => true),
      folderOf: () => folder,
      workspaceOf: () => crew.workspace,
      pastRuns: async () => [],
      onDidChangeRun: changed.event,
    };
    proposals = openProposals(host);
  });

  after(async () => {
    proposals?.dispose();
    await store?.close();
    rmSync(data, { recursive: true, force: true });
  });

  afterEach(async () => {
    Object.assign(here, { ignoresCase: false, stop: new AbortController(), afterRead: nothing, beforeWrite: nothing });
    await vscode.commands.executeCommand('refactorPreview.discard').then(undefined, () => {});
    for (const document of vscode.workspace.textDocuments.filter(({ isDirty }) => isDirty)) {
      await vscode.window.showTextDocument(document);
      await vscode.commands.executeCommand('workbench.action.files.revert');
    }
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  function session(work: Session['work']): Session {
    const fire = ({ runId }: RunEvent) => changed.fire(runId);
    return { holder: 'test', signal: here.stop.signal, onEvent: fire, catchUp: () => {}, work };
  }

  async function events(runId: string): Promise<RunEvent[]> {
    const all: RunEvent[] = [];
    for await (const event of store.log.read(runId)) all.push(event);
    return all;
  }

  const here: Proposing = {
    get proposals() {
      return proposals;
    },
    get host() {
      return host;
    },
    get crew() {
      return crew;
    },
    get shown() {
      return shown;
    },
    ignoresCase: false,
    stop: new AbortController(),
    afterRead: nothing,
    beforeWrite: nothing,
    proposal: async () => fold(await events(shown ?? '')).proposal,
    async proposed(...states) {
      const baseOf = (path: string) => {
        if (!existsSync(join(root, path))) return undefined;
        return { text: read(path), hash: hashText(read(path)) };
      };
      const work: Session['work'] = async (run) => {
        for (const path of states.flatMap((state) => [state.path, ...(state.from === undefined ? [] : [state.from])])) {
          const base = baseOf(path);
          run.base.record(path, base?.text ?? null, base?.hash ?? null);
        }
        await propose(run, withStates(emptyChangeSet, states, baseOf));
        return { type: 'run.finished', outcome: 'approved', ending: { code: 'approved', message: 'Approved.' } };
      };
      const end = await startRun(crew, store, session(work), { kind: 'run', task: 'Test' });
      assert.equal(end.ending.code, 'approved', end.ending.message);
      shown = end.runId;
      return end.runId;
    },
  };
  return here;
}

export async function type(path: string, line: number, text: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(uri(path));
  await vscode.window.showTextDocument(document);
  // Not through the editor that shows it, in the place of which there may be another one by then.
  const edit = new vscode.WorkspaceEdit();
  edit.insert(document.uri, new vscode.Position(line, 0), text);
  assert.ok(await vscode.workspace.applyEdit(edit), `${path} takes the text`);
  assert.equal(document.isDirty, true);
  return document;
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('it did not come about');
}

function asOnDisk(path: string): string {
  if (existsSync(join(root, path)) || !existsSync(dirname(join(root, path)))) return path;
  const found = readdirSync(dirname(join(root, path))).find((name) => differOnlyByCase(name, basename(path)));
  return found === undefined ? path : `${dirname(path)}/${found}`;
}

function withUnsaved(disk: Workspace, here: Pick<Proposing, 'ignoresCase' | 'afterRead'>): Workspace {
  return {
    ...disk,
    root: disk.root,
    async read(path) {
      const target = vscode.Uri.joinPath(folder, path).toString();
      const document = vscode.workspace.textDocuments.find((one) => one.isDirty && one.uri.toString() === target);
      const text = `${document?.encoding === 'utf8bom' ? '\uFEFF' : ''}${document?.getText() ?? ''}`;
      const content = document
        ? { kind: 'text' as const, text, hash: hashText(text) }
        : await disk.read(here.ignoresCase ? asOnDisk(path) : path);
      await here.afterRead(path);
      return content;
    },
  };
}
