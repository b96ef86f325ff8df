import type { FailedTest } from '../../../shared/events.ts';
import { failedTest, messageIn as messageOf, placeIn, type TestFormat, testName } from './testFormat.ts';

const POINT = /^( *)(not ok|ok)(?: +\d+)?( +-)?(?: +(.*))?$/;
const DIRECTIVE = /\s#\s*(skip|todo)\b.*$/i;

/**
 * TAP as node:test, AVA, tape and others write it. Subtests are indented by four, announced by "# Subtest: name";
 * of a subtest that failed because something in it did, only that something is named. tape announces with "# name".
 */
export const tap: TestFormat = {
  name: 'tap',
  signature: /^(TAP version \d+|\d+\.\.\d+)$/m,
  parse(output) {
    const lines = output.split('\n');
    const failed: FailedTest[] = [];
    const suites: string[] = [];
    const childFailed: boolean[] = [];
    let heading: string | undefined;
    let passed = 0;
    let skipped = 0;

    for (let at = 0; at < lines.length; at += 1) {
      const line = lines[at] ?? '';
      const subtest = /^( *)# Subtest: (.*)$/.exec(line);
      if (subtest) {
        const depth = (subtest[1] ?? '').length / 4;
        suites[depth] = subtest[2] ?? '';
        childFailed[depth] = false;
        continue;
      }
      heading = /^# (?:TODO |SKIP )?(.*)$/.exec(line)?.[1] ?? heading;

      const point = POINT.exec(line);
      if (!point) continue;
      const depth = Math.floor((point[1] ?? '').length / 4);
      const title = unescaped(point[4] ?? '');
      const yaml = yamlAfter(lines, at);
      at += yaml.length;
      const isExcused = DIRECTIVE.test(` ${title}`);
      const isParent = childFailed[depth] === true;
      childFailed[depth] = false;
      if (/\s#\s*skip\b/i.test(` ${title}`)) skipped += 1;
      if (point[2] === 'ok') passed += isExcused || yaml.some((text) => /^\s*type: 'suite'/.test(text)) ? 0 : 1;
      if (point[2] === 'ok' || isExcused || isParent) continue;

      for (let above = 0; above < depth; above += 1) childFailed[above] = true;
      const above = point[3] === undefined ? [heading] : suites.slice(0, depth);
      failed.push(failedTest(testName(...above, title), messageIn(yaml), placeIn(yaml.map(withoutQuotes))));
    }
    return { passed, skipped, failed };
  },
};

/** The lines of the YAML block that may follow a test point, its marks included. */
function yamlAfter(lines: readonly string[], at: number): string[] {
  if (!/^ +---$/.test(lines[at + 1] ?? '')) return [];
  const mark = (lines[at + 1] ?? '').replace('---', '...');
  const end = lines.indexOf(mark, at + 2);
  return end < 0 ? [] : lines.slice(at + 1, end + 1);
}

function messageIn(yaml: readonly string[]): string | undefined {
  // Of its own keys only: the details of an assertion may have a "message" too.
  const indent = ' '.repeat((yaml[0] ?? '').search(/\S|$/));
  const scalarOf = (key: string): string | undefined => {
    const index = yaml.findIndex(
      (line) => line.startsWith(`${indent}${key}:`) || line.startsWith(`${indent}  ${key}:`),
    );
    const value = withoutQuotes((yaml[index] ?? '').trim().slice(key.length + 1));
    if (index < 0 || value === '') return undefined;
    if (!/^[|>]-?$/.test(value)) return value;
    // The lines of a block are further in than its key.
    const inner = yaml.slice(index + 1);
    const end = inner.findIndex((line) => line.trim() !== '' && line.search(/\S/) <= (yaml[index] ?? '').search(/\S/));
    return messageOf(end < 0 ? inner : inner.slice(0, end));
  };
  const said = scalarOf('error') ?? scalarOf('message');
  if (said !== undefined) return said;
  // tape's title is all the words there are; what it compared is told apart.
  const [operator, expected, actual] = ['operator', 'expected', 'actual'].map(scalarOf);
  return expected === undefined || actual === undefined ? operator : `${operator}: expected ${expected}, got ${actual}`;
}

/** A YAML scalar on its own line or after a key: 'location: "a:1:2"' becomes "location: a:1:2". */
function withoutQuotes(text: string): string {
  return text.replace(/(['"])(.*)\1\s*$/, '$2').trim();
}

function unescaped(title: string): string {
  return title.replaceAll('\\#', '#').trim();
}
