import { posix } from 'node:path';
import { composerJson, denoJson, packageJson, pnpmWorkspace } from './jsonManifests.ts';
import {
  bazel,
  cmake,
  gemfile,
  goMod,
  gradle,
  makefile,
  mix,
  pom,
  projectFile,
  swiftPackage,
} from './listedManifests.ts';
import type { Manifest, ManifestReader } from './manifest.ts';
import { cargo, pipfile, pyproject, requirements, setupCfg, setupPy } from './tomlManifests.ts';

export type { Manifest } from './manifest.ts';

/** True for files that `readManifest` knows, by their name. */
export function isManifest(path: string): boolean {
  return readerOf(path) !== undefined;
}

/** @returns undefined where the file is no manifest that we know */
export function readManifest(path: string, text: string): Manifest | undefined {
  return readerOf(path)?.(path, text.replace(/^\uFEFF/, ''));
}

const READERS: ReadonlyMap<string, ManifestReader> = new Map([
  ['package.json', packageJson],
  ['pnpm-workspace.yaml', pnpmWorkspace],
  ['deno.json', denoJson],
  ['deno.jsonc', denoJson],
  ['composer.json', composerJson],
  ['pyproject.toml', pyproject],
  ['Pipfile', pipfile],
  ['requirements.txt', requirements],
  ['setup.cfg', setupCfg],
  ['setup.py', setupPy],
  ['go.mod', goMod],
  ['Cargo.toml', cargo],
  ['pom.xml', pom],
  ['build.gradle', gradle],
  ['build.gradle.kts', gradle],
  ['settings.gradle', gradle],
  ['settings.gradle.kts', gradle],
  ['Gemfile', gemfile],
  ['mix.exs', mix],
  ['Package.swift', swiftPackage],
  ['CMakeLists.txt', cmake],
  ['Makefile', makefile],
  ['makefile', makefile],
  ['GNUmakefile', makefile],
  ['MODULE.bazel', bazel],
]);

const BY_EXTENSION: ReadonlyMap<string, ManifestReader> = new Map([
  ['.csproj', projectFile],
  ['.fsproj', projectFile],
  ['.vbproj', projectFile],
]);

function readerOf(path: string): ManifestReader | undefined {
  const name = posix.basename(path);
  if (/^requirements[-_.][\w.-]+\.txt$/.test(name)) return requirements;
  return READERS.get(name) ?? BY_EXTENSION.get(posix.extname(name));
}
