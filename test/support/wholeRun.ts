/**
 * A whole run in this process's network: `node --import tsx wholeRun.ts SCRIPTS PROJECT`. Starts the built fleet and the
 * built command line, and prints what came of it as one line of JSON.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Role, RunEvent } from '../../src/shared/events.ts';
import { openConclave } from './conclave.ts';

export interface WholeRun {
  /** Names of the network interfaces that there were. */
  interfaces: string[];
  status: number | null;
  stderr: string;
  events: RunEvent[];
}

const [scripts = '', project = ''] = process.argv.slice(2);
const fleet = spawn(
  process.execPath,
  [resolve('dist/scripted-fleet.js'), '--script', scripts, '--pace', 'instant'],
  // It ends when its standard input does.
  { stdio: ['pipe', 'pipe', 'inherit'] },
);
const [line] = (await once(createInterface({ input: fleet.stdout }), 'line')) as [string];
const conclave = openConclave(JSON.parse(line) as Record<Role, string>);
try {
  const args = ['run', 'Greet by name', '--workspace', project, '--json', '--apply'];
  const { status, stderr, events } = await conclave.run(args);
  const result: WholeRun = { interfaces: Object.keys(networkInterfaces()), status, stderr, events };
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  conclave.remove();
  fleet.stdin.end();
}
