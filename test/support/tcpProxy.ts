import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server on this machine that can be meddled with. */
export interface TcpProxy {
  port: number;
  /** Changes what the server says. */
  changeAnswers(change: (said: string) => string): void;
  /** Lets the next request through, and breaks the connection when its answer comes. @returns when that has happened */
  loseNextAnswer(): Promise<void>;
  /** Breaks what goes through it and lets nothing in, until it is opened again: the server is away. */
  shut(): void;
  open(): void;
  close(): void;
}

export async function startTcpProxy(to: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let change: ((said: string) => string) | undefined;
  let lose: (() => void) | undefined;
  let isOpen = true;
  const server = createServer((client) => {
    if (!isOpen) {
      client.destroy();
      return;
    }
    const upstream = connect(to, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    }
    client.pipe(upstream);
    upstream.on('data', (data) => {
      if (lose !== undefined) {
        lose();
        lose = undefined;
        client.destroy();
        upstream.destroy();
        return;
      }
      client.write(change === undefined ? data : change(data.toString('latin1')), 'latin1');
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    changeAnswers(by) {
      change = by;
    },
    loseNextAnswer: () =>
      new Promise((lost) => {
        lose = lost;
      }),
    shut() {
      isOpen = false;
      breakAll();
    },
    open() {
      isOpen = true;
    },
    close() {
      server.close();
      breakAll();
    },
  };
}
