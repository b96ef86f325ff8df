import { blocksOf, counts, failedTest, sumOf, type TestFormat } from './testFormat.ts';

/** What VSTest says about one test: "  Failed Sums.Tests.Adds [21 ms]". */
const RESULT = /^ {2}(Passed|Failed|Skipped) (.+?)(?: \[[<\d].*\])?$/;

/** `dotnet test` with VSTest's console logger, in any verbosity; xUnit, NUnit and MSTest look alike there. */
export const dotnet: TestFormat = {
  name: 'dotnet',
  signature: /^(?:(?:Passed|Failed)! +- Failed: +\d+, Passed: +\d+|Test Run (?:Failed|Successful)\.)/m,
  parse(output) {
    const blocks = blocksOf(
      output.split('\n'),
      (line) => RESULT.test(line) || /^(Passed!|Failed!|Test Run |\[xUnit)/.test(line),
    );
    const failed = blocks.flatMap((block) => {
      const [, outcome, name] = RESULT.exec(block[0] ?? '') ?? [];
      if (outcome !== 'Failed' || name === undefined) return [];
      const frames = after(block, 'Stack Trace:').map((line) => / in (.+):line (\d+)$/.exec(line.trimEnd()));
      const [, file, line] = frames.find((frame) => frame !== null) ?? [];
      const place = file === undefined ? {} : { file: file.replace(/^\.\//, ''), line: Number(line) };
      return [failedTest(name, after(block, 'Error Message:')[0], place)];
    });
    const passed =
      sumOf(output, /^(?:Passed|Failed)! +- Failed: +\d+, Passed: +(\d+)/gm) ?? sumOf(output, /^ +Passed: (\d+)$/gm);
    const skipped =
      sumOf(output, /^(?:Passed|Failed)! +- Failed: +\d+, Passed: +\d+, Skipped: +(\d+)/gm) ??
      sumOf(output, /^ +Skipped: (\d+)$/gm);
    return { ...counts(passed, skipped), failed };
  },
};

/** The lines below a heading, up to the next one. */
function after(block: readonly string[], heading: string): string[] {
  const at = block.findIndex((line) => line.trim() === heading);
  if (at < 0) return [];
  const rest = block.slice(at + 1);
  const end = rest.findIndex((line) =>
    /^ {2}(Error Message|Stack Trace|Standard Output Messages|Standard Error Messages):$/.test(line),
  );
  return end < 0 ? rest : rest.slice(0, end);
}
