/** A process of its own that uses a store: it does what it is told over IPC, and answers each order. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lease, MemoryEntry } from '../../../src/core/ports.ts';
import { openJournal } from '../../../src/core/store/journal.ts';
import { StoreError } from '../../../src/core/store/storeError.ts';
import { storeLocation } from '../../../src/node/dataFolder.ts';
import { openFileEventLog } from '../../../src/node/fileStore/fileEventLog.ts';
import { openFileLeases } from '../../../src/node/fileStore/fileLeases.ts';
import { openFileMemory } from '../../../src/node/fileStore/fileMemory.ts';
import { openRedisStore } from '../../../src/node/redisStore/openRedisStore.ts';
import type { RunEvent } from '../../../src/shared/events.ts';
import type { StoreClient } from './storeUnderTest.ts';

type Order =
  | { order: 'acquire'; name: string }
  | { order: 'release'; lease: Lease }
  | { order: 'append'; lease: Lease; events: RunEvent[] }
  | { order: 'remember'; workspace: string; entries: MemoryEntry[] }
  /** Records steps until the process is ended; each is reported once it is durable. */
  | { order: 'recordSteps'; runId: string; lease: Lease };

/** 'done', or the kind of StoreError. */
type Outcome = string;

export interface StoreProcess {
  pid: number;
  acquire(name: string): Promise<Lease | { heldBy: string }>;
  release(lease: Lease): Promise<Outcome>;
  append(lease: Lease, events: RunEvent[]): Promise<Outcome>;
  remember(workspace: string, entries: MemoryEntry[]): Promise<Outcome>;
  recordSteps(runId: string, lease: Lease, onRecorded: (key: string) => void): void;
  kill(signal: NodeJS.Signals): void;
  /** Ends it with SIGKILL and resolves when it is gone. */
  end(): Promise<void>;
}

/** @param place the folder of a store in files, or the URL of one in Redis */
export async function startStoreProcess(place: string, options: { ttl?: number } = {}): Promise<StoreProcess> {
  const child = fork(fileURLToPath(import.meta.url), [place, JSON.stringify(options)], {
    // Where "tsx" is found.
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    execArgv: ['--import', 'tsx'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('The store process did not start.');
  await once(child, 'message');
  const ask = async <T>(order: Order): Promise<T> => {
    child.send(order);
    const [answer] = await once(child, 'message');
    return answer as T;
  };
  return {
    pid,
    acquire: (name) => ask({ order: 'acquire', name }),
    release: (lease) => ask({ order: 'release', lease }),
    append: (lease, events) => ask({ order: 'append', lease, events }),
    remember: (workspace, entries) => ask({ order: 'remember', workspace, entries }),
    recordSteps(runId, lease, onRecorded) {
      child.on('message', (key) => onRecorded(String(key)));
      child.send({ order: 'recordSteps', runId, lease });
    },
    kill: (signal) => void child.kill(signal),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

function open(place: string, options: { ttl?: number }): StoreClient {
  const location = storeLocation({ CONCLAVE_STORE: place });
  if (location.kind === 'redis') return openRedisStore(resolve('.'), location.address, options);
  const leases = openFileLeases(location.path, options);
  return { leases, log: openFileEventLog(location.path, leases), memory: openFileMemory(location.path) };
}

function serve({ leases, log, memory }: StoreClient, answer: (message: unknown) => void): void {
  async function carryOut(order: Order): Promise<unknown> {
    switch (order.order) {
      case 'acquire':
        return leases.acquire(order.name, 'a store process');
      case 'release':
        await leases.release(order.lease);
        return 'done';
      case 'append':
        try {
          await log.append(order.lease, order.events, true);
          return 'done';
        } catch (error) {
          if (error instanceof StoreError) return error.failure;
          throw error;
        }
      case 'remember':
        await memory.remember(order.workspace, order.entries);
        return 'done';
      case 'recordSteps':
        return recordSteps(order.runId, order.lease);
      default:
        return order satisfies never;
    }
  }

  async function recordSteps(runId: string, lease: Lease): Promise<never> {
    const journal = openJournal({
      runId,
      log,
      lease: () => lease,
      mayBegin: async () => {},
      recorded: [],
      now: () => new Date(),
      onEvent: () => undefined,
      onFailure: (error) => {
        throw error;
      },
    });
    for (let step = 1; ; step += 1) {
      journal.emit({ type: 'plan.delta', delta: `before ${step}` });
      await journal.step(`step ${step}`, async () => ({ type: 'subtask.ready', subtask: 'x'.repeat(step % 3000) }));
      answer(`step ${step}`);
    }
  }

  process.on('message', (order: Order) => void carryOut(order).then(answer));
  // Without its parent it has nothing to do.
  process.on('disconnect', () => process.exit());
  answer('ready');
}

const [, script, place, options] = process.argv;
if (script === fileURLToPath(import.meta.url) && place !== undefined && options !== undefined && process.send) {
  serve(open(place, JSON.parse(options)), process.send.bind(process));
}
