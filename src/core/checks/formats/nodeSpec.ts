import type { FailedTest } from '../../../shared/events.ts';
import { blocksOf, counts, failedTest, messageIn, sumOf, type TestFormat, testName } from './testFormat.ts';

const RESULT = /^( *)([▶✖✔﹣⚠]) (.*?)(?: \([\d.]+ms\))?( # .*)?$/u;

/** node:test's spec reporter: a tree with two spaces a level, then the failing tests once more with their places. */
export const nodeSpec: TestFormat = {
  name: 'nodeSpec',
  signature: /^ℹ tests \d+$/m,
  parse(output) {
    const [tree = '', details = ''] = output.split(/^✖ failing tests:$/m);
    const places = detailsOf(details.split('\n'));
    const failed: FailedTest[] = [];
    const suites: { title: string; childFailed: boolean }[] = [];
    for (const line of tree.split('\n')) {
      const result = RESULT.exec(line);
      if (!result) continue;
      const [, indent = '', mark, title = '', directive = ''] = result;
      const depth = indent.length / 2;
      if (mark === '▶') {
        suites.length = Math.min(suites.length, depth);
        suites[depth] = { title, childFailed: false };
        continue;
      }
      const suite = suites[depth];
      const closesSuite = suite?.title === title;
      const childFailed = closesSuite && suite.childFailed;
      if (closesSuite) suites.length = depth;
      if (mark !== '✖' || childFailed || /# (TODO|SKIP)/.test(directive)) continue;

      const above = suites.slice(0, depth);
      for (const open of above) open.childFailed = true;
      const detail = places.get(title)?.shift();
      failed.push({
        ...failedTest(testName(...above.map((open) => open.title), title), detail?.message),
        ...(detail === undefined ? {} : { file: detail.file, line: detail.line }),
      });
    }
    const passed = sumOf(output, /^ℹ pass (\d+)$/gm);
    return { ...counts(passed, sumOf(output, /^ℹ skipped (\d+)$/gm)), failed };
  },
};

interface Detail {
  file: string;
  line: number;
  message: string | undefined;
}

/** By title; a title that failed more than once has its places in order. */
function detailsOf(lines: readonly string[]): Map<string, Detail[]> {
  const found = new Map<string, Detail[]>();
  for (const block of blocksOf(lines, (line) => line.startsWith('test at '))) {
    const place = /^test at (.*):(\d+):\d+$/.exec(block[0] ?? '');
    const title = RESULT.exec(block[1] ?? '')?.[3];
    if (!place || title === undefined) continue;
    const detail = {
      file: place[1] ?? '',
      line: Number(place[2]),
      message: messageIn(block.slice(2))?.replace(/^'(.*)'$/, '$1'),
    };
    found.set(title, [...(found.get(title) ?? []), detail]);
  }
  return found;
}
