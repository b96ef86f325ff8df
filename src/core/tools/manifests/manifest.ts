import { posix } from 'node:path';

/** What a package's manifest says, as far as it matters for finding one's way. */
export interface Manifest {
  path: string;
  name?: string;
  dependencies: string[];
  /** Paths relative to the workspace, of built files too; a source file among them may not be there. */
  entryPoints: string[];
  /** Names of commands the package has: scripts, targets, tasks. */
  scripts: string[];
  /** Where the packages are that it holds together, as it says (often patterns). */
  packages?: string[];
  /** How its tests are run, for example "npm test (vitest)". */
  tests?: string;
  /** Why it could not be understood. */
  problem?: string;
}

export type ManifestReader = (path: string, text: string) => Manifest;

export function empty(path: string): Manifest {
  return { path, dependencies: [], entryPoints: [], scripts: [] };
}

export function named(path: string, name: string | undefined): Manifest {
  return name === undefined ? empty(path) : { ...empty(path), name };
}

/** A path that a manifest names, as the workspace knows it. */
export function beside(manifest: string, entry: string): string {
  return posix.join(posix.dirname(manifest), entry);
}

export function once(names: readonly string[]): string[] {
  return [...new Set(names)];
}
