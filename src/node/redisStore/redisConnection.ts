import { setTimeout as sleep } from 'node:timers/promises';
// The library itself is loaded by who connects: most never do.
import type { Cluster, Redis } from 'ioredis';
import { addressInWords, type RedisAddress } from './redisAddress.ts';
import { ConnectionLost, redisFailure, refusalIn, UnfitServer } from './redisFailure.ts';

/** What commands are given to: a server, or a cluster of them. */
export type Client = Redis | Cluster;

export interface RedisConnection {
  /** The server for people, without user or password. */
  readonly where: string;
  /**
   * Does some work, connecting first where there is no connection. A connection that is lost is made anew and the work
   * is done again, so it must bear that. A server that does not answer is given up after a few seconds.
   *
   * @param what for the error, as the start of a sentence: "Writing events"
   * @throws StoreError
   */
  run<T>(what: string, work: (client: Client) => Promise<T>): Promise<T>;
  /** A connection of its own, for commands that wait. The caller closes it. */
  another(): RedisConnection;
  /** Ends it at once; what is under way fails. */
  close(): void;
}

/** The oldest version that Conclave is made for. */
export const OLDEST_REDIS = 7;

/** Milliseconds until a server that does not answer is given up, and one that is not there. */
const PATIENCE = 5_000;
const RETRIED_FOR = 2_500;
const CONNECT_PATIENCE = 3_000;
/** Milliseconds before the second attempt, and at most between two. Each is drawn at random from half of it upwards. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 1_000;

/** Nothing is connected before the first work. @param options.patience milliseconds that one piece of work may take */
export function openRedisConnection(address: RedisAddress, options: { patience?: number } = {}): RedisConnection {
  const patience = options.patience ?? PATIENCE;
  const where = addressInWords(address);
  let opening: Promise<Opened> | undefined;
  /** The nodes of the cluster, once it is known to be one. */
  let nodes: readonly Node[] = [];
  let closed = false;

  async function open(): Promise<Opened> {
    opening ??= connect(address, nodes);
    return await opening;
  }

  /** Others that waited for the same connection make a new one, too. */
  function drop(lost: Promise<Opened> | undefined): void {
    if (lost === undefined || opening !== lost) return;
    opening = undefined;
    lost.then(
      ({ client }) => client.disconnect(),
      () => undefined,
    );
  }

  async function attempt<T>(work: (client: Client) => Promise<T>, until: number): Promise<T> {
    if (closed) throw new ConnectionLost('the connection was closed');
    const connected = open();
    const used = opening;
    try {
      return await within(
        until,
        (async () => {
          const { client, lastError } = await connected;
          try {
            if (isCluster(client)) nodes = nodesOf(client, address);
            return await work(client);
          } catch (error) {
            throw lostIn(error, lastError());
          }
        })(),
      );
    } catch (error) {
      if (error instanceof ConnectionLost || isOfConnecting(error)) drop(used);
      throw error;
    }
  }

  return {
    where,
    async run(what, work) {
      const begun = Date.now();
      for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
        try {
          return await attempt(work, begun + patience);
        } catch (error) {
          const passes = error instanceof ConnectionLost || refusalIn(error) === 'LOADING';
          const pause = wait * (0.5 + Math.random() / 2);
          if (!passes || closed || Date.now() + pause - begun >= RETRIED_FOR) throw redisFailure(error, what, where);
          await sleep(pause);
        }
      }
    },
    another: () => openRedisConnection(address, options),
    close() {
      closed = true;
      drop(opening);
    },
  };
}

interface Node {
  host: string;
  port: number;
}

interface Opened {
  client: Client;
  /** What the sockets last complained of: a command that fails with its connection does not know why. */
  lastError: () => Error | undefined;
}

/** A connection that is made and lost is not made again by the library: what was under way would be done without us. */
const shared = {
  lazyConnect: true,
  retryStrategy: () => null,
  enableReadyCheck: false,
  connectTimeout: CONNECT_PATIENCE,
  disableClientInfo: true,
  keepAlive: 10_000,
};

async function connect(address: RedisAddress, nodes: readonly Node[]): Promise<Opened> {
  if (nodes.length > 0) return await connectCluster(address, nodes);
  const { host, port, db } = address;
  const { Redis } = await import('./ioredis.ts');
  const client = new Redis({ ...shared, ...credentialsOf(address), host, port, db });
  const lastError = lastErrorOf(client);
  try {
    await client.connect();
    const about = await client.info();
    checkVersion(about);
    if (!/^cluster_enabled:1/m.test(about)) return { client, lastError };
    checkCluster(address, String(await client.cluster('INFO')));
  } catch (error) {
    client.disconnect();
    throw lostIn(error, lastError());
  }
  client.disconnect();
  return await connectCluster(address, [{ host, port }]);
}

