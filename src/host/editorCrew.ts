import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Crew } from '../core/orchestrator/runContext.ts';
import type { LoadedSettings } from '../node/configuration.ts';
import { dataFolder } from '../node/dataFolder.ts';
import { withForkedModels } from '../node/forkedModels.ts';
import { type Installation, openCrew } from '../node/openCrew.ts';
import { openRemembered } from '../node/remembered.ts';
import { openWorkspaceFolder } from '../node/workspaceFolder.ts';
import { type ForkedRole, ROLES, type Role } from '../shared/events.ts';
import { findEditorRipgrep } from './editorRipgrep.ts';
import { loadEditorSettings } from './editorSettings.ts';
import { type EditorUser, openEditorUser } from './editorUser.ts';
import { openEditorWorkspace } from './editorWorkspace.ts';
import { openLanguageServers } from './languageServers.ts';
import { openEditorWriter } from './proposals/editorWriter.ts';

/** Builds crews for folders: the same as in the terminal, with the editor's settings, buffers and user. */
export interface EditorCrews {
  readonly user: EditorUser;
  readonly ripgrep: string | undefined;
  readonly installation: Installation;
  settings(folder: vscode.Uri): Promise<LoadedSettings>;
  /** @param urls endpoints that take the place of the settings' (the demo's recorded models) */
  forFolder(
    folder: vscode.Uri,
    urls?: Record<Role, string>,
    /** What a fork was begun with. */
    roles?: readonly ForkedRole[],
  ): Promise<Crew>;
}

export function openEditorCrews(options: {
  installation: Installation;
  secrets: vscode.SecretStorage;
  /** Says that the user is needed. */
  call: Parameters<typeof openEditorUser>[0]['call'];
}): EditorCrews {
  const { installation, secrets } = options;
  const ripgrep = findEditorRipgrep(vscode.env.appRoot);
  let policy: LoadedSettings['settings']['approvals']['commands'] = 'ask';
  const user = openEditorUser({
    policy: () => policy,
    remembered: openRemembered(join(dataFolder(installation.env), 'approved-commands')),
    call: options.call,
  });
  return {
    user,
    ripgrep,
    installation,
    settings: (folder) => loadEditorSettings(folder, secrets),
    async forFolder(folder, urls, roles) {
      const workspace = await openWorkspaceFolder(folder.fsPath);
      const loaded = withForkedModels(withUrls(await loadEditorSettings(folder, secrets), urls), roles);
      policy = loaded.settings.approvals.commands;
      return openCrew(installation, {
        workspace,
        user,
        loaded,
        ripgrep,
        over: (disk) => {
          const files = openEditorWorkspace(disk.workspace, folder);
          return {
            workspace: files,
            writer: openEditorWriter(folder, { workspace: files, writer: disk.writer }),
            languages: openLanguageServers(folder),
          };
        },
      });
    },
  };
}

function withUrls(loaded: LoadedSettings, urls: Record<Role, string> | undefined): LoadedSettings {
  if (!urls) return loaded;
  const endpoints = Object.fromEntries(ROLES.map((role) => [role, { url: urls[role] }])) as Record<
    Role,
    { url: string }
  >;
  return { ...loaded, settings: { ...loaded.settings, endpoints } };
}
