import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { openStore } from '../../src/node/openCrew.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import type { EditorHost } from './host.ts';

export const LONG_RUN = 'A very long task';

/** Stores a run of at least so many events: the work of the newest one again and again. @returns how many there are */
export async function storeLongRun(data: string, least: number): Promise<number> {
  const store = await openStore({ home: resolve('.'), env: { CONCLAVE_DATA: data } });
  try {
    const [newest] = await store.log.list();
    const recorded: RunEvent[] = [];
    for await (const event of store.log.read(newest?.runId ?? assert.fail('there is no run'))) recorded.push(event);
    const [started, ...rest] = recorded;
    const work = rest.filter(({ type }) => !/^(run|proposal)\./.test(type));
    const runId = 'run-long';
    const events = [
      { ...started, runId, seq: 1, task: LONG_RUN, said: { text: LONG_RUN, attachments: [] } } as RunEvent,
    ];
    while (events.length < least) for (const event of work) events.push({ ...event, runId, seq: events.length + 1 });
    const lease = await store.leases.acquire(`run/${runId}`, 'test');
    if ('heldBy' in lease) assert.fail(lease.heldBy);
    await store.log.append(lease, events, true);
    await store.leases.release(lease);
    return events.length;
  } finally {
    await store.close();
  }
}

/** Resident bytes by process id. */
export function memoryOfExtensionHosts({ dir }: EditorHost): Map<string, number> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const read = (pid: string, what: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${what}`, 'utf8');
    } catch {
      // It has ended meanwhile.
      return '';
    }
  };
  const hosts = pids.filter(
    (pid) => read(pid, 'cmdline').includes('extensionHost') && read(pid, 'environ').includes(`HOME=${dir}`),
  );
  assert.ok(hosts.length > 0, 'there is no extension host');
  return new Map(hosts.map((pid) => [pid, Number(/VmRSS:\s+(\d+)/.exec(read(pid, 'status'))?.[1] ?? 0) * 1024]));
}

/** Counts the messages with events that come between two frames, and the events in them. */
export const COUNT_MESSAGES = `
  globalThis.counted = { events: 0, most: 0 };
  let inFrame = 0;
  const frame = () => { inFrame = 0; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  addEventListener('message', ({ data }) => {
    if (data?.kind !== 'call' || data.method !== 'events') return;
    inFrame += 1;
    counted.events += data.params.events.length;
    counted.most = Math.max(counted.most, inFrame);
  });
`;