async function connectCluster(address: RedisAddress, nodes: readonly Node[]): Promise<Opened> {
  const { Cluster } = await import('./ioredis.ts');
  const client = new Cluster([...nodes], {
    lazyConnect: true,
    clusterRetryStrategy: () => null,
    enableReadyCheck: false,
    slotsRefreshTimeout: CONNECT_PATIENCE,
    redisOptions: { ...shared, ...credentialsOf(address) },
  });
  const lastError = lastErrorOf(client);
  try {
    await client.connect();
    return { client, lastError };
  } catch (error) {
    client.disconnect();
    throw lostIn(error, lastError());
  }
}

function credentialsOf({ username, password, isEncrypted, host }: RedisAddress) {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(isEncrypted ? { tls: /^[\d.]+$|:/.test(host) ? {} : { servername: host } } : {}),
  };
}

/** The servers that hold the data: one, or the masters of a cluster. */
export function mastersOf(client: Client): Redis[] {
  return isCluster(client) ? client.nodes('master') : [client];
}

function isCluster(client: Client): client is Cluster {
  return client.isCluster;
}

/** Where a cluster can be asked again: where it was found first, and all that it named. */
function nodesOf(client: Cluster, { host, port }: Node): Node[] {
  const named = client.nodes('all').map(({ options }) => ({ host: options.host ?? host, port: options.port ?? port }));
  return [{ host, port }, ...named.filter((node) => node.host !== host || node.port !== port)];
}

function checkVersion(about: string): void {
  const version = /^redis_version:(\S+)/m.exec(about)?.[1];
  const major = Number(version?.split('.')[0]);
  if (major < OLDEST_REDIS) {
    throw new UnfitServer(
      `its version is ${version}, which is too old`,
      `Update it to Redis ${OLDEST_REDIS} or newer, or set CONCLAVE_STORE to a folder.`,
    );
  }
}

function checkCluster({ db }: RedisAddress, about: string): void {
  if (db !== 0) throw new UnfitServer('a cluster has no databases but 0', 'Leave the number out of CONCLAVE_STORE.');
  if (/^cluster_state:ok/m.test(about)) return;
  throw new UnfitServer(
    'its cluster is down: some of the slots have no node',
    'See "redis-cli cluster info", and start the nodes that are missing.',
  );
}

function lastErrorOf(client: Client): () => Error | undefined {
  let last: Error | undefined;
  const keep = (error: unknown): void => {
    if (error instanceof Error) last = error;
  };
  // Without a listener the library would print them.
  client.on('error', keep);
  client.on('node error', keep);
  return () => last;
}

/** An error of the library as what it is: an answer of the server as it came, all else as a lost connection. */
function lostIn(error: unknown, last: Error | undefined): unknown {
  if (!(error instanceof Error) || error instanceof UnfitServer || error instanceof ConnectionLost) return error;
  // What is sent behind a password that is wrong is told that one is missing.
  if (last?.name === 'ReplyError' && (error.name !== 'ReplyError' || refusalIn(error) === 'NOAUTH')) return last;
  if (error.name === 'ReplyError') return error;
  if (!isOfLibrary(error)) return error;
  const cause =
    'lastNodeError' in error && error.lastNodeError instanceof Error ? error.lastNodeError : (last ?? error);
  if (cause.name === 'ReplyError') return cause;
  return new ConnectionLost(codeOf(cause), { cause: error });
}

/** A TypeError of ours is no lost connection. */
function isOfLibrary(error: Error): boolean {
  return !(error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError);
}

/** An AggregateError of several addresses has no message of its own. */
function codeOf(error: Error): string {
  const one = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  return 'code' in one && typeof one.code === 'string' ? one.code : one.message;
}

/** These are answers to connecting: the next one shall connect anew, with what may have been changed by then. */
function isOfConnecting(error: unknown): boolean {
  return error instanceof UnfitServer || ['WRONGPASS', 'NOAUTH', 'CLUSTERDOWN'].includes(refusalIn(error) ?? '');
}

async function within<T>(until: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  // Its failure after that is nobody's business any more.
  work.catch(() => undefined);
  try {
    const ms = Math.max(0, until - Date.now());
    return await Promise.race([
      work,
      sleep(ms, undefined, { signal: timer.signal }).then(() => {
        throw new ConnectionLost('no answer in time');
      }),
    ]);
  } finally {
    timer.abort();
  }
}
