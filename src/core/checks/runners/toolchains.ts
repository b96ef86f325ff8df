import { posix } from 'node:path';
import type { Project, Runner } from '../detect.ts';
import { type Naming, namedArguments } from '../naming.ts';
import { classOf, namedCargo, namedDotnet, namedGo, namedGradle, namedMaven } from './namedToolchains.ts';

/**
 * Ecosystems with one command for everything. All of them work without the network, and go on after the first
 * failure: what stops there would hide a new failure behind an old one.
 */
export async function detectToolchain(project: Project): Promise<Runner | undefined> {
  if (project.has('go.mod')) {
    return runner('go', (file) => ['go', 'test', file === undefined ? './...' : folderOf(file)], namedGo);
  }
  if (project.has('Cargo.toml')) {
    return runner(
      'cargo',
      (file) => ['cargo', 'test', '--offline', '--no-fail-fast', ...cargoTarget(file)],
      namedCargo,
    );
  }
  if (project.has('pom.xml')) {
    const mvn = wrapped(project, 'mvnw', 'mvnw.cmd') ?? 'mvn';
    const only = (file: string) => ['-Dsurefire.failIfNoSpecifiedTests=false', `-Dtest=${classOf(file)}`];
    return runner(
      'mvn',
      (file) => [mvn, '-o', '-q', '-fae', ...(file === undefined ? [] : only(file)), 'test'],
      () => namedMaven(mvn),
    );
  }
  if (
    ['build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts'].some((path) => project.has(path))
  ) {
    const gradle = wrapped(project, 'gradlew', 'gradlew.bat') ?? 'gradle';
    const only = (file: string) => ['--tests', classOf(file)];
    const all = [gradle, '--offline', '--no-daemon', '--continue', 'test'];
    return runner(
      'gradle',
      (file) => [...all, ...(file === undefined ? [] : only(file))],
      () => namedGradle(all),
    );
  }
  if (project.paths.some((path) => /^[^/]+\.(sln|slnx|[cf]sproj|vbproj)$/.test(path))) {
    // Packages come from what is on disk already: the folder itself is the only source.
    const only = (file: string) => ['--filter', `FullyQualifiedName~${classOf(file)}`];
    const all = ['dotnet', 'test', '--nologo', '-p:RestoreSources=.'];
    return runner(
      'dotnet',
      (file) => [...all, ...(file === undefined ? [] : only(file))],
      () => namedDotnet(all),
    );
  }
  if (project.has('deno.json') || project.has('deno.jsonc'))
    return program('deno', ['deno', 'test', '--no-lock', '--cached-only']);
  if (project.has('phpunit.xml') || project.has('phpunit.xml.dist')) {
    // Composer's folder is ignored, but can be read.
    const own = (await project.text('vendor/bin/phpunit')) !== '';
    return program('phpunit', own ? ['php', 'vendor/bin/phpunit'] : ['phpunit']);
  }
  if (project.has('.rspec') || project.has('spec/spec_helper.rb')) {
    const usesBundler = project.has('Gemfile') && (await project.text('Gemfile')).includes('rspec');
    return program('rspec', usesBundler ? ['bundle', 'exec', 'rspec'] : ['rspec']);
  }
  for (const path of ['Makefile', 'makefile', 'GNUmakefile']) {
    if (project.has(path) && /^test *::?(?!=)/m.test(await project.text(path)))
      return runner('make', () => ['make', 'test']);
  }
  return undefined;
}

/** One that takes files at the end and names before them. */
function program(name: string, command: readonly string[]): Runner {
  const withFile = (file?: string) => (file === undefined ? [] : [file.startsWith('-') ? `./${file}` : file]);
  const names = namedArguments(name);
  return runner(
    name,
    (file) => [...command, ...withFile(file)],
    names &&
      (() => ({
        pattern: names.pattern,
        argv: (patterns, file) => [...command, ...names.args(patterns), ...withFile(file)],
      })),
  );
}

function runner(name: string, argv: Runner['argv'], named?: (argv: Runner['argv']) => Naming): Runner {
  return { name, from: 'detected', argv, ...(named && { named: named(argv) }) };
}

function wrapped(project: Project, script: string, onWindows: string): string | undefined {
  if (project.platform === 'win32') return project.has(onWindows) ? onWindows : undefined;
  return project.has(script) ? `./${script}` : undefined;
}

/** A package is the least that go runs. */
function folderOf(file: string): string {
  return `./${posix.dirname(file)}`.replace(/\/\.$/, '');
}

/** Only files right in tests/ are test binaries of their own. */
function cargoTarget(file: string | undefined): string[] {
  const name = /^tests\/([^/]+)\.rs$/.exec(file ?? '')?.[1];
  return name === undefined ? [] : ['--test', name];
}
