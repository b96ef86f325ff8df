import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RunEvent } from '../../src/shared/events.ts';
import { startFleet } from '../models/fleet.ts';
import { openConclave } from './conclave.ts';

/** The events of the demo's run, recorded now: the built command line over the demo's own script, on its sample project. */
export async function recordDemo(): Promise<RunEvent[]> {
  const folder = mkdtempSync(join(tmpdir(), 'conclave-recording-'));
  const workspace = join(folder, 'orders-service');
  cpSync(resolve('demo/sample'), workspace, { recursive: true });
  const fleet = await startFleet({ script: resolve('demo/script') });
  const conclave = openConclave(fleet.urls);
  try {
    const answers = resolve('demo/script/answers.json');
    const task = 'Refactor auth to use JWT instead of sessions';
    const { status, events, stderr } = await conclave.run([
      'run',
      task,
      '--workspace',
      workspace,
      '--json',
      '--answers',
      answers,
      '--patch',
      join(folder, 'change.patch'),
    ]);
    if (status !== 0) throw new Error(`The demo's run ended with status ${status}:\n${stderr}`);
    return events;
  } finally {
    await fleet.close();
    conclave.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}
