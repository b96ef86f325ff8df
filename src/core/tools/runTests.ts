import { z } from 'zod';
import type { CheckReport, FailedTest } from '../../shared/events.ts';
import { bounded, cutLine, lastLines } from './bounded.ts';
import { givenPath } from './givenPath.ts';
import { unreadable } from './readFile.ts';
import type { Tool } from './tool.ts';

const ARGS = z.object({ test_file: z.string().optional() });

export const runTests: Tool<z.infer<typeof ARGS>> = {
  name: 'run_tests',
  description:
    "Runs the project's tests, or those of one test file, on a copy of the workspace with your changes, and shows what failed.",
  args: ARGS,
  run: async (args, ctx) => {
    const file = args.test_file === undefined ? undefined : givenPath(args.test_file, ctx.workspace);
    if (file !== undefined) {
      const content = await ctx.workspace.read(file);
      // Some runners take a folder of tests, so a directory is let through.
      if (content.kind !== 'text' && content.kind !== 'directory') {
        return { text: await unreadable(file, content, ctx), isError: true };
      }
    }
    const report = await ctx.runChecks(file, ctx.signal);
    return { text: reportText(report, ctx.maxChars), isError: report.status === 'could_not_run' };
  },
};

function reportText(report: CheckReport, maxChars: number): string {
  const failures = report.failed.map(failureLine).join('\n');
  // Names of failing tests come first and get up to half of the room; the output's end tells the rest.
  const head = bounded(
    failures === '' ? summary(report) : `${summary(report)}\nFailing:\n${failures}`,
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
  const message = test.message === undefined ? '' : `: ${cutLine(test.message.replace(/\s+/g, ' ').trim(), 300)}`;
  return `- ${test.name}${place}${message}`;
}
