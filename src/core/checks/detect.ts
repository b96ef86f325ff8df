import type { FileEntry, Workspace } from '../ports.ts';
import { type Naming, programIn } from './naming.ts';
import { detectJavaScript } from './runners/javaScript.ts';
import { detectPython } from './runners/python.ts';
import { detectToolchain } from './runners/toolchains.ts';

/** How to run the checks of a workspace. */
export interface Runner {
  /** For people and for failures that have no name of their own: "npm", "pytest". */
  name: string;
  from: 'detected' | 'setting';
  /** The whole suite, or one file in the runner's own way (the smallest part with that file, where it cannot run one). */
  argv(testFile?: string): string[];
  /** How it runs tests by name; absent where it cannot, or where we do not know what it starts. */
  named?: Naming;
  /** To be run before, where the project's own `pretest` builds something. */
  prepare?: string[];
}

export interface DetectSettings {
  /** Wins over everything that could be detected. A test file becomes its last argument. */
  command?: readonly string[];
  /** The core does not look at the system itself. */
  platform: 'win32' | 'other';
}

/** What the detectors look at: the listed files of the workspace, and the text of one of them. */
export interface Project {
  platform: DetectSettings['platform'];
  paths: readonly string[];
  has(path: string): boolean;
  /** Empty where it is no text or not there; files that are not listed (a .venv) can be read too. */
  text(path: string): Promise<string>;
}

/**
 * Finds the runner of the workspace's tests: the `test` script of package.json first, then what the files of
 * each ecosystem say, then a Makefile. Nothing is run and nothing outside the workspace is looked at.
 */
export async function detectRunner(workspace: Workspace, settings: DetectSettings): Promise<Runner | { none: string }> {
  const [program] = settings.command ?? [];
  if (settings.command !== undefined && program !== undefined) {
    const command = settings.command;
    const argv = (testFile?: string) => [...command, ...(testFile === undefined ? [] : [testFile])];
    const known = programIn(command.join(' '));
    return {
      name: program.replace(/^.*[\\/]/, ''),
      from: 'setting',
      argv,
      ...(known && {
        named: {
          pattern: known.named.pattern,
          argv: (patterns, testFile) => [
            ...argv(),
            ...known.named.args(patterns),
            ...argv(testFile).slice(command.length),
          ],
        },
      }),
    };
  }
  const project = openProject(workspace, await workspace.list(), settings.platform);
  const javaScript = await detectJavaScript(project);
  if (javaScript !== undefined && !('none' in javaScript)) return javaScript;
  return (
    (await detectPython(project)) ??
    (await detectToolchain(project)) ??
    javaScript ?? { none: 'no test script and no test runner that Conclave knows was found' }
  );
}

function openProject(workspace: Workspace, files: readonly FileEntry[], platform: DetectSettings['platform']): Project {
  const paths = files.map(({ path }) => path);
  const known = new Set(paths);
  return {
    platform,
    paths,
    has: (path) => known.has(path),
    async text(path) {
      const content = await workspace.read(path);
      return content.kind === 'text' ? content.text : '';
    },
  };
}
