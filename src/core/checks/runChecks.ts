import type { CheckReport, FileState } from '../../shared/events.ts';
import type { Copies, Copy, Processes, ProcessResult, Workspace } from '../ports.ts';
import { detectRunner, type Runner } from './detect.ts';
import { excerpt } from './excerpt.ts';
import { withFlaky } from './flaky.ts';
import { escapedPattern } from './naming.ts';
import { parseTestOutput, plainText } from './parse.ts';
import { located } from './places.ts';

/** How much output is read for failures, in bytes. */
const KEEP = 4 * 1024 * 1024;

export interface CheckPorts {
  /** With the change set on top: a change may bring the first tests. */
  workspace: Workspace;
  copies: Copies;
  processes: Processes;
}

export interface CheckOptions {
  /** The change set, on top of the copy. */
  files: readonly FileState[];
  /** Instead of a detected runner, as an argument vector. */
  command?: readonly string[];
  /** Only this file, relative to the workspace. */
  testFile?: string;
  /** Only tests of this name. */
  testName?: string;
  /** Run what failed once more: what passes then is flaky, and does not count as failed. */
  again?: true;
  /** Milliseconds for all of it. */
  timeout: number;
  platform: 'win32' | 'other';
  signal: AbortSignal;
  onStarted?: (started: { runner: string; argv: string[] }) => void;
  onOutput?: (text: string) => void;
}

/**
 * Runs the workspace's checks in a throw-away copy with the change set on top.
 * Tests that fail, a runner that is missing and a time-out are reports. Rejects where no copy can be made, and with the
 * signal's reason on abort; the copy is gone either way.
 */
export async function runChecks(ports: CheckPorts, options: CheckOptions): Promise<CheckReport> {
  const runner = await detectRunner(ports.workspace, options);
  const about = {
    ...(options.testFile === undefined ? {} : { test_file: options.testFile }),
    ...(options.testName === undefined ? {} : { test_name: options.testName }),
  };
  const nothing = { type: 'test_results', ...about, exit_code: null, output: '', failed: [], ms: 0 } as const;
  if ('none' in runner) return { ...nothing, failed: [], status: 'none', reason: runner.none };

  const command = commandOf(runner, options);
  const identity = { ...about, runner: runner.name };
  if ('cannot' in command)
    return { ...nothing, ...identity, failed: [], status: 'could_not_run', reason: command.cannot };
  const { argv } = command;
  if (options.testFile !== undefined && (await ports.workspace.read(options.testFile)).kind !== 'text') {
    const reason = `There is no test file ${options.testFile} in the workspace. Name one that exists, or none for all tests.`;
    return { ...nothing, ...identity, argv, failed: [], status: 'could_not_run', reason };
  }

  const copy = await ports.copies.make(options.files, options.signal);
  try {
    options.onStarted?.({ runner: runner.name, argv });
    const result = await runInCopy(ports.processes, copy, [...(runner.prepare ? [runner.prepare] : []), argv], options);
    const judgement = judged(runner, argv, result, options.timeout);
    const failed = judgement.failed.some(({ file }) => file !== undefined)
      ? located(
          judgement.failed,
          (await ports.workspace.list(options.signal)).map(({ path }) => path),
        )
      : judgement.failed;
    const report: CheckReport = { type: 'test_results', ...identity, argv, ...judgement, failed };
    if (options.testName !== undefined && foundNothing(runner, report))
      return {
        ...report,
        status: 'could_not_run',
        failed: [],
        reason: `No test of the name "${options.testName}" was run: there is none, or it is skipped.`,
      };
    if (options.again === undefined) return report;
    return await withFlaky(report, runner, options, (again, timeout) =>
      runInCopy(ports.processes, copy, [again], { ...options, timeout }),
    );
  } finally {
    await copy.dispose();
  }
}

function commandOf(runner: Runner, options: CheckOptions): { argv: string[] } | { cannot: string } {
  const { testName } = options;
  // A file whose name begins like an option is none.
  const testFile = options.testFile?.replace(/^-/, './-');
  if (testName === undefined) return { argv: runner.argv(testFile) };
  const all = `\`${runner.argv(testFile).join(' ')}\``;
  if (runner.named === undefined)
    return {
      cannot: `How to run one test of ${all} by its name is not known. Leave "test_name" out, and name its "test_file".`,
    };
  const pattern = runner.named.pattern(testName);
  if (pattern === undefined)
    return {
      cannot: `"${testName}" is not the name of one test of ${all}. Name it as a report names it, or leave "test_name" out.`,
    };
  const argv = runner.named.argv([pattern], testFile);
  return argv === undefined ? { cannot: `${all} needs a "test_file" to run one test by its name.` } : { argv };
}

