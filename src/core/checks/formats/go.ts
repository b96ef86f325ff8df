import { blocksOf, failedTest, sumOf, type TestFormat, testName } from './testFormat.ts';

/** `go test`, with and without -v. Of a test whose subtests failed, only these are named. */
export const go: TestFormat = {
  name: 'go',
  signature: /^(ok {2}\t|FAIL\t|\? {3}\t)\S+/m,
  parse(output) {
    // The line with the package comes after its tests.
    const packages = blocksOf(output.split('\n').reverse(), (line) => /^(ok {2}|FAIL|\? {3})\t/.test(line)).reverse();
    const failed = packages.flatMap((reversed) => {
      const [, path, problem] = /^FAIL\t(\S+)(?: \[(.*)\])?/.exec(reversed[0] ?? '') ?? [];
      if (path === undefined) return [];
      const lines = reversed.slice(1).reverse();
      const tests = blocksOf(lines, (line) => /^ *--- FAIL: /.test(line)).map((block) => ({
        test: /--- FAIL: (.*?) \([\d.]+s\)$/.exec(block[0] ?? '')?.[1] ?? '',
        said: messageAfter(block),
      }));
      const leaves = tests.filter(({ test }) => !tests.some((other) => other.test.startsWith(`${test}/`)));
      if (leaves.length === 0) return [failedTest(testName(path, problem ?? 'failed'), undefined)];
      return leaves.map(({ test, said }) => failedTest(testName(path, test), said));
    });
    const passed = sumOf(output.replaceAll(/^ *--- PASS: .*$/gm, 'passed 1'), /^passed (1)$/gm);
    return { ...(passed === undefined ? {} : { passed }), failed };
  },
};

/** With -v what a test says comes before its result, and what follows belongs to the next one. */
function messageAfter(block: readonly string[]): string | undefined {
  const next = block.findIndex((line) => line.startsWith('=== '));
  return block.slice(1, next < 0 ? undefined : next).find((line) => /^ +\S+\.go:\d+: |^panic: /.test(line));
}
