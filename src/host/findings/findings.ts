import * as vscode from 'vscode';
import { addWaiver, readWaivers, waiversFile } from '../../node/waivers.ts';
import type { Finding, RunEvent } from '../../shared/events.ts';
import type { SettledFindings } from '../../shared/protocol.ts';
import { PROPOSAL_SCHEME, placeOfUri, proposalUri } from '../proposals/proposalDocuments.ts';
import { anchorOf, type Hold, lineAt } from './anchor.ts';
import { diagnosticOf, fingerprintIn, otherPlaces } from './diagnosticOf.ts';
import { type FindingsState, foldFindings, noFindings, type ShownFinding, shownFindings } from './shownFindings.ts';
import { isFixed, suggestionStands } from './suggestedFix.ts';

/** A finding of the shown run, and where it stands in a text, if anywhere. */
export interface PlacedFinding extends ShownFinding {
  /** The folder that the run works in. */
  folder: vscode.Uri;
  place?: { uri: vscode.Uri; range: vscode.Range };
}

/** The findings of the shown run, kept in the Problems view: they follow edits, and vanish when mended, waived or cleared. */
export interface Findings extends vscode.Disposable {
  /** Another run, or none, is shown from now on; its events follow from the first. */
  show(runId: string | undefined): void;
  /** Events of the shown run, in order. */
  add(events: readonly RunEvent[]): void;
  /** What is not waived, not mended and not cleared. */
  list(): readonly PlacedFinding[];
  get(fingerprint: string): PlacedFinding | undefined;
  /** The finding that one of our diagnostics shows. */
  of(diagnostic: vscode.Diagnostic): PlacedFinding | undefined;
  /** Remembers in the workspace that nobody wants to see it again. Throws where that file cannot be understood. */
  waive(fingerprint: string, reason: string): Promise<void>;
  settled(): SettledFindings;
  readonly onSettled: vscode.Event<SettledFindings>;
  /** Takes all of them away; what a later review finds is shown again. */
  clear(): void;
}

/** Milliseconds between an edit and a new look at the text. */
const SETTLE = 150;

/**
 * @param folderAt the open folder with this absolute, real path; a run of another one shows no diagnostics
 * @param onWaived a finding was waived, and that is written down in the folder
 */
