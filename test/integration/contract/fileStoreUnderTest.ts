import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Memory } from '../../../src/core/ports.ts';
import { type FileEventLog, openFileEventLog } from '../../../src/node/fileStore/fileEventLog.ts';
import { type FileLeases, openFileLeases } from '../../../src/node/fileStore/fileLeases.ts';
import { openFileMemory } from '../../../src/node/fileStore/fileMemory.ts';
import type { StoreUnderTest } from './storeUnderTest.ts';

export interface FileStoreUnderTest extends StoreUnderTest {
  dir: string;
  connect(options?: { ttl?: number }): Promise<{ leases: FileLeases; log: FileEventLog; memory: Memory }>;
}

export async function openFileStore(): Promise<FileStoreUnderTest> {
  const dir = await mkdtemp(join(tmpdir(), 'conclave-store-'));
  const logs: FileEventLog[] = [];
  return {
    dir,
    async connect(options) {
      const leases = openFileLeases(dir, options);
      const log = openFileEventLog(dir, leases);
      logs.push(log);
      return { leases, log, memory: openFileMemory(dir) };
    },
    async dispose() {
      await Promise.all(logs.map((log) => log.close()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
