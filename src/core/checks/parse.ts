import type { FailedTest } from '../../shared/events.ts';
import { ava } from './formats/ava.ts';
import { bun } from './formats/bun.ts';
import { cargo } from './formats/cargo.ts';
import { deno } from './formats/deno.ts';
import { dotnet } from './formats/dotnet.ts';
import { go } from './formats/go.ts';
import { gradle } from './formats/gradle.ts';
import { jest } from './formats/jest.ts';
import { maven } from './formats/maven.ts';
import { mocha } from './formats/mocha.ts';
import { nodeSpec } from './formats/nodeSpec.ts';
import { phpunit } from './formats/phpunit.ts';
import { pytest, unittest } from './formats/python.ts';
import { rspec } from './formats/rspec.ts';
import { tap } from './formats/tap.ts';
import type { ParsedOutput, TestFormat } from './formats/testFormat.ts';
import { vitest } from './formats/vitest.ts';

const FORMATS: readonly TestFormat[] = [
  tap,
  nodeSpec,
  mocha,
  jest,
  vitest,
  ava,
  bun,
  deno,
  pytest,
  unittest,
  go,
  cargo,
  maven,
  gradle,
  dotnet,
  phpunit,
  rspec,
];

/**
 * Reads which tests failed. What kind of output it is shows in the output itself: a `test` script can run anything,
 * and several things one after another.
 * A run that ended with an exit code other than 0 is never without a failure: where no test is named, the runner is.
 * Names are unique: the second failure of one name is called "name (2)", so that it counts as another one.
 * @param runner for the name of a failure that has none
 * @param output with paths already relative to the workspace; colours do not matter
 */
export function parseTestOutput(runner: string, output: string, exitCode: number): ParsedOutput {
  const text = plainText(output);
  const parsed = FORMATS.filter((format) => format.signature.test(text)).map((format) => format.parse(text));
  const failed = uniquelyNamed(parsed.flatMap((result) => result.failed));
  if (exitCode !== 0 && failed.length === 0) failed.push({ name: `${runner}: exit code ${exitCode}` });

  const passed = sumKnown(parsed.map((result) => result.passed));
  const skipped = sumKnown(parsed.map((result) => result.skipped));
  return { ...(passed === undefined ? {} : { passed }), ...(skipped === undefined ? {} : { skipped }), failed };
}

/** Without colours and other terminal sequences, with "\n" line ends. */
export function plainText(output: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal sequences are made of them.
  return output.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007/g, '').replaceAll(/\r+\n/g, '\n');
}

function sumKnown(counts: readonly (number | undefined)[]): number | undefined {
  const known = counts.filter((count) => count !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0);
}

function uniquelyNamed(failed: readonly FailedTest[]): FailedTest[] {
  const seen = new Map<string, number>();
  return failed.map((test) => {
    const count = (seen.get(test.name) ?? 0) + 1;
    seen.set(test.name, count);
    return count === 1 ? test : { ...test, name: `${test.name} (${count})` };
  });
}
