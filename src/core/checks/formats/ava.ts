import { failedTest, placeIn, sumOf, type TestFormat, testName } from './testFormat.ts';

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
      const details = at < 0 ? [] : lines.slice(at + 1);
      return [failedTest(testName(...title.split(' › ')), said.slice(title.length), placeIn(details))];
    });
    const passed = sumOf(output, /^ {2}(\d+) tests? passed$/gm);
    return { ...(passed === undefined ? {} : { passed }), failed };
  },
};
