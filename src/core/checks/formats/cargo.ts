import { blocksOf, failedTest, sumOf, type TestFormat } from './testFormat.ts';

/**
 * `cargo test`: the list of failures that every test binary ends with. The binary's own name is not part of a test's:
 * cargo tells it on the other stream, and which comes first is chance.
 */
export const cargo: TestFormat = {
  name: 'cargo',
  signature: /^test result: (ok|FAILED)\. /m,
  parse(output) {
    const lines = output.split('\n');
    const reports = blocksOf(lines, (line) => /^(---- .* ----|failures:)$/.test(line));
    const failed = reports.flatMap((block) => {
      if (block[0] !== 'failures:') return [];
      const end = block.findIndex((line, at) => at > 0 && !line.startsWith('    '));
      return block.slice(1, end < 0 ? undefined : end).map((line) => {
        const title = line.trim();
        const report = reports.find((other) => other[0]?.startsWith(`---- ${title} `)) ?? [];
        const at = report.findIndex((text) => / panicked at .*:\d+:\d+:$/.test(text));
        const place = / panicked at (.*):(\d+):\d+:$/.exec(report[at] ?? '');
        // Lines move; the line of a documentation test is no name.
        const name = title.replace(/( -)? \(line \d+\)$/, '');
        return failedTest(name, report[at + 1], place ? { file: place[1] ?? '', line: Number(place[2]) } : {});
      });
    });
    const passed = sumOf(output, /^test result: .*? (\d+) passed;/gm);
    return { ...(passed === undefined ? {} : { passed }), failed };
  },
};
