import { blocksOf, counts, failedTest, sumOf, type TestFormat, testName } from './testFormat.ts';

/** "sums ... of negatives ... of 2 => ./sums_test.js:9:37": the steps that lead to a test, and where it is. */
const TITLE = /^(\S.*?) => (?:\.\/)?(\S+):(\d+):\d+$/;

/** `deno test`: the list of errors, in which a test that failed by its steps alone is not. */
export const deno: TestFormat = {
  name: 'deno',
  signature: /^(ok|FAILED) \| \d+ passed/m,
  parse(output) {
    const errors = output.split(/^ ERRORS *$/m)[1]?.split(/^ FAILURES *$/m)[0] ?? '';
    const failed = blocksOf(errors.split('\n'), (line) => TITLE.test(line)).flatMap((block) => {
      const [, title, file, line] = TITLE.exec(block[0] ?? '') ?? [];
      if (title === undefined || file === undefined) return [];
      const message = block.find((text) => text.startsWith('error: '))?.replace(/^error: /, '');
      return [failedTest(testName(...title.split(' ... ')), message, { file, line: Number(line) })];
    });
    // A file that cannot be loaded.
    const broken = [...output.matchAll(/^(?:\.\/)?(\S+) \(uncaught error\)$/gm)].map(([, file = '']) =>
      failedTest(file, undefined, { file }),
    );
    const passed = sumOf(output, /^(?:ok|FAILED) \| (\d+) passed/gm);
    return {
      ...counts(passed, sumOf(output, /^(?:ok|FAILED) \| .*?(\d+) ignored/gm) ?? 0),
      failed: [...failed, ...broken],
    };
  },
};
