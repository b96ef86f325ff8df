import { counts, failedTest, placeIn, sumOf, type TestFormat, testName } from './testFormat.ts';

/** AVA's own reporter. The list names a test together with its message; the details have the bare title as a heading. */
export const ava: TestFormat = {
  name: 'ava',
  signature: /^ {2}\d+ tests? (passed|failed)$/m,
  parse(output) {
    const lines = output.split('\n');
    const failed = lines.flatMap((line) => {
      const said = /^ *✘ \[fail\]: (.*)$/.exec(line)?.[1];
      if (said === undefined) return [];
      const at = lines.findIndex((other) => /^ {2}\S/.test(other) && said.startsWith(other.trim()));
      const title = lines[at]?.trim() ?? said;
      const details = at < 0 ? [] : detailsFrom(lines, at + 1);
      const message = reasonIn(details) ?? said.slice(title.length);
      return [failedTest(testName(...title.split(' › ')), message, placeIn(details))];
    });
    // A file that cannot be loaded has no tests.
    const broken = lines.flatMap((line, at) => {
      const file = /^ {2}Uncaught exception in (\S+)$/.exec(line)?.[1];
      return file === undefined
        ? []
        : [
            failedTest(
              file,
              lines.slice(at + 1).find((next) => next.trim() !== ''),
              { file },
            ),
          ];
    });
    const ticks = lines.filter((line) => /^ +✔ /.test(line)).length;
    const passed = sumOf(output, /^ {2}(\d+) tests? passed$/gm) ?? (ticks > 0 ? ticks : undefined);
    return { ...counts(passed, sumOf(output, /^ {2}(\d+) tests? skipped$/gm)), failed: [...broken, ...failed] };
  },
};

/** Up to the next test: three empty lines, or a rule. */
function detailsFrom(lines: readonly string[], start: number): string[] {
  const end = lines.findIndex(
    (line, at) => at > start && (/^ {2}─$/.test(line) || lines.slice(at, at + 3).join('') === ''),
  );
  return lines.slice(start, end < 0 ? undefined : end);
}

/** What was thrown, or what AVA says of an assertion behind the lines of the test that it shows. */
function reasonIn(details: readonly string[]): string | undefined {
  const thrown = details.find((line) => /^ {2}[\w.]*(Error|Exception)( \[\w+\])?: /.test(line));
  if (thrown !== undefined) return thrown;
  const shown = details.findLastIndex((line) => /^ +\d+: /.test(line));
  const said = details.slice(shown + 1).filter((line) => line.trim() !== '' && !line.startsWith('  › '));
  return shown < 0 || said.length === 0 ? undefined : said.map((line) => line.trim()).join(' ');
}