/** pytest and unittest end with 5 where no test is left to run; others are green. */
function foundNothing(runner: Runner, { status, passed = 0, exit_code }: CheckReport): boolean {
  if (runner.named?.silent || passed > 0) return false;
  return status === 'passed' || (status === 'failed' && exit_code === 5 && /^(pytest|unittest)$/.test(runner.name));
}

/** Runs one command after the other until one does not succeed; the time is shared. Paths of the copy become relative. */
async function runInCopy(
  processes: Processes,
  copy: Copy,
  commands: readonly (readonly string[])[],
  { signal, timeout, onOutput }: CheckOptions,
): Promise<ProcessResult> {
  const relative = relativePaths(copy);
  let all: ProcessResult = { exitCode: 0, ended: 'exited', output: '', dropped: 0, ms: 0 };
  for (const command of commands) {
    const result = await processes.run(command, {
      cwd: copy.dir,
      env: copy.env,
      signal,
      timeout: Math.max(1, timeout - all.ms),
      keep: KEEP,
      ...(onOutput && { onOutput: (text: string) => onOutput(relative(text)) }),
    });
    all = {
      ...result,
      output: all.output + relative(plainText(result.output)),
      dropped: all.dropped + result.dropped,
      ms: all.ms + result.ms,
    };
    if (all.exitCode !== 0) break;
  }
  return all;
}

type Judgement = Pick<CheckReport, 'status' | 'exit_code' | 'output' | 'failed' | 'ms'> &
  Partial<Pick<CheckReport, 'passed' | 'skipped' | 'reason'>>;

function judged(runner: Runner, argv: readonly string[], result: ProcessResult, timeout: number): Judgement {
  const { exitCode, ended, output, ms } = result;
  const facts = { exit_code: exitCode, output: excerpt(output, result.dropped), ms };
  const parsed = parseTestOutput(runner.name, output, exitCode ?? 0);
  switch (ended) {
    case 'not_found': {
      const reason = `${argv[0] ?? runner.name} is not installed, or not on the PATH. Install it, or set the check command in .conclave/config.json.`;
      return { ...facts, status: 'could_not_run', failed: [], reason };
    }
    case 'timed_out': {
      const seconds = Math.round(timeout / 1000);
      const reason = `The checks did not end within ${seconds} s and were stopped. Set a longer "checks.timeout", or a quicker "checks.command".`;
      return { ...facts, ...parsed, status: 'timed_out', reason };
    }
    case 'signalled': {
      const failed = [...parsed.failed, { name: `${runner.name}: ended by a signal` }];
      return {
        ...facts,
        ...parsed,
        status: 'failed',
        failed,
        reason: 'A signal ended the checks; often memory ran out.',
      };
    }
    case 'exited': {
      const missing = exitCode === 0 ? undefined : missingProgram(runner, argv, exitCode, output);
      if (missing !== undefined) return { ...facts, status: 'could_not_run', failed: [], reason: missing };
      return { ...facts, ...parsed, status: exitCode === 0 && parsed.failed.length === 0 ? 'passed' : 'failed' };
    }
    default:
      return ended satisfies never;
  }
}

/** A runner that started only to find that the real one is missing. */
function missingProgram(
  runner: Runner,
  argv: readonly string[],
  exitCode: number | null,
  output: string,
): string | undefined {
  const python = /No module named '?(pytest)'?\s*$/.exec(output)?.[1];
  if (python !== undefined && argv.includes('pytest')) {
    return `pytest is not installed for ${argv[0] ?? 'python'}. Install it there, or set the check command in .conclave/config.json.`;
  }
  const install = 'Install the dependencies of the project, then run again.';
  if (/npx canceled due to missing packages/.test(output)) return `${runner.name} is not installed. ${install}`;
  const said = exitCode === 127 ? /^.*\bnot found\b.*$/m.exec(output)?.[0].trim() : undefined;
  return said === undefined ? undefined : `A program of the test command is missing (${said}). ${install}`;
}

/** Folders of one copy are of no use to anybody and differ each time, which would make names of tests unstable. */
function relativePaths(copy: Copy): (text: string) => string {
  const folders = [copy.dir, copy.dir.replaceAll('\\', '/')];
  const temporary = copy.env.TMPDIR;
  return (text) => {
    let result = text;
    for (const folder of folders) {
      const separator = folder.includes('\\') ? '\\' : '/';
      for (const prefix of [`file://${folder}`, `file:///${folder}`, folder]) {
        result = result
          .replaceAll(prefix + separator, '')
          .replaceAll(new RegExp(`${escapedPattern(prefix)}(?![\\w.-])`, 'g'), '.');
      }
    }
    return temporary === undefined ? result : result.replaceAll(temporary, '<tmp>');
  };
}
