import { z } from 'zod';
import type { CheckReport, FailedTest } from '../../shared/events.ts';
import { bounded, cutLine, lastLines } from './bounded.ts';
import { givenPath } from './givenPath.ts';
import { unreadable } from './readFile.ts';
import type { Tool, ToolContext } from './tool.ts';

const ARGS = z.object({ test_file: z.string().optional(), test_name: z.string().optional() });

const TEST = z.object({
  name: z.string(),
  message: z.string().optional(),
  file: z.string().optional(),
  line: z.number().int().optional(),
});

const RESULT = z.object({
  status: z.enum(['passed', 'failed', 'timed_out', 'none']),
  reason: z.string().optional(),
  argv: z.array(z.string()).optional(),
  exit_code: z.number().int().optional(),
  passed: z.number().int().optional(),
  skipped: z.number().int().optional(),
  failed: z.array(TEST),
  /** Failed, then passed when run again. */
  flaky: z.array(TEST),
  /** The end of what was printed. */
  output: z.string(),
  /** Some of the failures, or of the output, are left out: one test file has fewer. */
  truncated: z.boolean(),
});

/** Longest name of a test that is looked for. */
const LONGEST_NAME = 500;
const LONGEST_MESSAGE = 300;
/** Milliseconds between two words on how far it is. */
const PROGRESS_EVERY = 250;

export const runTests: Tool<z.infer<typeof ARGS>, z.infer<typeof RESULT>> = {
  name: 'run_tests',
  description:
    "Runs the project's tests, or one test_file, or the test called test_name, on a copy of the workspace with your changes, and shows what failed.",
  args: ARGS,
  result: RESULT,
  run: async (args, ctx) => {
    const testFile = args.test_file === undefined ? undefined : givenPath(args.test_file, ctx.workspace);
    if (testFile !== undefined) {
      const content = await ctx.workspace.read(testFile);
      // Some runners take a folder of tests, so a directory is let through.
      if (content.kind !== 'text' && content.kind !== 'directory') {
        return { text: await unreadable(testFile, content, ctx), isError: true };
      }
    }
    const testName = args.test_name?.trim();
    if (testName !== undefined && !isOneName(testName))
      return {
        text: `test_name must be the name of one test, on one line of at most ${LONGEST_NAME} characters.`,
        isError: true,
      };
    const tests = { ...(testFile === undefined ? {} : { testFile }), ...(testName === undefined ? {} : { testName }) };
    const report = await ctx.runChecks(tests, ctx.signal, progressOf(ctx));
    const text = reportText(report, ctx.maxChars);
    const { status } = report;
    return status === 'could_not_run'
      ? { text, isError: true }
      : { text, isError: false, data: dataOf({ ...report, status }, ctx.maxChars) };
  },
};

function isOneName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what no name has.
  return name !== '' && name.length <= LONGEST_NAME && !/[\u0000-\u001f\u007f]/.test(name);
}

/** The last line that was printed, with how many there were. */
function progressOf({ onProgress }: ToolContext): ((text: string) => void) | undefined {
  if (!onProgress) return undefined;
  let lines = 0;
  let rest = '';
  let told = Number.NEGATIVE_INFINITY;
  return (text) => {
    const printed = (rest + text).split('\n');
    rest = (printed.pop() ?? '').slice(-LONGEST_MESSAGE);
    lines += printed.length;
    const last = printed.findLast((line) => line.trim() !== '');
    if (last === undefined || performance.now() - told < PROGRESS_EVERY) return;
    told = performance.now();
    onProgress({ message: cutLine(last.trim(), LONGEST_MESSAGE), done: lines });
  };
}

