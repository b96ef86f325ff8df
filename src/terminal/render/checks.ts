import type { CheckReport, FailedTest } from '../../shared/events.ts';
import { duration } from './measures.ts';
import { cut, oneLine } from './plainText.ts';

const NAMED = 3;
const LONGEST_MESSAGE = 200;

/** What a run of the checks gave, on one line: "✓ 12 passed", "✗ 2 of 12 failed: name – message; name". */
export function checksInWords(report: CheckReport): string {
  switch (report.status) {
    case 'passed':
      return report.passed === undefined ? '✓ passed' : `✓ ${report.passed} passed`;
    case 'failed':
      return `✗ ${howManyFailed(report)}${failedInWords(report.failed)}`;
    case 'timed_out':
      return `✗ timed out after ${duration(report.ms)}${failedInWords(report.failed)}`;
    case 'could_not_run':
      return `✗ could not run: ${oneLine(report.reason ?? 'no reason given')}`;
    case 'none':
      return `– no checks${report.reason === undefined ? '' : `: ${oneLine(report.reason)}`}`;
    default:
      report.status satisfies never;
      return '';
  }
}

function howManyFailed({ passed, failed, exit_code }: CheckReport): string {
  if (failed.length === 0) return `failed with exit status ${exit_code ?? 'unknown'}`;
  return passed === undefined ? `${failed.length} failed` : `${failed.length} of ${failed.length + passed} failed`;
}

/** Only the first failure says its message, so that the line stays a line. */
function failedInWords(failed: readonly FailedTest[]): string {
  if (failed.length === 0) return '';
  const named = failed.slice(0, NAMED).map(({ name, message }, at) => {
    const words = message === undefined || at > 0 ? '' : oneLine(message);
    return words === '' ? oneLine(name) : `${oneLine(name)} – ${cut(words, LONGEST_MESSAGE)}`;
  });
  const more = failed.length - named.length;
  return `: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}
