import type { FailedTest } from '../../../shared/events.ts';
import { blocksOf, counts, failedTest, placeIn, sumOf, type TestFormat } from './testFormat.ts';

/** Vitest: " FAIL  file > suite > test" for each failure, or " FAIL  file [ file ]" for a file that cannot be loaded. */
export const vitest: TestFormat = {
  name: 'vitest',
  signature: /^ +Test Files {2}/m,
  parse(output) {
    const failed = blocksOf(output.split('\n'), (line) => /^ FAIL {2}/.test(line)).map(failureIn);
    // An error outside any test makes the run red and has no test to be named after.
    if (/^ +Errors {2}\d+ error/m.test(output)) failed.push({ name: 'unhandled errors' });
    const passed = sumOf(output, /^ +Tests {2}.*?(\d+) passed/gm);
    return { ...counts(passed, sumOf(output, /^ +Tests {2}.*?(\d+) skipped/gm)), failed };
  },
};

function failureIn(block: readonly string[]): FailedTest {
  const name = (block[0] ?? '')
    .replace(/^ FAIL {2}/, '')
    .replace(/ \[ .* \]$/, '')
    .trim();
  const message = block.slice(1).find((line) => line.trim() !== '');
  return failedTest(name, message, placeIn(block.filter((line) => line.startsWith(' ❯ '))));
}
