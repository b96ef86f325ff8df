import type { FailedTest } from '../../../shared/events.ts';
import { blocksOf, failedTest, sumOf, type TestFormat, testName } from './testFormat.ts';

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
    const failed = blocks.flatMap((block) => {
      const [first, ...stack] = block;
      const [, title, className] = RESULT.exec(first ?? '') ?? [];
      return title === undefined ? [] : [failureOf(title, className, stack)];
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
    return { ...(passed === undefined ? {} : { passed }), failed };
  },
};

/** Names begin with the class, whichever form they came in: "org.example.SumTest.fails" and "fails(org.example.SumTest)". */
function failureOf(title: string, inParentheses: string | undefined, stack: readonly string[]): FailedTest {
  // A parameter list "(int)[1]" belongs to the method, and may hold dots.
  const [, before, method] = inParentheses === undefined ? (/^([^\s(]+)\.([^.(]+.*)$/.exec(title) ?? []) : [];
  const className = inParentheses ?? before;
  const name = testName(className, method ?? title);
  const frame = stack.find((line) => className !== undefined && line.trim().startsWith(`at ${className}`));
  const [, file, line] = /\(([\w$-]+\.\w+):(\d+)\)$/.exec(frame?.trimEnd() ?? '') ?? [];
  return failedTest(name, stack[0], file === undefined ? {} : { file, line: Number(line) });
}
