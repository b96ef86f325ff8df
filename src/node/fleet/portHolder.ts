import { execFile } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);

const LOOPBACK = '127.0.0.1';
/** Milliseconds: on the same machine, whoever is there answers at once. */
const LIMIT = 1000;

/** Who listens on a port of this machine, in words ("process 4711 (ollama)"), as far as the system tells; undefined: nobody. */
export async function portHolder(port: number): Promise<string | undefined> {
  if (await isFree(port)) return undefined;
  const pid = await listenerOf(port);
  if (pid === undefined) return 'another program';
  const name = await programName(pid);
  return name === undefined ? `process ${pid}` : `process ${pid} (${name})`;
}

/**
 * Whether a server of ours could listen there, which it would on this machine's own address alone. Some systems let it,
 * although another listens on all addresses: that one answers.
 */
async function isFree(port: number): Promise<boolean> {
  return (await canListen(port)) && !(await answers(port));
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen({ port, host: LOOPBACK, exclusive: true }, resolve);
    });
  } catch {
    return false;
  }
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return true;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: LOOPBACK });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.setTimeout(LIMIT, () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

async function listenerOf(port: number): Promise<number | undefined> {
  try {
    const { portToPid } = await import('pid-port');
    return await portToPid({ port, host: '*' });
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
