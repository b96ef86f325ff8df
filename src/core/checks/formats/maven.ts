import type { FailedTest } from '../../../shared/events.ts';
import { blocksOf, counts, failedTest, sumOf, type TestFormat, testName } from './testFormat.ts';

/** A line of Surefire about one test; the older form has the class in parentheses. */
const RESULT =
  /^(?:\[ERROR\] )?(\S.*?)(?:\((\S+)\))?(?: {2}| -- )Time elapsed: [\d.,]+ s(?:ec)? +<<< (?:FAILURE|ERROR)!$/;
/** Its summary of a class or of everything, with and without Maven's level before it. */
const SUMMARY = /^(?:\[\w+\] +)?Tests run: \d+, Failures: \d+, Errors: \d+, Skipped: \d+/m;

/** Maven Surefire and Failsafe, 2 and 3, also with `-q` (then only failures are told, and no count of what passed). */
export const maven: TestFormat = {
  name: 'maven',
  signature: SUMMARY,
  parse(output) {
    const lines = output.split('\n');
    const blocks = blocksOf(
      lines,
      (line) => RESULT.test(line) || /^(\[\w+\]|Results *:|Running |Tests run:)/.test(line),
    );
    let current: string | undefined;
    const failed = blocks.flatMap((block) => {
      const [first = '', ...stack] = block;
      // Some versions name the class only in the summary before its failures.
      current = / in (\S+)$/.exec(first.startsWith('Tests run:') || SUMMARY.test(first) ? first : '')?.[1] ?? current;
      const [, title, className] = RESULT.exec(first) ?? [];
      return title === undefined ? [] : [failureOf(title, className, current, stack)];
    });
    // Each module ends with a summary of its own, which names no class.
    const totals = /^(?:\[\w+\] +)?Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+) *$/gm;
    const passed = sumOf(
      output.replaceAll(
        totals,
        (_, run, ...others) => `passed ${run - others.slice(0, 3).reduce((a, b) => a + Number(b), 0)}`,
      ),
      /^passed (\d+)$/gm,
    );
    const skipped = sumOf(output, /^(?:\[\w+\] +)?Tests run: \d+, Failures: \d+, Errors: \d+, Skipped: (\d+) *$/gm);
    return { ...counts(passed, skipped), failed };
  },
};

/** Names begin with the class, whichever form they came in: "org.example.SumTest.fails" and "fails(org.example.SumTest)". */
function failureOf(
  title: string,
  inParentheses: string | undefined,
  current: string | undefined,
  stack: readonly string[],
): FailedTest {
  // A parameter list "(int)[1]" or "{int}[1]" belongs to the method, and may hold dots.
  const [, before, method] = inParentheses === undefined ? (/^([^\s({]+)\.([^.({]+.*)$/.exec(title) ?? []) : [];
  const named = inParentheses ?? before ?? current;
  const frame = stack.find(
    (line) => named !== undefined && /^at [^(]/.test(line.trim()) && line.trim().startsWith(`at ${named}`),
  );
  // A nested class shows only in the stack.
  const nested = /^at (\S+)\.[^.(]+\(/.exec(frame?.trim() ?? '')?.[1];
  const isNested =
    named !== undefined && before === undefined && nested?.startsWith(`${named}$`) && !/\$(lambda|\d)/.test(nested);
  const name = testName(isNested ? nested : named, method ?? title);
  const [, file, line] = /\(([\w$-]+\.\w+):(\d+)\)$/.exec(frame?.trimEnd() ?? '') ?? [];
  return failedTest(name, stack[0], file === undefined ? {} : { file, line: Number(line) });
}
