import type { CheckReport } from '../../shared/events.ts';
import type { ProcessResult } from '../ports.ts';
import type { Runner } from './detect.ts';
import { parseTestOutput } from './parse.ts';

/** Where more fail than these, it is no chance. */
const MOST = 20;
/** Milliseconds that a second run must have left to be begun. */
const LEAST_TIME = 1000;

/**
 * A red report after those tests have been run once more that failed, where the runner can run them by name. One that
 * passes now is flaky: taken out of `failed`, and where nothing is left there, the report is green. A test counts as
 * passed only where the runner says of as many that they passed: one that was not found did not.
 */
export async function withFlaky(
  report: CheckReport,
  runner: Runner,
  { timeout, testFile, onOutput }: { timeout: number; testFile?: string; onOutput?: (text: string) => void },
  run: (argv: string[], timeout: number) => Promise<ProcessResult>,
): Promise<CheckReport> {
  const { named } = runner;
  const left = timeout - report.ms;
  if (named === undefined || report.status !== 'failed' || report.failed.length > MOST || left < LEAST_TIME)
    return report;
  const nameable = report.failed.flatMap((test) => {
    // What stands for a red run that names no test.
    if (test.name === `${runner.name}: exit code ${report.exit_code}`) return [];
    const pattern = named.pattern(test.name);
    return pattern === undefined ? [] : [{ test, pattern }];
  });
  const patterns = [...new Set(nameable.map(({ pattern }) => pattern))];
  const argv = nameable.length === 0 ? undefined : named.argv(patterns, testFile);
  if (argv === undefined) return report;

  onOutput?.(`\nRunning ${nameable.length} failed once more: ${argv.join(' ')}\n`);
  const second = await run(argv, left);
  const both = { ...report, ms: report.ms + second.ms };
  if (second.ended !== 'exited' || second.exitCode === null) return both;
  const { passed = 0, failed } = parseTestOutput(runner.name, second.output, second.exitCode);
  const stillRed = new Set(failed.map(({ name }) => name));
  const flaky = nameable.map(({ test }) => test).filter(({ name }) => !stillRed.has(name));
  const known = new Set(report.failed.map(({ name }) => name));
  const isProven = named.silent ? patterns.length === 1 : passed >= flaky.length;
  if (flaky.length === 0 || !isProven || failed.some(({ name }) => !known.has(name))) return both;
  const red = report.failed.filter((test) => !flaky.includes(test));
  return {
    ...both,
    ...(red.length === 0 ? { status: 'passed', exit_code: second.exitCode } : {}),
    ...(report.passed === undefined ? {} : { passed: report.passed + flaky.length }),
    failed: red,
    flaky,
  };
}
