import { blocksOf, failedTest, type TestFormat, testName } from './testFormat.ts';

/** "SumTest > adds() FAILED", at the margin; tasks that failed are told as "> Task :test FAILED". */
const FAILED = /^(\S.*? > .*) FAILED$/;

/** Gradle's default console output and that of `exceptionFormat "full"`. Passed tests are counted where any failed. */
export const gradle: TestFormat = {
  name: 'gradle',
  signature: /^(\d+ tests? completed, \d+ failed|BUILD (SUCCESSFUL|FAILED) in .+)/m,
  parse(output) {
    const blocks = blocksOf(output.split('\n'), (line) => /^\S/.test(line));
    const failed = blocks.flatMap((block) => {
      const title = FAILED.exec(block[0] ?? '')?.[1];
      if (title === undefined || title.startsWith('> ')) return [];
      const [className = '', ...rest] = title.split(' > ');
      const said = block[1]?.trim();
      return [failedTest(testName(className, ...rest), said?.replace(/ at \S+:\d+$/, ''), placeOf(block, className))];
    });
    const sums = [...output.matchAll(/^(\d+) tests? completed, (\d+) failed(?:, (\d+) skipped)?$/gm)];
    if (sums.length === 0) return { failed };
    const skipped = sums.reduce((sum, [, , , left]) => sum + Number(left ?? 0), 0);
    const passed = sums.reduce((sum, [, all, bad]) => sum + Number(all) - Number(bad), -skipped);
    return { passed, skipped, failed };
  },
};

/** From "AssertionError at SumTest.java:9", or from the frame of the test's own class. */
function placeOf(block: readonly string[], className: string): { file?: string; line?: number } {
  const short = / at ([\w$-]+\.\w+):(\d+)$/.exec(block[1] ?? '');
  const own = `${className.replace(/^.*\./, '')}.`;
  const frame = block.find((line) => /^\s+at /.test(line) && line.includes(own));
  const [, file, line] = short ?? /\(([\w$-]+\.\w+):(\d+)\)$/.exec(frame ?? '') ?? [];
  return file === undefined ? {} : { file, line: Number(line) };
}
