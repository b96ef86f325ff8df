import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Who listens on a port of this machine, in words ("process 4711 (ollama)"), as far as the system tells; undefined: nobody. */
export async function portHolder(port: number): Promise<string | undefined> {
  if (await isFree(port)) return undefined;
  const pid = await listenerOf(port);
  if (pid === undefined) return 'another program';
  const name = await programName(pid);
  return name === undefined ? `process ${pid}` : `process ${pid} (${name})`;
}

/** Whether a server of ours could listen there. On both addresses: some systems let two listen, one on each. */
async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '0.0.0.0'));
}

async function canListen(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen({ port, host, exclusive: true }, resolve);
    });
  } catch {
    return false;
  }
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return true;
}

async function listenerOf(port: number): Promise<number | undefined> {
  try {
    const { portToPid } = await import('pid-port');
    return await portToPid(port);
  } catch {
    // The system's programs for it are missing, or do not tell of processes of other users.
    return undefined;
  }
}

async function programName(pid: number): Promise<string | undefined> {
  try {
    const [program, args] =
      process.platform === 'win32'
        ? (['tasklist', ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH']] as const)
        : (['ps', ['-o', 'comm=', '-p', String(pid)]] as const);
    const { stdout } = await run(program, args, { windowsHide: true });
    const name = process.platform === 'win32' ? /^"([^"]+)"/.exec(stdout)?.[1] : stdout.trim().split('/').at(-1);
    return name || undefined;
  } catch {
    return undefined;
  }
}
