import type { Project, Runner } from '../detect.ts';
import type { Naming } from '../naming.ts';

const TEST_FILE = /(^|\/)(test_[^/]*|[^/]*_test)\.py$/;

/** Where pytest is configured, each with what the text must contain. */
const CONFIGURED: readonly (readonly [path: string, text: string])[] = [
  ['pytest.ini', ''],
  ['pyproject.toml', '[tool.pytest'],
  ['setup.cfg', '[tool:pytest]'],
  ['tox.ini', '[pytest]'],
];

/** pytest where it is configured or the tests are written for it; unittest where they are written for that alone. */
export async function detectPython(project: Project): Promise<Runner | undefined> {
  const tests = project.paths.filter((path) => TEST_FILE.test(path));
  const isConfigured = await isPytestConfigured(project);
  if (tests.length === 0 && !isConfigured) return undefined;
  const python = await pythonOf(project);
  if (!isConfigured && (await isWrittenForUnittest(project, tests))) {
    const argv = (file?: string) => [
      ...[python, '-m', 'unittest'],
      ...(file === undefined ? discovery(project, tests) : [file]),
    ];
    return { name: 'unittest', from: 'detected', argv, named: namedUnittest(argv) };
  }
  const argv = (file?: string) => [python, '-m', 'pytest', ...(file === undefined ? [] : [plain(file)])];
  return { name: 'pytest', from: 'detected', argv, named: namedPytest(project, argv) };
}

/** The dotted name, or a part of it; the values of a subtest are no part of it. Stars and the like stand for themselves. */
function namedUnittest(argv: (file?: string) => string[]): Naming {
  return {
    pattern: (name) => {
      const test = name.replace(/ \(.*$/, '').replaceAll(/[ >:]+/g, '.');
      const isTest = test !== '' && !/(^|\.)(setUp|tearDown)(Class|Module)$|\._FailedTest\./.test(test);
      return isTest ? `*${test.replaceAll(/[[*?]/g, '[$&]')}*` : undefined;
    },
    argv: (patterns, file) => [...argv(file), ...patterns.map((pattern) => `-k${pattern}`)],
  };
}

/**
 * An id ("file::Class::test[parameter]") where the name is one, which is exact; else an expression of the words of it,
 * where a parameter is left out, because an expression cannot say all of them.
 */
function namedPytest(project: Project, argv: (file?: string) => string[]): Naming {
  const isId = (pattern: string) => pattern.includes('.py::');
  return {
    pattern: (name) => {
      const test = name.replace(/ \(\d+\)$/, '').trim();
      const [file = ''] = test.split('::');
      if (isId(test)) return project.has(file) ? plain(test) : undefined;
      const words = test
        .replace(/\[.*$/, '')
        .split(/::| > |\.|\s/)
        .filter((word) => word !== '');
      const isTest = !/\.py$/.test(test) && words.length > 0 && words.every((word) => /^[\p{L}\p{N}_]+$/u.test(word));
      return isTest ? words.join(' and ') : undefined;
    },
    argv: (patterns, file) => {
      const words = patterns.filter((pattern) => !isId(pattern));
      const ids = patterns.filter(isId);
      return [
        ...argv(ids.length > 0 ? undefined : file),
        ...(words.length === 0 ? [] : ['-k', words.map((pattern) => `(${pattern})`).join(' or ')]),
        ...ids,
      ];
    },
  };
}

function plain(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}

async function isPytestConfigured(project: Project): Promise<boolean> {
  if (project.paths.some((path) => /(^|\/)conftest\.py$/.test(path))) return true;
  for (const [path, text] of CONFIGURED) {
    if (project.has(path) && (await project.text(path)).includes(text)) return true;
  }
  return false;
}

async function isWrittenForUnittest(project: Project, tests: readonly string[]): Promise<boolean> {
  let found = false;
  for (const path of tests.slice(0, 50)) {
    const text = await project.text(path);
    if (/^\s*(import|from) pytest\b|^(async )?def test/m.test(text)) return false;
    found ||= /\bunittest\b/.test(text);
  }
  return found;
}

/** unittest looks into packages only, so a plain folder of tests must be named. */
function discovery(project: Project, tests: readonly string[]): string[] {
  const folders = new Set(tests.map((path) => (path.includes('/') ? (path.split('/')[0] ?? '') : '')));
  const [folder = ''] = folders;
  const isPlain = folders.size === 1 && folder !== '' && !project.has(`${folder}/__init__.py`);
  return isPlain ? ['discover', '-s', folder] : ['discover'];
}

/** The project's own environment; a path relative to the copy, where that folder is linked. */
async function pythonOf(project: Project): Promise<string> {
  const isWindows = project.platform === 'win32';
  for (const folder of ['.venv', 'venv']) {
    if ((await project.text(`${folder}/pyvenv.cfg`)) !== '') {
      return isWindows ? `${folder}\\Scripts\\python.exe` : `${folder}/bin/python`;
    }
  }
  return isWindows ? 'python' : 'python3';
}
