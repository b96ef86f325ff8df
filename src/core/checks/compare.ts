import type { CheckReport, FailedTest } from '../../shared/events.ts';

export interface ComparedFailures {
  /** What keeps a change from being approved. */
  blocking: FailedTest[];
  /** Red before, and excused: by the plan, by its exact name, or because the checks could not run before either. */
  known: FailedTest[];
  /** Not red before; all of them block. */
  fresh: FailedTest[];
}

/**
 * Failing checks block, old ones too, except those that the plan declares unrelated. A declared name excuses only
 * what was red in the base already. Checks that timed out or could not run block like one failing test, unless the
 * base's ended in the same way. No checks at all block nothing.
 * @param base of the untouched workspace; undefined where none were run, so everything is new
 */
export function blockingFailures(
  base: CheckReport | undefined,
  now: CheckReport,
  knownFailures: readonly string[],
): ComparedFailures {
  const before = new Set(base?.failed.map(({ name }) => name));
  const declared = new Set(knownFailures);
  const compared: ComparedFailures = { blocking: [], known: [], fresh: [] };
  if (now.status === 'none' || now.status === 'passed') return compared;

  for (const test of now.failed) {
    if (!before.has(test.name)) compared.fresh.push(test);
    const excused = before.has(test.name) && declared.has(test.name) && test.name !== namelessFailure(now);
    if (excused) compared.known.push(test);
    else compared.blocking.push(test);
  }
  const unfinished = unfinishedChecks(now);
  if (unfinished === undefined) return compared;
  if (base?.status === now.status && base.reason === now.reason) compared.known.push(unfinished);
  else {
    compared.fresh.push(unfinished);
    compared.blocking.push(unfinished);
  }
  return compared;
}

/** What a red run is called that names no test: behind the same exit code may be another failure, so it excuses nothing. */
function namelessFailure({ runner, exit_code }: CheckReport): string {
  return `${runner}: exit code ${exit_code}`;
}

/** Checks that did not run to their end, as a failure; also a red run that names none. */
function unfinishedChecks(report: CheckReport): FailedTest | undefined {
  const runner = report.runner ?? 'checks';
  const message = report.reason === undefined ? {} : { message: report.reason };
  switch (report.status) {
    case 'timed_out':
      return { name: `${runner}: timed out`, ...message };
    case 'could_not_run':
      return { name: `${runner}: could not run`, ...message };
    default:
      return report.failed.length === 0 ? { name: `${runner}: failed`, ...message } : undefined;
  }
}
