import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { skip } from '../skip.ts';

/** A redis-server of our own: on a free port of this machine, in a folder that goes with it. */
export interface RedisServer {
  port: number;
  /** Where the nodes of a cluster speak with each other. */
  bus: number;
  /** redis://127.0.0.1:PORT, without any password. */
  url: string;
  dir: string;
  pid(): number;
  kill(signal: NodeJS.Signals): void;
  /** Ends the process at once, as a power cut would, and resolves when it is gone. */
  crash(): Promise<void>;
  /** Starts it again with the same port and data. @param more configuration @param until what it says by then */
  start(more?: readonly string[], until?: RegExp): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** In a `before` hook: skips where there is no redis-server. */
export function needRedis(context: Mocha.Context): void {
  if (spawnSync('redis-server', ['--version']).status !== 0) skip(context, 'redis-server is not installed');
}

/**
 * Starts redis-server with its append-only file on.
 * @param options.config more of its configuration, as arguments: ["--requirepass", "secret"]
 */
export async function startRedisServer(options: { config?: readonly string[] } = {}): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'conclave-redis-'));
  const [port = 0, bus = 0] = await freePorts(2);
  const args = [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--cluster-port', String(bus)],
    ...['--appendonly', 'yes', '--save', '', '--daemonize', 'no', '--logfile', ''],
    ...(options.config ?? []),
  ];
  let child: ChildProcess;
  const start = async (more: readonly string[] = [], until = /Ready to accept connections/): Promise<void> => {
    child = spawn('redis-server', [...args, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
    await untilSaid(child, until);
  };
  const crash = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  await start();
  return {
    port,
    bus,
    url: `redis://127.0.0.1:${port}`,
    dir,
    pid: () => child.pid ?? 0,
    kill: (signal) => void child.kill(signal),
    crash,
    start,
    async stop() {
      await crash();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function untilSaid(child: ChildProcess, until: RegExp): Promise<void> {
  if (child.stdout === null) throw new Error('redis-server was started without its output.');
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    // What it says from here on nobody reads, and it shall not wait for that.
    if (until.test(line)) return void child.stdout.resume();
  }
  throw new Error(`redis-server did not start:\n${said.join('\n')}`);
}

/** Ports that nobody listens at, taken all at once, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
