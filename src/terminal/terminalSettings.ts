import { type LoadedSettings, loadSettings } from '../node/configuration.ts';
import type { Installation } from '../node/openCrew.ts';

/** The settings for a workspace. A terminal trusts the folder it is started in: the user named it. */
export function loadTerminalSettings(
  installation: Installation,
  workspace: string,
  flags: { model?: string },
): Promise<LoadedSettings> {
  return loadSettings({ env: installation.env, workspace, trusted: true, flags });
}
