import * as vscode from 'vscode';
import { MOST_TEXT } from '../../core/memory/entries.ts';
import type { Memory, MemoryEntry } from '../../core/ports.ts';
import { openWorkspaceFolder } from '../../node/workspaceFolder.ts';
import { editsFrom, markdownFrom, type Refusal } from './memoryMarkdown.ts';

const SCHEME = 'conclave-memory';

export interface MemoryDocuments extends vscode.Disposable {
  /** Opens what is remembered of a folder, as one Markdown document that can be edited and saved. */
  show(folder: { uri: vscode.Uri; name: string }): Promise<void>;
  /** Runs may have learnt something: open documents that are not being edited show it. */
  refresh(): void;
}

/** A document as the editor last got it: what it saves is compared with the notes that were in it. */
interface Given {
  entries: readonly MemoryEntry[];
  text: string;
  mtime: number;
}

export function openMemoryDocuments(memory: Memory): MemoryDocuments {
  const given = new Map<string, Given>();
  const changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();

  /** Looks at the store, unless the user is editing: then the document's notes stay those that it was made of. */
  async function look(uri: vscode.Uri): Promise<Given> {
    const last = given.get(uri.toString());
    if (last && isBeingEdited(uri)) return last;
    const entries = await memory.recall(workspaceOf(uri));
    const text = markdownFrom(entries, preamble());
    if (last?.text === text) return last;
    const now = { entries, text, mtime: Math.max(Date.now(), (last?.mtime ?? 0) + 1) };
    given.set(uri.toString(), now);
    return now;
  }

  async function save(uri: vscode.Uri, markdown: string): Promise<void> {
    const { entries: before, mtime } = given.get(uri.toString()) ?? (await look(uri));
    const edits = editsFrom(markdown, { before, preamble: preamble(), now: new Date().toISOString() });
    if ('problem' in edits) throw vscode.FileSystemError.Unavailable(inWords(edits));
    const workspace = workspaceOf(uri);
    if (edits.forgotten.length > 0) await memory.forget(workspace, edits.forgotten);
    if (edits.changed.length > 0) await memory.remember(workspace, edits.changed);
    const entries = await memory.recall(workspace);
    given.set(uri.toString(), { entries, text: markdown, mtime: Math.max(Date.now(), mtime + 1) });
  }

  function refresh(uri: vscode.Uri): void {
    changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  const provider: vscode.FileSystemProvider = {
    onDidChangeFile: changed.event,
    watch: () => new vscode.Disposable(() => {}),
    async stat(uri) {
      const { text, mtime } = await look(uri);
      return { type: vscode.FileType.File, ctime: 0, mtime, size: Buffer.byteLength(text) };
    },
    readFile: async (uri) => Buffer.from((await look(uri)).text),
    writeFile: (uri, content) => save(uri, new TextDecoder().decode(content)),
    readDirectory: () => [],
    createDirectory: refuse,
    delete: refuse,
    rename: refuse,
  };
  const registration = vscode.workspace.registerFileSystemProvider(SCHEME, provider, { isCaseSensitive: true });
  // What was saved is shown as it is kept: new notes have ids, and runs may have added some.
  const saved = vscode.workspace.onDidSaveTextDocument(({ uri }) => {
    if (uri.scheme === SCHEME) refresh(uri);
  });

  return {
    async show({ uri, name }) {
      const workspace = await openWorkspaceFolder(uri.fsPath);
      const path = `/${name}/${vscode.l10n.t('What Conclave remembers')}.md`;
      const at = vscode.Uri.from({ scheme: SCHEME, path, query: workspace });
      const { document } = await vscode.window.showTextDocument(at);
      // One that was open before is shown as things are now.
      if (!document.isDirty) await vscode.commands.executeCommand('workbench.action.files.revert');
    },
    refresh() {
      for (const { uri } of vscode.workspace.textDocuments) if (uri.scheme === SCHEME) refresh(uri);
    },
    dispose() {
      registration.dispose();
      saved.dispose();
      changed.dispose();
    },
  };
}

function workspaceOf({ query }: vscode.Uri): string {
  return query;
}

function isBeingEdited(uri: vscode.Uri): boolean {
  return vscode.workspace.textDocuments.some(
    (document) => document.isDirty && document.uri.toString() === uri.toString(),
  );
}

function refuse(): never {
  throw vscode.FileSystemError.NoPermissions();
}

function preamble(): string {
  const { t } = vscode.l10n;
  return [
    `# ${t('What Conclave remembers')}`,
    '',
    t('Notes of earlier runs in this workspace, which the crew can look up.'),
    t('Change the text of a note, or delete its section, and save. A heading "{0}" begins a new one.', '## convention'),
  ].join('\n');
}

function inWords({ line, problem }: Refusal): string {
  const { t } = vscode.l10n;
  const what = (): string => {
    switch (problem.kind) {
      case 'outside':
        return t('this belongs to no note. Put it below a heading "{0}".', '## convention');
      case 'heading':
        return t('this heading is that of no note. A new note begins with "{0}".', '## convention');
      case 'unknown':
        return t('there is no note {0} of that day. A new note begins with "{1}".', problem.id, '## convention');
      case 'twice':
        return t('the note {0} is there twice.', problem.id);
      case 'files':
        return t('write files as {0}.', 'Files: `src/a.js`, `src/b.js`');
      case 'empty':
        return t('the note has no text. Delete its heading too, and it is forgotten.');
      case 'tooLong':
        return t('the note has {0} characters; at most {1} are kept.', problem.chars, MOST_TEXT);
      default:
        return problem satisfies never;
    }
  };
  return t('Nothing was saved. Line {0}: {1}', line, what());
}
