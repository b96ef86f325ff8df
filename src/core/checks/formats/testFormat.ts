import type { FailedTest } from '../../../shared/events.ts';

/** What one runner's output says. `passed` and `skipped` are absent where it does not say. */
export interface ParsedOutput {
  passed?: number;
  skipped?: number;
  failed: FailedTest[];
}

/** How one kind of output looks and what is in it. Input is without colours, with "\n" line ends. */
export interface TestFormat {
  name: string;
  /** Something every complete output of this kind has and no other one does. */
  signature: RegExp;
  parse(output: string): ParsedOutput;
}

/** What is known of how many passed and were skipped. */
export function counts(passed: number | undefined, skipped: number | undefined): Omit<ParsedOutput, 'failed'> {
  return { ...(passed === undefined ? {} : { passed }), ...(skipped === undefined ? {} : { skipped }) };
}

/**
 * The first line that says something; where it announces what comes ("Expected values to be strictly equal:"), with the
 * next one, and with the values that Jest and Bun compare.
 */
export function messageIn(lines: readonly string[]): string | undefined {
  const said = lines.map((line) => line.trim()).filter((line) => line !== '');
  const [first, second] = said;
  if (first === undefined) return undefined;
  const isStack = second === undefined || /^(at |\+ expected - actual|❯ )/.test(second);
  if (first.endsWith(':') && !isStack) return `${first} ${second}`;
  const values = said.slice(1).filter((line) => /^(Expected|Received)\b[^:]*: /.test(line));
  return [first, ...values.slice(0, 2)].join('; ');
}

/** Joins the titles of suites and test; no runner's own separator, so that names look alike. */
export function testName(...titles: readonly (string | undefined)[]): string {
  return titles.filter((title) => title !== undefined && title !== '').join(' > ');
}

/** The sum of the first capture group over all matches; undefined where there is none. */
export function sumOf(output: string, pattern: RegExp): number | undefined {
  const counts = [...output.matchAll(pattern)].map((match) => Number(match[1]));
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}

/** The first place in a JavaScript stack (or the like) that is in the project's own code. */
export function placeIn(lines: readonly string[]): { file?: string; line?: number } {
  for (const text of lines) {
    const match = /(?:^|[\s(])(?:file:\/\/)?((?:[A-Za-z]:)?[^\s():]+\.\w+):(\d+):\d+\)?$/.exec(text.trimEnd());
    const file = match?.[1];
    if (file === undefined || file.startsWith('node:') || /(^|[\\/])node_modules[\\/]/.test(file)) continue;
    return { file: file.replace(/^\.\//, ''), line: Number(match?.[2]) };
  }
  return {};
}

/** A failed test with only those fields that are known. */
export function failedTest(name: string, message: string | undefined, place: { file?: string; line?: number } = {}) {
  const said = message?.trim();
  return { name, ...(said ? { message: said } : {}), ...place } satisfies FailedTest;
}

/** Every piece from a line that `starts` to the next such line (or the end). */
export function blocksOf(lines: readonly string[], starts: (line: string) => boolean): string[][] {
  const blocks: string[][] = [];
  for (const line of lines) {
    if (starts(line)) blocks.push([line]);
    else blocks.at(-1)?.push(line);
  }
  return blocks;
}
