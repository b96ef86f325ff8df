import * as vscode from 'vscode';
import { ModelError } from '../core/models/modelError.ts';
import { NEEDED_ROLES } from '../core/settings.ts';
import type { LoadedSettings } from '../node/configuration.ts';
import { openConfiguredEndpoint } from '../node/configuredEndpoint.ts';
import type { HostFacts } from '../shared/protocol.ts';
import type { EditorCrews } from './editorCrew.ts';
import { folderForTask, openFolders } from './folders.ts';

const HISTORY = 'conclave.history';
const LONGEST_HISTORY = 50;

/** What the chat shows about the editor around it. */
export interface Facts extends vscode.Disposable {
  current(): HostFacts;
  readonly onChange: vscode.Event<void>;
  /** The folder the user has chosen for new tasks, as a URI. */
  chosen(): string | undefined;
  choose(folder: string): void;
  /** Remembers what the user asked. */
  asked(text: string): void;
  /** Asks the needed roles' servers whether they are there. Loads what speaks HTTP, so not before the chat is seen. */
  lookAtServers(): Promise<void>;
}

export function openFacts(options: { crews: EditorCrews; memory: vscode.Memento }): Facts {
  const { crews, memory } = options;
  const onChange = new vscode.EventEmitter<void>();
  let chosen: string | undefined;
  let silent: HostFacts['silent'] = [];
  let looks = 0;

  async function lookAtServers(): Promise<void> {
    const mine = ++looks;
    const found = await silentServers(crews, chosen);
    if (mine !== looks || JSON.stringify(found) === JSON.stringify(silent)) return;
    silent = found;
    onChange.fire();
  }

  const listeners = [
    vscode.workspace.onDidChangeWorkspaceFolders(() => onChange.fire()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => onChange.fire()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      // Before anybody wanted to know, there is nothing to renew.
      if (looks > 0 && event.affectsConfiguration('conclave')) void lookAtServers();
    }),
  ];
  return {
    onChange: onChange.event,
    current: () => ({
      folders: openFolders().map(({ uri, name }) => ({ uri: uri.toString(), name })),
      trusted: vscode.workspace.isTrusted,
      ...(chosen === undefined ? {} : { folder: chosen }),
      silent,
      history: memory.get<string[]>(HISTORY, []),
    }),
    chosen: () => chosen,
    choose(folder) {
      chosen = folder;
      onChange.fire();
    },
    asked(text) {
      const before = memory.get<string[]>(HISTORY, []).filter((one) => one !== text);
      void memory.update(HISTORY, [...before, text].slice(-LONGEST_HISTORY));
    },
    lookAtServers,
    dispose() {
      for (const one of [...listeners, onChange]) one.dispose();
    },
  };
}

/** Roles whose servers do not answer as one of ours would. Empty where no task could be started anyway. */
async function silentServers(crews: EditorCrews, chosen: string | undefined): Promise<HostFacts['silent']> {
  let loaded: LoadedSettings;
  try {
    loaded = await crews.settings(folderForTask(chosen).uri);
  } catch {
    // No folder, no trust, or settings that cannot be used: the chat says the first two, starting a task says the last.
    return [];
  }
  const silent = await Promise.all(
    NEEDED_ROLES.map(async (role) => {
      const { url } = loaded.settings.endpoints[role];
      try {
        await openConfiguredEndpoint(loaded, role).served(AbortSignal.timeout(5_000));
        return undefined;
      } catch (error) {
        if (error instanceof ModelError) return { role, url, message: error.message };
        return { role, url, message: vscode.l10n.t('It did not answer within five seconds.') };
      }
    }),
  );
  return silent.filter((one) => one !== undefined);
}
