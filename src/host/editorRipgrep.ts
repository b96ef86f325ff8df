import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Absolute path of the ripgrep that the editor ships; undefined where it has none.
 * Where it lies has changed over the versions (seen in 1.105 and 1.139), and packed editors keep binaries apart.
 * @param appRoot vscode.env.appRoot
 */
export function findEditorRipgrep(appRoot: string): string | undefined {
  const binary = process.platform === 'win32' ? 'rg.exe' : 'rg';
  const system = `${process.platform}-${process.arch}`;
  const packages = [
    ['@vscode', 'ripgrep-universal', 'bin', system],
    ['@vscode', `ripgrep-${system}`, 'bin'],
    ['@vscode', 'ripgrep', 'bin'],
  ];
  return ['node_modules', 'node_modules.asar.unpacked']
    .flatMap((modules) => packages.map((place) => join(appRoot, modules, ...place, binary)))
    .find((path) => existsSync(path));
}
