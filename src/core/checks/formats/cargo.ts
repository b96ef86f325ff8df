import { blocksOf, counts, failedTest, sumOf, type TestFormat } from './testFormat.ts';

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
        // Lines move; the line of a documentation test is no name, and its panic counts the lines of a file that is gone.
        const name = title.replace(/( -)? \(line \d+\)$/, '');
        const documented = /^(\S+) - .*\(line (\d+)\)$/.exec(title);
        const { message, place } = reasonIn(report.slice(1));
        return failedTest(name, message, documented ? placeOf(documented) : place);
      });
    });
    const passed = sumOf(output, /^test result: .*? (\d+) passed;/gm);
    return { ...counts(passed, sumOf(output, /^test result: .*? (\d+) ignored;/gm)), failed };
  },
};

/** What comes behind the place of a panic; of a test that does not panic, what it returned, or that it should have. */
function reasonIn(report: readonly string[]): { message?: string; place: { file?: string; line?: number } } {
  const at = report.findIndex((text) => / panicked at .*:\d+:\d+:$/.test(text));
  const said = report[at + 1] ?? '';
  if (at >= 0) return { message: said, place: placeOf(/ panicked at (.*):(\d+):\d+:$/.exec(report[at] ?? '')) };
  const first = report.find((line) => line.trim() !== '')?.replace(/^note: /, '');
  const place = / at (\S+):(\d+):\d+$/.exec(first ?? '');
  return { ...(first === undefined ? {} : { message: first.replace(/ at \S+:\d+:\d+$/, '') }), place: placeOf(place) };
}

function placeOf(match: RegExpExecArray | null): { file?: string; line?: number } {
  return match ? { file: match[1] ?? '', line: Number(match[2]) } : {};
}
