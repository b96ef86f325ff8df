import * as vscode from 'vscode';
import { findingText } from '../../core/orchestrator/messages.ts';
import type { EventOf } from '../../shared/events.ts';
import { assertOnDisk } from '../folders.ts';
import type { Findings, PlacedFinding } from './findings.ts';

/** Has the crew work in a folder. Rejects, in words for the user, where it cannot be started. */
export type StartCrew = (
  folder: { uri: vscode.Uri; name: string },
  what: Pick<EventOf<'run.started'>, 'kind' | 'task' | 'said' | 'base' | 'paths'>,
) => PromiseLike<unknown>;

/** What the quick fixes, the palette and the chat call. A failure's message is for the user. */
export interface FindingActions {
  /** Has the Coder mend one finding, or all of them where none is named. */
  fix(fingerprint: string | undefined): Promise<void>;
  /** Asks for the reason; nothing happens where none is given. */
  waive(fingerprint: string): Promise<void>;
}

/**
 * The commands about findings, by the ids of the manifest. Without a fingerprint they are about the finding at the
 * cursor, or ask which one is meant.
 */
export function findingCommands(findings: Findings, start: StartCrew) {
  const { t } = vscode.l10n;
  const actions = findingActions(findings, start);
  const chosen = async (fingerprint: unknown): Promise<PlacedFinding | undefined> =>
    typeof fingerprint === 'string' ? known(findings, fingerprint) : chooseFinding(findings);

  return {
    'conclave.fixFinding': async (fingerprint?: unknown) => {
      const found = await chosen(fingerprint);
      if (found) await actions.fix(found.finding.fingerprint);
    },
    'conclave.fixAllFindings': async (uri?: unknown) => {
      const inFile = uri instanceof vscode.Uri ? uri.toString() : undefined;
      const all = findings.list().filter(({ place }) => inFile === undefined || place?.uri.toString() === inFile);
      await fixAll(all, start);
    },
    'conclave.waiveFinding': async (fingerprint?: unknown) => {
      const found = await chosen(fingerprint);
      if (found) await actions.waive(found.finding.fingerprint);
    },
    'conclave.explainFinding': async (fingerprint?: unknown) => {
      const found = await chosen(fingerprint);
      if (!found) return;
      const { finding } = found;
      const task = `Explain this finding of a code review: what is wrong, what it can lead to, and how to mend it.\n\n${findingText(finding)}`;
      const text = t('Explain: {0} ({1})', finding.message, finding.path);
      await start(folderOf(found), { kind: 'ask', task, said: { text, attachments: [] } });
    },
    'conclave.clearFindings': () => findings.clear(),
    'conclave.reviewFile': async (uri?: unknown) => {
      const file = uri instanceof vscode.Uri ? uri : vscode.window.activeTextEditor?.document.uri;
      if (!file) throw new Error(t('Open the file that shall be reviewed first.'));
      const folder = vscode.workspace.getWorkspaceFolder(file);
      if (!folder) throw new Error(t('{0} lies in no open folder. Open its folder first.', nameOf(file)));
      assertOnDisk(folder);
      const path = pathIn(folder.uri, file);
      const text = t('Review of {0}', path);
      await start(folder, { kind: 'review', task: text, said: { text, attachments: [] }, base: 'HEAD', paths: [path] });
    },
  };
}

export function findingActions(findings: Findings, start: StartCrew): FindingActions {
  const { t } = vscode.l10n;
  return {
    fix: (fingerprint) => fixAll(fingerprint === undefined ? findings.list() : [known(findings, fingerprint)], start),
    async waive(fingerprint) {
      const { finding } = known(findings, fingerprint);
      const reason = await vscode.window.showInputBox({
        title: t('Waive: {0}', finding.message),
        prompt: t(
          'Why is this no problem? It is kept in .conclave/waived.json, and the finding is never reported again.',
        ),
        ignoreFocusOut: true,
        validateInput: (text) => (text.trim() === '' ? t('Give a reason: others will read it.') : undefined),
      });
      if (reason?.trim()) await findings.waive(fingerprint, reason.trim());
    },
  };
}

/** One task for findings of one run, and so of one folder. */
async function fixAll(found: readonly PlacedFinding[], start: StartCrew): Promise<void> {
  const { t } = vscode.l10n;
  const mendable = found.filter((one) => isOnDisk(one));
  const [first] = mendable;
  if (!first) {
    throw new Error(
      found.length === 0
        ? t('There are no findings to fix.')
        : t('This is about a change that is not on disk: accept the proposal first, then have it fixed.'),
    );
  }
  const list = mendable.map(({ finding }) => `- ${findingText(finding)}`).join('\n');
  const task = `Fix ${mendable.length === 1 ? 'this finding' : 'these findings'} of a code review, and nothing else:\n${list}`;
  const text =
    mendable.length === 1
      ? t('Fix: {0} ({1})', first.finding.message, first.finding.path)
      : t('Fix {0} findings', mendable.length);
  await start(folderOf(first), { kind: 'run', task, said: { text, attachments: [] } });
}

/** The Coder starts from the files on disk, so what it shall mend has to stand there. */
function isOnDisk({ about, place }: PlacedFinding): boolean {
  return place === undefined ? about === 'disk' : place.uri.scheme === 'file';
}

function known(findings: Findings, fingerprint: string): PlacedFinding {
  const found = findings.get(fingerprint);
  if (!found) throw new Error(vscode.l10n.t('This finding is not there any more.'));
  return found;
}

/** The finding at the cursor, the only one, or the one that the user picks. */
async function chooseFinding(findings: Findings): Promise<PlacedFinding | undefined> {
  const { t } = vscode.l10n;
  const all = findings.list();
  const editor = vscode.window.activeTextEditor;
  const here = all.find(
    ({ place }) =>
      editor !== undefined &&
      place?.uri.toString() === editor.document.uri.toString() &&
      place.range.start.line <= editor.selection.active.line &&
      place.range.end.line >= editor.selection.active.line,
  );
  if (here) return here;
  if (all.length === 0) throw new Error(t('There are no findings.'));
  if (all.length === 1) return all[0];
  const items = all.map((found) => {
    const { severity, type, message, path, line } = found.finding;
    return {
      label: message,
      description: `${severity} ${type}`,
      detail: line === undefined ? path : `${path}:${line}`,
      found,
    };
  });
  return (await vscode.window.showQuickPick(items, { title: t('Which finding?'), matchOnDetail: true }))?.found;
}

function folderOf({ folder }: PlacedFinding): { uri: vscode.Uri; name: string } {
  return { uri: folder, name: vscode.workspace.getWorkspaceFolder(folder)?.name ?? nameOf(folder) };
}

function pathIn(folder: vscode.Uri, file: vscode.Uri): string {
  return file.path.slice(folder.path.replace(/\/$/, '').length + 1);
}

function nameOf(uri: vscode.Uri): string {
  return uri.path.split('/').at(-1) ?? uri.path;
}
