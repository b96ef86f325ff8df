import type { CheckReport } from '../../shared/events.ts';
import { IN_BRIEF } from '../agents/brief.ts';
import { clip, type Part } from '../agents/shareRoom.ts';

/** What checks gave: how they ended, the failing ones by name, and what they wrote. */
export function checkParts(heading: string, report: CheckReport, weight: number): Part[] {
  // Many old failures: their names matter most, so that the plan can declare them; a few can have their messages too.
  const few = report.failed.length <= 10;
  const failing = report.failed
    .map(({ name, message }) => `- ${name}${message === undefined || !few ? '' : `: ${clip(message, 300)}`}`)
    .join('\n');
  const counts = report.passed === undefined ? '' : ` (${report.passed} passed, ${report.failed.length} failed)`;
  const command = report.argv === undefined ? '' : ` \`${report.argv.join(' ')}\``;
  const ended = (text: string): Part => ({ heading, text, weight: weight * 0.2, cut: IN_BRIEF });
  const output: Part = { heading: 'Output:', text: report.output, weight: weight * 0.4, cut: IN_BRIEF };
  switch (report.status) {
    case 'none':
      return [ended(`There are none: ${report.reason ?? 'no test runner was found'}.`)];
    case 'passed':
      return [ended(`Green:${command}${counts}.`)];
    case 'failed':
      return [
        ended(`Red:${command}${counts}, exit code ${report.exit_code}.`),
        { heading: 'Failing:', text: failing, weight: weight * 0.5, cut: IN_BRIEF },
        output,
      ];
    case 'timed_out':
      return [ended(`Red:${command} did not end in time.`), output];
    case 'could_not_run':
      return [ended(`They could not run:${command} ${report.reason ?? ''}`)];
    default:
      return report.status satisfies never;
  }
}
