import type { FailedTest } from '../../../shared/events.ts';
import { counts, failedTest, messageIn, placeIn, sumOf, type TestFormat } from './testFormat.ts';

/** `bun test`: "file:", and below it for each test first what went wrong, then its name. */
export const bun: TestFormat = {
  name: 'bun',
  signature: /^Ran \d+ tests? across \d+ files?\. /m,
  parse(output) {
    const failed: FailedTest[] = [];
    let file: string | undefined;
    let said: string[] = [];
    for (const line of output.split('\n')) {
      const head = /^(\S+\.[cm]?[jt]sx?):$/.exec(line)?.[1];
      const result = /^(?:\((pass|fail|skip|todo)\)|([✓✗»✎])) (.*?)(?: \[[\d.]+m?s\])?$/.exec(line);
      const isAround =
        line === '-------------------------------' && said.some((text) => text.startsWith('# Unhandled error'));
      if (result?.[1] === 'fail' || result?.[2] === '✗') failed.push(failureOf(result[3] ?? '', said, file));
      // An error outside of tests is that of the file.
      if (isAround && file !== undefined && said.some(isError)) failed.push(failureOf(file, said, file));
      if (head !== undefined) file = head;
      if (head !== undefined || result || (isAround && said.some(isError))) said = [];
      else said.push(line);
    }
    return { ...counts(sumOf(output, /^ (\d+) pass$/gm), sumOf(output, /^ (\d+) skip$/gm) ?? 0), failed };
  },
};

function failureOf(name: string, said: readonly string[], file: string | undefined): FailedTest {
  const at = said.findIndex(isError);
  return failedTest(name, at < 0 ? undefined : messageIn(said.slice(at)), { ...(file && { file }), ...placeIn(said) });
}

function isError(line: string): boolean {
  return /^(error|\w*Error): /.test(line);
}
