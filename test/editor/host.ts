import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { EditorInstallation } from './installation.ts';

/** User settings, by their full names. */
export type Settings = Record<string, unknown>;

/** A running editor with a home, settings, extensions and a port of its own; nothing of the user's is seen or written. */
export interface EditorHost {
  installation: EditorInstallation;
  /** Everything of this host is below this folder, its HOME too. */
  dir: string;
  port: number;
  url: string;
  /**
   * Writes the user settings anew: the calm ones that every test wants, and these. The next window opens with them; one
   * that is open may take half a minute to notice, or never.
   */
  setSettings(settings: Settings): void;
  /** The folders of installed extensions, absolute. */
  extensions(): string[];
  /** What it printed so far. */
  log(): string;
  /** Resolves when it has ended, by itself or by `stop`. */
  ended: Promise<void>;
  /** Ends it with everything that it started, and removes its folder. */
  stop(): Promise<void>;
}

export interface HostOptions {
  /** What to install before the start: a .vsix, or several. */
  vsix?: string | readonly string[];
  settings?: Settings;
  env?: Record<string, string>;
  /** For mocha inside the host: VS Code's own switch, unknown to the floor version. Toasts are suppressed under it. */
  automation?: 'smokeTestDriver';
}

/** No question, no tip, no first-run page, no request to anywhere. */
const CALM: Settings = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'files.autoSave': 'off',
  'git.enabled': false,
  'security.workspace.trust.enabled': false,
  // The editor of the tests comes without a TypeScript of its own.
  'typescript.tsdk': resolve('node_modules/typescript/lib'),
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
};

/** How long it may take until it listens: far more than it ever did. */
const START_LIMIT = 60_000;

/** Starts an editor. @throws with what it printed, where it does not start */
export async function startHost(installation: EditorInstallation, options: HostOptions = {}): Promise<EditorHost> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'conclave-editor-')));
  const userData = join(dir, 'user-data');
  const extensions = join(dir, 'extensions');
  // What is set for the machine (the addresses of models) counts in the second only: its extension host is a remote one.
  const settingsFiles = ['User', 'Machine'].map((scope) => join(userData, scope, 'settings.json'));
  for (const file of settingsFiles) mkdirSync(dirname(file), { recursive: true });
  mkdirSync(extensions);
  writeFileSync(join(dir, 'config.yaml'), 'auth: none\ncert: false\n');
  const setSettings = (settings: Settings): void => {
    for (const file of settingsFiles) writeFileSync(file, JSON.stringify({ ...CALM, ...settings }, null, 2));
  };
  setSettings(options.settings ?? {});

  const env = { ...privateEnvironment(dir), ...options.env };
  const folders = ['--user-data-dir', userData, '--extensions-dir', extensions, '--config', join(dir, 'config.yaml')];
  const { node, entry } = installation;
  if (options.vsix !== undefined) {
    const install = [options.vsix].flat().flatMap((vsix) => ['--install-extension', vsix]);
    await execa(node, [entry, ...folders, ...install, '--force'], { env, extendEnv: false });
  }

  const quiet = ['--auth', 'none', '--disable-telemetry', '--disable-update-check', '--disable-workspace-trust'];
  const closed = ['--disable-getting-started-override', '--disable-proxy'];
  const driver = options.automation === undefined ? [] : ['--vscode-option', 'enable-smoke-test-driver'];
  // The system gives a free port; the log tells which. Detached: a process group of its own, so that it ends as a whole.
  const child = spawn(node, [entry, ...folders, ...quiet, ...closed, ...driver, '--bind-addr', '127.0.0.1:0'], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killGroup = (): void => signalGroup(child, 'SIGKILL');
  process.once('exit', killGroup);
  const ended = once(child, 'exit').then(() => {});
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text));
  const stop = async (): Promise<void> => {
    signalGroup(child, 'SIGTERM');
    if (child.exitCode === null && child.signalCode === null) {
      await Promise.race([ended, sleep(2000, undefined, { ref: false })]);
    }
    killGroup();
    process.off('exit', killGroup);
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };

  const port = await portOf(child);
  if (port === undefined) {
    await stop();
    throw new Error(`The editor (${entry}) did not start. It printed:\n${log}`);
  }
  return {
    installation,
    dir,
    port,
    url: `http://127.0.0.1:${port}`,
    setSettings,
    extensions: () =>
      readdirSync(extensions, { withFileTypes: true })
        .filter((item) => item.isDirectory())
        .map(({ name }) => join(extensions, name)),
    log: () => log,
    ended,
    stop,
  };
}

/** The environment without the editor, the proxies and the Conclave that the tests may be started from. */
function privateEnvironment(home: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|CONCLAVE_|REDIS_|npm_|NODE_OPTIONS$|CODEBASE_ROOT$|ELECTRON_)/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_STATE_HOME: join(home, 'state'),
    // No marketplace.
    EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: '', itemUrl: '', resourceUrlTemplate: '' }),
  };
}

/** @returns undefined where it ended, or the time was up, before it listened */
async function portOf(child: ChildProcess): Promise<number | undefined> {
  const listening = new Promise<number>((resolve) => {
    let seen = '';
    child.stdout?.on('data', (text: string) => {
      seen += text;
      const port = /server listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(seen)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
  const ended = once(child, 'exit').then(() => undefined);
  return Promise.race([listening, ended, sleep(START_LIMIT, undefined, { ref: false })]);
}

function signalGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // Nobody is left in the group.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