export function openFindings(options: {
  folderAt: (path: string) => { uri: vscode.Uri } | undefined;
  onWaived: (folder: vscode.Uri, finding: Finding, reason: string) => void;
}): Findings {
  const collection = vscode.languages.createDiagnosticCollection('conclave');
  let state: FindingsState | undefined;
  let placed: PlacedFinding[] = [];
  /** The files that findings are about, mended ones too: what was mended may be taken back. */
  let subjects: ReadonlySet<string> = new Set();
  let waived: ReadonlySet<string> = new Set();
  const onSettled = new vscode.EventEmitter<SettledFindings>();
  let settled: SettledFindings = { waived: [], mended: [] };
  /** What each finding holds on to, by fingerprint and document. */
  let holds = new Map<string, Hold & { stood: boolean }>();
  let watching: vscode.Disposable | undefined;
  let watched = '';
  let timer: NodeJS.Timeout | undefined;
  let looks = 0;

  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), SETTLE);
  };
  const concerns = (uri: vscode.Uri): boolean => {
    if (uri.scheme === PROPOSAL_SCHEME) return placeOfUri(uri)?.runId === state?.runId;
    return subjects.has(uri.toString());
  };
  const whenConcerned = ({ uri }: { uri: vscode.Uri }): void => {
    if (concerns(uri)) later();
  };

  /** Looks where every finding stands now. A look that another one has overtaken shows nothing. */
  async function look(): Promise<void> {
    const mine = ++looks;
    const current = state;
    const folder = current === undefined ? undefined : options.folderAt(current.workspace)?.uri;
    watch(folder);
    const open = current === undefined || folder === undefined ? [] : shownFindings(current);
    const seen = open.filter(({ finding }) => !waived.has(finding.fingerprint));
    const texts = new Map<string, Promise<string | undefined>>();
    const textOf = (uri: vscode.Uri): Promise<string | undefined> => {
      const key = uri.toString();
      const text = texts.get(key) ?? readText(uri);
      texts.set(key, text);
      return text;
    };
    const now: PlacedFinding[] = [];
    const mended: string[] = [];
    for (const shown of seen) {
      if (folder === undefined || current === undefined) break;
      const place = await placeOf(shown, folder, current.runId, textOf);
      if (place === 'fixed') mended.push(shown.finding.fingerprint);
      else now.push({ ...shown, folder, ...(place && { place }) });
    }
    const others = await Promise.all(now.map(({ finding, folder: at }) => otherPlaces(finding, at, textOf)));
    if (mine !== looks) return;
    placed = now;
    subjects = new Set(
      folder === undefined ? [] : seen.map(({ finding }) => vscode.Uri.joinPath(folder, finding.path).toString()),
    );
    settle({ waived: [...waived].toSorted(), mended });
    const byDocument = new Map<string, { uri: vscode.Uri; diagnostics: vscode.Diagnostic[] }>();
    now.forEach(({ finding, place }, index) => {
      if (!place) return;
      const entry = byDocument.get(place.uri.toString()) ?? { uri: place.uri, diagnostics: [] };
      entry.diagnostics.push(diagnosticOf(finding, place.range, others[index] ?? []));
      byDocument.set(place.uri.toString(), entry);
    });
    collection.forEach((uri) => {
      if (!byDocument.has(uri.toString())) collection.delete(uri);
    });
    for (const { uri, diagnostics } of byDocument.values()) collection.set(uri, diagnostics);
  }

  function settle(now: SettledFindings): void {
    if (JSON.stringify(now) === JSON.stringify(settled)) return;
    settled = now;
    onSettled.fire(now);
  }

  async function placeOf(
    shown: ShownFinding,
    folder: vscode.Uri,
    runId: string,
    textOf: (uri: vscode.Uri) => Promise<string | undefined>,
  ): Promise<PlacedFinding['place'] | 'fixed'> {
    const { finding, about } = shown;
    const onDisk = vscode.Uri.joinPath(folder, finding.path);
    // A line number alone says nothing about a file that the run has changed.
    const here =
      about === 'disk' || finding.quote !== undefined ? standsIn(shown, onDisk, await textOf(onDisk)) : undefined;
    if (here !== undefined || about !== 'proposal') return here;
    const proposed = proposalUri({ runId, path: finding.path, side: 'open' });
    return standsIn(shown, proposed, await textOf(proposed));
  }

  function standsIn(
    { finding, about }: ShownFinding,
    uri: vscode.Uri,
    text: string | undefined,
  ): PlacedFinding['place'] | 'fixed' {
    if (text === undefined) return undefined;
    const key = `${finding.fingerprint} ${uri.toString()}`;
    const hold = holds.get(key) ?? { quote: finding.quote, line: finding.line, stood: false };
    const anchor = anchorOf(text, hold);
    // It counted because its quote stood there: where that is gone, an editor before this one may have seen to it.
    const isGone = about === 'disk' && anchor === undefined;
    if (isFixed(text, finding, hold.stood || isGone)) return 'fixed';
    if (!anchor) return undefined;
    const line = hold.line === undefined && hold.quote === undefined ? undefined : anchor.startLine + 1;
    const quote = hold.quote ?? (line === undefined ? undefined : lineAt(text, line));
    holds.set(key, { line, quote, stood: hold.stood || suggestionStands(text, finding) });
    const { startLine, startCharacter, endLine, endCharacter } = anchor;
    return { uri, range: new vscode.Range(startLine, startCharacter, endLine, endCharacter) };
  }

  /** Files may change without an editor, and so may the waivers. */
  function watch(folder: vscode.Uri | undefined): void {
    if (watched === (folder?.toString() ?? '')) return;
    watched = folder?.toString() ?? '';
    watching?.dispose();
    watching = undefined;
    waived = new Set();
    if (folder === undefined) return;
    const files = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, '**/*'));
    const waivers = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(folder, '.conclave/waived.json'),
    );
    const changed = (uri: vscode.Uri): void => whenConcerned({ uri });
    const rewaived = (): void => void readWaived(folder);
    watching = vscode.Disposable.from(
      files,
      files.onDidChange(changed),
      files.onDidCreate(changed),
      files.onDidDelete(changed),
      waivers,
      waivers.onDidChange(rewaived),
      waivers.onDidCreate(rewaived),
      waivers.onDidDelete(rewaived),
    );
    void readWaived(folder);
  }

  async function readWaived(folder: vscode.Uri): Promise<void> {
    try {
      waived = new Set((await readWaivers(folder.fsPath)).map(({ fingerprint }) => fingerprint));
      later();
    } catch (error) {
      const open = vscode.l10n.t('Open');
      const message = error instanceof Error ? error.message : String(error);
      const choice = await vscode.window.showWarningMessage(vscode.l10n.t('Conclave: {0}', message), open);
      if (choice === open) await vscode.window.showTextDocument(vscode.Uri.file(waiversFile(folder.fsPath)));
    }
  }

  const listeners = vscode.Disposable.from(
    vscode.workspace.onDidChangeTextDocument(({ document }) => whenConcerned(document)),
    vscode.workspace.onDidOpenTextDocument(whenConcerned),
    vscode.workspace.onDidCloseTextDocument(whenConcerned),
    vscode.workspace.onDidChangeWorkspaceFolders(later),
  );

  const findings: Findings = {
    show(runId) {
      state = runId === undefined ? undefined : noFindings(runId);
      holds = new Map();
      later();
    },
    add(events) {
      if (!state) return;
      const before = state;
      for (const event of events) if (event.runId === state.runId) state = foldFindings(state, event);
      if (state !== before) later();
    },
    list: () => placed,
    settled: () => settled,
    onSettled: onSettled.event,
    get: (fingerprint) => placed.find(({ finding }) => finding.fingerprint === fingerprint),
    of: (diagnostic) => {
      const fingerprint = fingerprintIn(diagnostic);
      return fingerprint === undefined ? undefined : findings.get(fingerprint);
    },
    async waive(fingerprint, reason) {
      const found = findings.get(fingerprint);
      if (!found) throw new Error(vscode.l10n.t('This finding is not there any more.'));
      const { finding, folder, place } = found;
      const quote = finding.quote ?? (place && holds.get(`${fingerprint} ${place.uri.toString()}`)?.quote);
      await addWaiver(folder.fsPath, {
        fingerprint,
        type: finding.type,
        path: finding.path,
        ...(quote === undefined ? {} : { quote }),
        reason,
        date: new Date().toISOString().slice(0, 10),
      });
      options.onWaived(folder, finding, reason);
      waived = new Set([...waived, fingerprint]);
      await look();
    },
    clear() {
      if (state) state = { ...state, scopes: {} };
      void look();
    },
    dispose() {
      clearTimeout(timer);
      looks += 1;
      watching?.dispose();
      listeners.dispose();
      onSettled.dispose();
      collection.dispose();
    },
  };
  return findings;
}

/** The text as the user sees it: the buffer where there is one. Undefined where there is no such document. */
async function readText(uri: vscode.Uri): Promise<string | undefined> {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  try {
    if (open && (open.isDirty || (await isThere(uri)))) return open.getText();
    // A file is only read: opened documents stay in the editor's memory, and language servers look at them.
    if (uri.scheme !== PROPOSAL_SCHEME) return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    return (await vscode.workspace.openTextDocument(uri)).getText();
  } catch {
    // Gone, or no proposal of it: then nothing stands in it.
    return undefined;
  }
}

/** The editor keeps the text of a deleted file for a while. */
async function isThere(uri: vscode.Uri): Promise<boolean> {
  if (uri.scheme === PROPOSAL_SCHEME) return true;
  return vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
}
