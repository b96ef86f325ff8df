import { blocksOf, counts, failedTest, sumOf, type TestFormat } from './testFormat.ts';

/** PHPUnit: lists of what had errors, failed, was skipped and so on, each under a heading. */
export const phpunit: TestFormat = {
  name: 'phpunit',
  signature: /^(OK \(\d+ tests?, \d+ assertions?\)|Tests: \d+, Assertions: \d+)/m,
  parse(output) {
    const lists = blocksOf(output.split('\n'), (line) => /^There (was|were) \d+ /.test(line));
    const failed = lists
      .filter(([heading = '']) => /^There (was|were) \d+ (error|failure)/.test(heading))
      .flatMap((list) => blocksOf(list, (line) => /^\d+\) /.test(line)))
      .map((block) => {
        const rest = block.slice(1);
        const end = rest.findIndex((line) => line.trim() === '');
        const place = rest.map((line) => /^(\S+\.php):(\d+)$/.exec(line)).find((match) => match !== null);
        return failedTest(
          (block[0] ?? '').replace(/^\d+\) /, ''),
          rest.slice(0, end < 0 ? undefined : end).join(' '),
          place ? { file: place[1] ?? '', line: Number(place[2]) } : {},
        );
      });
    const green = sumOf(output, /^OK \((\d+) tests?, /gm);
    const ran = sumOf(output, /^Tests: (\d+), Assertions: /gm);
    if (ran === undefined) return { ...counts(green, green === undefined ? undefined : 0), failed };
    const others = sumOf(output, /^Tests: \d+, Assertions: .*?Incomplete: (\d+)/gm) ?? 0;
    const skipped = sumOf(output, /^Tests: \d+, Assertions: .*?Skipped: (\d+)/gm) ?? 0;
    return { passed: Math.max(0, ran - failed.length - skipped - others), skipped, failed };
  },
};