function dataOf(
  {
    status,
    reason,
    argv,
    exit_code,
    passed,
    skipped,
    failed,
    flaky = [],
    output,
  }: CheckReport & { status: 'passed' | 'failed' | 'timed_out' | 'none' },
  maxChars: number,
): z.infer<typeof RESULT> {
  const all = { failed: failed.map(shortened), flaky: flaky.map(shortened) };
  // As in the text: half of the room for what failed, the rest for the end of the output.
  const fit = fitting(all, maxChars / 2);
  const tail = lastLines(output, Math.max(0, maxChars - JSON.stringify(fit).length));
  return {
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(argv === undefined ? {} : { argv }),
    ...(exit_code === null ? {} : { exit_code }),
    ...(passed === undefined ? {} : { passed }),
    ...(skipped === undefined ? {} : { skipped }),
    ...fit,
    output: tail.text,
    truncated: tail.lost > 0 || fit.failed.length < failed.length || fit.flaky.length < flaky.length,
  };
}

function fitting(
  tests: Record<'failed' | 'flaky', FailedTest[]>,
  maxChars: number,
): Record<'failed' | 'flaky', FailedTest[]> {
  let room = maxChars;
  const first = (of: readonly FailedTest[]) =>
    of.filter((test) => {
      room -= JSON.stringify(test).length + 1;
      return room >= 0;
    });
  return { failed: first(tests.failed), flaky: first(tests.flaky) };
}

function shortened(test: FailedTest): FailedTest {
  return { ...test, ...(test.message === undefined ? {} : { message: oneLine(test.message) }) };
}

function reportText(report: CheckReport, maxChars: number): string {
  const { failed, flaky = [] } = report;
  const named = [
    ...(failed.length === 0 ? [] : ['Failing:', ...failed.map(failureLine)]),
    ...(flaky.length === 0 ? [] : ['Flaky (failed, then passed when run again):', ...flaky.map(failureLine)]),
  ];
  // Names of failing tests come first and get up to half of the room; the output's end tells the rest.
  const head = bounded(
    [summary(report), ...named].join('\n'),
    Math.ceil(maxChars / 2),
    () => 'Run one test file for fewer.',
  );
  const output = report.output.trimEnd();
  const title = '\n\nOutput:\n';
  const notice = '[… earlier lines are not shown; run one test file for less]\n';
  if (output === '' || maxChars - head.length < title.length + notice.length) return head;
  const whole = head + title + output;
  if (whole.length <= maxChars) return whole;
  const { text } = lastLines(output, maxChars - head.length - title.length - notice.length);
  return head + title + notice + text;
}

function summary(report: CheckReport): string {
  const facts = [
    report.argv ? `\`${report.argv.join(' ')}\`` : report.runner,
    report.exit_code === null ? undefined : `exit status ${report.exit_code}`,
    report.passed === undefined ? undefined : `${report.passed} passed`,
    report.failed.length > 0 ? `${report.failed.length} failed` : undefined,
    report.flaky === undefined ? undefined : `${report.flaky.length} flaky`,
    report.skipped ? `${report.skipped} skipped` : undefined,
  ].filter((fact) => fact !== undefined);
  return [`${statusText(report.status)}${facts.length > 0 ? `: ${facts.join(', ')}` : ''}.`, report.reason]
    .filter((line) => line !== undefined)
    .join('\n');
}

function statusText(status: CheckReport['status']): string {
  switch (status) {
    case 'passed':
      return 'The tests passed';
    case 'failed':
      return 'The tests failed';
    case 'timed_out':
      return 'The tests took too long and were stopped';
    case 'could_not_run':
      return 'The tests could not run';
    case 'none':
      return 'No tests were found to run; nothing is checked';
    default:
      return status satisfies never;
  }
}

function failureLine(test: FailedTest): string {
  const place = test.file === undefined ? '' : ` (${test.file}${test.line === undefined ? '' : `:${test.line}`})`;
  return `- ${test.name}${place}${test.message === undefined ? '' : `: ${oneLine(test.message)}`}`;
}

function oneLine(message: string): string {
  return cutLine(message.replace(/\s+/g, ' ').trim(), LONGEST_MESSAGE);
}
