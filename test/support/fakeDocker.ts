import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the client answers to commands that `args` finds. */
export interface DockerAnswer {
  args: RegExp;
  stdout?: string;
  stderr?: string;
  code?: number;
  /** Does not end by itself. */
  stays?: true;
}

/** A `docker` that answers what it was recorded to answer, and writes down what it was asked. */
export interface FakeDocker {
  /** Has it on PATH, and nothing else but the system's programs. */
  env: NodeJS.ProcessEnv;
  /** The calls so far, in their order. */
  calls(): { args: string[]; cwd: string; env: Record<string, string> }[];
  remove(): void;
}

/** The first answer that fits counts; without one it fails as for a command that it does not know. */
export function fakeDocker(answers: readonly DockerAnswer[]): FakeDocker {
  const dir = mkdtempSync(join(tmpdir(), 'conclave-docker-'));
  const log = join(dir, 'calls.ndjson');
  const rules = answers.map(({ args, ...answer }) => ({ ...answer, args: args.source }));
  const script = `#!${process.execPath}
const { appendFileSync } = require('node:fs');
const args = process.argv.slice(2);
appendFileSync(${JSON.stringify(log)}, JSON.stringify({ args, cwd: process.cwd(), env: process.env }) + '\\n');
const rule = ${JSON.stringify(rules)}.find((one) => new RegExp(one.args).test(args.join(' ')));
process.stdout.write(rule?.stdout ?? '');
process.stderr.write(rule?.stderr ?? (rule ? '' : 'docker: unknown command: docker ' + args[0] + '\\n'));
process.exitCode = rule ? rule.code ?? 0 : 1;
if (rule?.stays) setInterval(() => {}, 1000);
`;
  writeFileSync(log, '');
  writeFileSync(join(dir, 'docker'), script);
  chmodSync(join(dir, 'docker'), 0o755);
  return {
    env: { PATH: `${dir}:/usr/bin:/bin` },
    calls: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
    remove: () => rmSync(dir, { recursive: true }),
  };
}
