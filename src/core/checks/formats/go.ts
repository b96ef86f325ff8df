import { blocksOf, counts, failedTest, sumOf, type TestFormat, testName } from './testFormat.ts';

/** What a test says: "    sums_test.go:8: 2 is not 3". */
const SAID = /^ *(\S+?\.go):(\d+):(?:\d+:)? (.*)$/;

/** `go test`, with and without -v. Of a test whose subtests failed, only these are named. */
export const go: TestFormat = {
  name: 'go',
  signature: /^(ok {2}\t|FAIL\t|\? {3}\t)\S+/m,
  parse(output) {
    // The line with the package comes after its tests.
    const lines = output.split('\n');
    const packages = blocksOf([...lines].reverse(), (line) => /^(ok {2}|FAIL|\? {3})\t/.test(line)).reverse();
    const failed = packages.flatMap((reversed) => {
      const [, path, problem] = /^FAIL\t(\S+)(?: \[(.*)\])?/.exec(reversed[0] ?? '') ?? [];
      if (path === undefined) return [];
      const own = reversed.slice(1).reverse();
      const tests = blocksOf(own, (line) => /^ *--- FAIL: /.test(line)).map((block) => {
        const test = /--- FAIL: (.*?) \([\d.]+s\)$/.exec(block[0] ?? '')?.[1] ?? '';
        return { test, ...reasonIn([...linesBelow(block), ...linesBefore(test, own)]) };
      });
      const leaves = tests.filter(({ test }) => !tests.some((other) => other.test.startsWith(`${test}/`)));
      if (leaves.length > 0)
        return leaves.map(({ test, message, place }) => failedTest(testName(path, test), message, place));
      const { message, place } = reasonIn(compilerLines(path, lines));
      return [failedTest(testName(path, problem ?? 'failed'), message, place)];
    });
    const passed = sumOf(output.replaceAll(/^ *--- PASS: .*$/gm, 'passed 1'), /^passed (1)$/gm);
    // Only with -v there is a word on tests that did not fail.
    const skipped = /^=== RUN /m.test(output) ? (output.match(/^ *--- SKIP: /gm) ?? []).length : undefined;
    return { ...counts(passed, skipped), failed };
  },
};

/** Without -v what a test says comes behind its result; with -v what follows belongs to the next one. */
function linesBelow(block: readonly string[]): string[] {
  const next = block.findIndex((line) => line.startsWith('=== '));
  return block.slice(1, next < 0 ? undefined : next);
}

/** With -v it comes behind a line that names the test. */
function linesBefore(test: string, lines: readonly string[]): string[] {
  return blocksOf(lines, (line) => /^=== | *--- /.test(line))
    .filter(([first = '']) => /^=== (RUN|CONT|NAME) +(.*)$/.exec(first)?.[2] === test)
    .flatMap((block) => block.slice(1));
}

/** "# package [package.test]", and then what does not compile. */
function compilerLines(path: string, lines: readonly string[]): string[] {
  const at = lines.findIndex((line) => line === `# ${path}` || line.startsWith(`# ${path} `));
  return at < 0 ? [] : lines.slice(at + 1);
}

/** A panic says where it comes from in its stack; the first frame in a test file is the project's. */
function reasonIn(lines: readonly string[]): { message?: string; place: { file?: string; line?: number } } {
  const message = lines.find((line) => SAID.test(line) || line.startsWith('panic: '));
  if (message?.startsWith('panic: ')) {
    const [, file, line] =
      lines.map((text) => /^\s+(\S+_test\.go):(\d+)(?: \+0x\w+)?$/.exec(text)).find((match) => match) ?? [];
    return { message, place: file === undefined ? {} : { file, line: Number(line) } };
  }
  const [, file, line, said] = SAID.exec(message ?? '') ?? [];
  if (file === undefined || said === undefined) return { place: {} };
  // The compiler tells the column too.
  return { message: said, place: { file, line: Number(line) } };
}
