import { blocksOf, failedTest, placeIn, sumOf, type TestFormat } from './testFormat.ts';

/** RSpec: a list of failures with what was expected, and a line with all counts. */
export const rspec: TestFormat = {
  name: 'rspec',
  signature: /^\d+ examples?, \d+ failures?(, \d+ pending)?/m,
  parse(output) {
    const list = output.split(/^Failures:$/m)[1]?.split(/^Finished in /m)[0] ?? '';
    const failed = blocksOf(list.split('\n'), (line) => /^ {2}\d+\) /.test(line)).map((block) => {
      const name = (block[0] ?? '').replace(/^ {2}\d+\) /, '');
      const [, file, line] =
        block.map((text) => /^ +# (?:\.\/)?(\S+\.rb):(\d+)/.exec(text)).find((match) => match) ?? [];
      return failedTest(name, reasonIn(block), file === undefined ? placeIn(block) : { file, line: Number(line) });
    });
    const ran = sumOf(output, /^(\d+) examples?, /gm) ?? 0;
    const skipped = sumOf(output, /^\d+ examples?, .*?(\d+) pending/gm) ?? 0;
    // What went wrong outside of examples has no failure of its own.
    const around = [...output.matchAll(/^An error occurred while loading (?:\.\/)?(\S+?)\.?$/gm)].map(([, file = '']) =>
      failedTest(file, undefined, { file }),
    );
    return { passed: Math.max(0, ran - failed.length - skipped), skipped, failed: [...failed, ...around] };
  },
};

/** What comes between the line of the test and its place. */
function reasonIn(block: readonly string[]): string {
  const start = block.findIndex((line) => line.trim() === '' || !/Failure\/Error:|^ {2}\d+\) /.test(line));
  const said = block.slice(start).map((line) => line.trim());
  const end = said.findIndex((line) => line.startsWith('# ') || line.startsWith('(compared using'));
  return said
    .slice(0, end < 0 ? undefined : end)
    .filter((line) => line !== '')
    .join(' ');
}
