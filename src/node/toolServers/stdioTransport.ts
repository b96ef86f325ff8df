import { setTimeout as after } from 'node:timers/promises';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { endProcessTree, guardProcessTree } from '../processTree.ts';

/** Milliseconds that a server has to end by itself when its input ends, and again when it is asked to. */
const GRACE = 1_000;
/** Characters of what a server says on standard error that are kept, for the reason why it did not start. */
const KEPT = 2_000;
/** The longest message that is read, in bytes. */
const LARGEST_MESSAGE = 16 * 1024 * 1024;

/** A server of the user's as a process of its own: the whole of its tree ends with it, and with us. */
export interface StdioTransport extends Transport {
  /** The last that it said on standard error. */
  complaints(): string;
}

/** @param start program and arguments, the working folder, and all of its environment */
export async function stdioTransport(start: {
  argv: readonly string[];
  cwd: string;
  env: Record<string, string>;
}): Promise<StdioTransport> {
  const [{ execa }, { ReadBuffer, serializeMessage }] = await Promise.all([
    import('execa'),
    import('@modelcontextprotocol/sdk/shared/stdio.js'),
  ]);
  const [program = '', ...args] = start.argv;
  const received = new ReadBuffer({ maxBufferSize: LARGEST_MESSAGE });
  let said = '';
  let child: ReturnType<typeof spawned> | undefined;
  let release = (): void => {};
  const spawned = () =>
    execa(program, args, {
      cwd: start.cwd,
      env: start.env,
      extendEnv: false,
      stdin: 'pipe',
      buffer: false,
      reject: false,
      cleanup: false,
      detached: process.platform !== 'win32',
      windowsHide: true,
    });

  let giving = false;
  /** One at a time: the SDK forgets who wants to know of a call's progress as soon as it has the answer that came with it. */
  function giveMessages(): void {
    if (giving) return;
    const message = nextMessage();
    if (message === null) return;
    giving = true;
    transport.onmessage?.(message);
    setImmediate(() => {
      giving = false;
      giveMessages();
    });
  }

  function nextMessage(): JSONRPCMessage | null {
    for (;;) {
      try {
        return received.readMessage();
      } catch (error) {
        // A line that is no message, such as a greeting: the next one may be.
        transport.onerror?.(error as Error);
      }
    }
  }

  const transport: StdioTransport = {
    complaints: () => said.trim(),
    async start() {
      child = spawned();
      const { stdin, stdout, stderr, pid } = child;
      if (pid !== undefined) release = guardProcessTree(pid);
      stdout.on('data', (chunk: Buffer) => {
        try {
          received.append(chunk);
        } catch (error) {
          // A message without an end: nothing that comes after it can be understood.
          transport.onerror?.(error as Error);
          void transport.close();
          return;
        }
        giveMessages();
      });
      stderr.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString('utf8')).slice(-KEPT);
      });
      // What is written to a process that has gone; its end is told below.
      stdin.on('error', () => {});
      void child.then((result) => {
        if (result.exitCode === undefined && !result.isTerminated) said ||= result.originalMessage ?? '';
        release();
        transport.onclose?.();
      });
    },
    send: (message) =>
      new Promise((resolve, reject) => {
        if (child === undefined || !child.stdin.writable) return reject(new Error('the server has ended'));
        child.stdin.write(serializeMessage(message), (error) => (error ? reject(error) : resolve()));
      }),
    async close() {
      const { pid } = child ?? {};
      if (child === undefined || pid === undefined) return;
      child.stdin.end();
      await Promise.race([child, after(GRACE, undefined, { ref: false })]);
      await endProcessTree(pid, GRACE);
      child.stdout.destroy();
      child.stderr.destroy();
      await child;
    },
  };
  return transport;
}
