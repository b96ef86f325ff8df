import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { DEFAULT_SETTINGS } from '../core/settings.ts';
import { type LoadedSettings, loadSettings, type SettingsSources } from '../node/configuration.ts';
import { nameInTerminal, START_OF_FLEET } from '../node/settingNames.ts';

/** Every setting of ours that the core knows, as the editor names it after "conclave.". */
const KEYS = [
  ...['preprocessor', 'planner', 'coder', 'reviewer'].flatMap((role) => [
    `endpoints.${role}.url`,
    `endpoints.${role}.model`,
  ]),
  'checks.command',
  'checks.timeout',
  ...Object.keys(DEFAULT_SETTINGS.timeouts).map((timeout) => `timeouts.${timeout}`),
  ...Object.keys(DEFAULT_SETTINGS.limits).map((limit) => `limits.${limit}`),
  'approvals.commands',
  'planCache',
  'mcp.servers',
  ...Object.keys(DEFAULT_SETTINGS.mcp.tools).map((role) => `mcp.tools.${role}`),
  ...['profile', 'vllm', 'weights'].map((key) => `fleet.${key}`),
];

const API_KEY = 'conclave.apiKey';

/**
 * The settings for one folder: the editor's, where the user has really set them, over environment and workspace file.
 * @throws ConfigurationError that names the setting
 */
export async function loadEditorSettings(folder: vscode.Uri, secrets: vscode.SecretStorage): Promise<LoadedSettings> {
  const apiKey = await secrets.get(API_KEY);
  return loadSettings({
    env: process.env,
    workspace: folder.fsPath,
    trusted: vscode.workspace.isTrusted,
    flags: {},
    editor: reallySet(folder),
    ...(apiKey === undefined ? {} : { apiKey }),
    nameOf: nameInEditor,
  });
}

/**
 * The settings of the user alone, for what no workspace has a say in.
 * @throws ConfigurationError that names the setting
 */
export async function loadUserSettings(): Promise<LoadedSettings> {
  const configuration = vscode.workspace.getConfiguration('conclave');
  const set = KEYS.flatMap((key) => {
    const value = configuration.inspect(key)?.globalValue;
    return value === undefined ? [] : [[key, { value, from: 'user' as const }] as const];
  });
  return loadSettings({
    env: process.env,
    workspace: homedir(),
    trusted: false,
    flags: {},
    editor: Object.fromEntries(set),
    nameOf: nameInEditor,
  });
}

/** As the user finds it in the editor; what has no place there is set as in the terminal. */
function nameInEditor(key: string): string {
  if (key === 'apiKey') return 'the API key (command "Conclave: Set API Key…")';
  if (key === START_OF_FLEET) return '"Conclave: Start Fleet"';
  return KEYS.includes(key) ? `conclave.${key}` : nameInTerminal(key);
}

/** What the user, or the workspace, has set; never the defaults that the manifest shows. */
function reallySet(folder: vscode.Uri): NonNullable<SettingsSources['editor']> {
  const configuration = vscode.workspace.getConfiguration('conclave', folder);
  const set: NonNullable<SettingsSources['editor']> = {};
  for (const key of KEYS) {
    const found = configuration.inspect(key);
    const byWorkspace = found?.workspaceFolderValue ?? found?.workspaceValue;
    if (byWorkspace !== undefined) set[key] = { value: byWorkspace, from: 'workspace' };
    else if (found?.globalValue !== undefined) set[key] = { value: found.globalValue, from: 'user' };
  }
  return set;
}

/** Asks for the key that is sent to every endpoint, and keeps it in the editor's secret storage. Empty: forget it. */
export async function askForApiKey(secrets: vscode.SecretStorage): Promise<void> {
  const key = await vscode.window.showInputBox({
    title: vscode.l10n.t('API key for your model servers'),
    prompt: vscode.l10n.t('Sent to every configured endpoint. Leave empty to forget it.'),
    password: true,
    ignoreFocusOut: true,
  });
  if (key === undefined) return;
  if (key.trim() === '') await secrets.delete(API_KEY);
  else await secrets.store(API_KEY, key.trim());
}
