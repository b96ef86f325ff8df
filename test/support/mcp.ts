import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Conclave } from './conclave.ts';

/** `conclave serve` in a process of its own. */
export interface ServedMcp {
  /** "http://127.0.0.1:41234" */
  url: string;
  token: string;
  pid: number;
  /** What it has printed so far. */
  said(): string;
  /** Ends it by a signal. @returns its exit status */
  stop(): Promise<number | null>;
}

/** Serves a project on a port that is free. */
export async function serveMcp(conclave: Conclave, workspace: string, ...args: string[]): Promise<ServedMcp> {
  const { child, ended } = conclave.start(['serve', '--workspace', workspace, '--mcp-port', '0', ...args]);
  let said = '';
  child.stderr?.on('data', (text: string) => {
    said += text;
  });
  while (!/Requests need/.test(said)) {
    const next = await Promise.race([once(child.stderr ?? child, 'data'), ended]);
    if (!Array.isArray(next)) throw new Error(`conclave serve ended with ${next.status}: ${next.stderr}`);
  }
  const [, url = ''] = /^MCP +(\S+)\/mcp$/m.exec(said) ?? [];
  const [, file] = /the token in (.+)\.$/m.exec(said) ?? [];
  const token = file === undefined || file === 'CONCLAVE_TOKEN' ? '' : readFileSync(file, 'utf8').trim();
  return {
    url,
    token,
    pid: child.pid ?? 0,
    said: () => said,
    async stop() {
      child.kill('SIGTERM');
      return (await ended).status;
    },
  };
}
