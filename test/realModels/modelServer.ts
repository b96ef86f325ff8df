import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real inference server at work on this machine. */
export interface ModelServer {
  /** Program and version, for people. */
  name: string;
  /** Ends in /v1. */
  url: string;
  /** Requests that it is answering, or that wait for it, by its own metrics. */
  requests(): Promise<number>;
  /** Ends all its processes at once, as the system does when memory runs out. */
  kill(): void;
  /** Ends all its processes. */
  stop(): Promise<void>;
}

/** Milliseconds until a server must be ready: loading takes a minute on an idle machine with two cores. */
const START_LIMIT = 900_000;

/** Milliseconds for an orderly end; one with an open stream may otherwise never come to it. */
const STOP_LIMIT = 5000;

/** @param options.metrics names of those gauges that count requests */
export async function startServer(options: {
  name: string;
  argv: (port: number) => readonly string[];
  env?: NodeJS.ProcessEnv;
  metrics: readonly string[];
}): Promise<ModelServer> {
  const port = await freePort();
  const [program = '', ...args] = options.argv(port);
  // A process group of its own: servers start further processes, which outlive the first one where only that is killed.
  const child = spawn(program, args, {
    detached: true,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said.push(text);
      if (said.length > 200) said.shift();
    });
  }
  const ended = once(child, 'close').catch((cause: Error) => said.push(String(cause)));
  preferred(child.pid);
  const kill = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // The group is gone.
    }
  };
  const killAll = (): void => kill('SIGKILL');
  const leave = (): never => process.exit(130);
  process.on('exit', killAll);
  // A signal that nobody takes ends this process without "exit".
  process.on('SIGINT', leave).on('SIGTERM', leave);

  const origin = `http://127.0.0.1:${port}`;
  const server: ModelServer = {
    name: options.name,
    url: `${origin}/v1`,
    requests: async () => {
      const text = await (await fetch(`${origin}/metrics`)).text();
      return options.metrics.reduce((sum, metric) => sum + gauge(text, metric), 0);
    },
    kill: killAll,
    stop: async () => {
      kill('SIGTERM');
      await Promise.race([ended, sleep(STOP_LIMIT, undefined, { ref: false })]);
      killAll();
      await ended;
      process.off('exit', killAll).off('SIGINT', leave).off('SIGTERM', leave);
    },
  };
  try {
    await ready(`${origin}/health`, () => child.exitCode ?? child.signalCode);
    return server;
  } catch (cause) {
    await server.stop();
    throw new Error(`${options.name} did not start. The last it said:\n${said.join('')}`, { cause });
  }
}

/** Waits until a server answers that it is healthy. @param exited why it never will */
async function ready(url: string, exited: () => number | string | null): Promise<void> {
  const limit = Date.now() + START_LIMIT;
  while (Date.now() < limit) {
    const status = await fetch(url).then(
      ({ status }) => status,
      () => undefined,
    );
    if (status === 200) return;
    if (exited() !== null) throw new Error(`it ended by itself (${exited()})`);
    await sleep(500);
  }
  throw new Error(`it was not healthy after ${START_LIMIT / 1000} s`);
}

/** The sum of one metric over its labels, in Prometheus' text form. */
function gauge(text: string, name: string): number {
  const samples = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (samples.length === 0) throw new Error(`the server has no metric ${name}`);
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Where that is allowed, it goes before the others: beside a compiler its figures would say nothing. */
function preferred(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, -5);
  } catch {
    // Not allowed here: then it takes its turn.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}
