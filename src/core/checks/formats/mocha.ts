import type { FailedTest } from '../../../shared/events.ts';
import { blocksOf, counts, failedTest, messageIn, placeIn, sumOf, type TestFormat, testName } from './testFormat.ts';

/** mocha's list of failures, which all its terminal reporters share. */
export const mocha: TestFormat = {
  name: 'mocha',
  signature: /^ {2}\d+ passing \(/m,
  parse(output) {
    const passed = sumOf(output, /^ {2}(\d+) passing \(/gm);
    const list = output
      .split(/^ {2}\d+ failing$/m)
      .slice(1)
      .join('\n')
      .split('\n');
    const failed = blocksOf(list, (line) => /^ {2}\d+\) /.test(line)).map(failureIn);
    return { ...counts(passed, sumOf(output, /^ {2}(\d+) pending$/gm)), failed };
  },
};

/** Titles are indented by two more a level; the last one ends with a colon and may have line breaks of its own. */
function failureIn(block: readonly string[]): FailedTest {
  const titles = [(block[0] ?? '').replace(/^ {2}\d+\) /, '')];
  let at = 1;
  for (let indent = 7; isIndentedBy(block[at], indent); indent += 2, at += 1) titles.push((block[at] ?? '').trim());
  while (!titles.at(-1)?.endsWith(':') && at < block.length && block[at] !== '') {
    titles.push(`${titles.pop() ?? ''} ${(block[at] ?? '').trim()}`);
    at += 1;
  }
  const name = testName(...titles).replace(/:$/, '');
  const rest = block.slice(at);
  return failedTest(name, messageIn(rest), placeIn(rest));
}

function isIndentedBy(line: string | undefined, indent: number): boolean {
  return line !== undefined && line.search(/\S/) === indent;
}
