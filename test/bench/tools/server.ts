import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { LEAN_MALLOC } from '../../../src/node/leanMalloc.ts';
import { cachedFolder, npm } from '../../support/cache.ts';

/** A server of tools in a process of its own, as any client of it has it. */
export interface ToolServer {
  /** Calls a tool. @returns its result, and how long it took in milliseconds. `failed`: the tool says that it did */
  call(name: string, args: Record<string, unknown>): Promise<Called>;
  /** Memory of its process, and of those that it has started, in MB: now and at most so far. */
  memory(): { now: number; most: number };
  close(): Promise<void>;
}

export interface Called {
  ms: number;
  data: unknown;
  text: string;
  failed: boolean;
}

/** Our own, on a repository. @param data the folder for what it keeps */
export function startConclave(root: string, data: string): Promise<ToolServer> {
  const args = [resolve('dist/cli.js'), 'mcp', '--workspace', root];
  // A newer Node than the tests run on sets these by itself.
  return start(process.execPath, args, { CONCLAVE_DATA: data, ...LEAN_MALLOC });
}

/** What it is held against for reading files: https://www.npmjs.com/package/@modelcontextprotocol/server-filesystem */
export async function startFilesystemServer(root: string): Promise<ToolServer> {
  const version = '2026.8.31';
  const folder = await cachedFolder(`server-filesystem-${version}`, (dir) =>
    npm(
      dir,
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      `@modelcontextprotocol/server-filesystem@${version}`,
    ),
  );
  const main = resolve(folder, 'node_modules/@modelcontextprotocol/server-filesystem/dist/index.js');
  return start(process.execPath, [main, root], {});
}

async function start(command: string, args: string[], env: Record<string, string>): Promise<ToolServer> {
  const transport = new StdioClientTransport({ command, args, env, stderr: 'ignore' });
  const client = new Client({ name: 'bench', version: '1' });
  await client.connect(transport);
  return {
    async call(name, given) {
      const started = performance.now();
      const result = await client.callTool({ name, arguments: given }, undefined, { timeout: 600_000 });
      const ms = performance.now() - started;
      const [first] = result.content as { type: string; text?: string }[];
      return { ms, data: result.structuredContent, text: first?.text ?? '', failed: result.isError === true };
    },
    memory() {
      const status = readFileSync(`/proc/${transport.pid}/status`, 'utf8');
      const of = (field: string): number => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
      return { now: of('VmRSS'), most: of('VmHWM') };
    },
    close: () => client.close(),
  };
}
