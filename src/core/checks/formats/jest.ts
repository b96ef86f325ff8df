import type { FailedTest } from '../../../shared/events.ts';
import { blocksOf, counts, failedTest, messageIn, placeIn, sumOf, type TestFormat, testName } from './testFormat.ts';

/** Jest: "FAIL file", then "● suite › test" for each failure (and once more at the end of a long run). */
export const jest: TestFormat = {
  name: 'jest',
  signature: /^Test Suites: .* total$/m,
  parse(output) {
    const lines = output.split('\n').filter((line) => line !== 'Summary of all failing tests');
    const failed = blocksOf(lines, (line) => /^(PASS|FAIL|RUNS) /.test(line)).flatMap(failuresIn);
    const once = [...new Map(failed.map((test) => [JSON.stringify(test), test])).values()];
    const passed = sumOf(output, /^Tests: .*?(\d+) passed/gm);
    return { ...counts(passed, sumOf(output, /^Tests: .*?(\d+) skipped/gm)), failed: once };
  },
};

function failuresIn(fileBlock: readonly string[]): FailedTest[] {
  // A slow file has its time behind it, and one of several projects their name before it.
  const head = /^FAIL +(?:.* )?(\S+)$/.exec((fileBlock[0] ?? '').replace(/ \([\d.]+ m?s\)$/, ''));
  const file = head?.[1]?.replace(/^\.\//, '');
  if (file === undefined) return [];
  return blocksOf(fileBlock.slice(1), (line) => line.startsWith('  ● ')).flatMap((block) => {
    const title = (block[0] ?? '').slice(4).trim();
    if (title === 'Console') return [];
    const name = testName(file, ...title.split(' › '));
    return [failedTest(name, messageIn(block.slice(1)), { file, ...placeIn(block) })];
  });
}
