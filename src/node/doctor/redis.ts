import { connect } from 'node:net';
import type { Finding } from './finding.ts';

/** Milliseconds. */
const LIMIT = 3000;

/** Whether the Redis that the environment names answers; no line where it names none. Its password is neither sent nor shown. */
export async function redisFindings(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Finding[]> {
  const address = addressIn(env);
  if (address === undefined) return [];
  const { host, port, isEncrypted, setBy } = address;
  const where = `${host}:${port}`;
  const seen = await answerOf({ host, port, isEncrypted }, signal);
  switch (seen.kind) {
    case 'redis':
      return [{ what: 'Redis', state: 'good', found: `answers at ${where}` }];
    case 'connected':
      return [{ what: 'Redis', state: 'good', found: `something listens at ${where}, encrypted` }];
    case 'other':
      return [
        {
          what: 'Redis',
          state: 'missing',
          found: `what listens at ${where} does not answer as Redis does`,
          remedy: `Set ${setBy} to the address of a Redis server, version 7 or newer.`,
        },
      ];
    case 'silent':
      return [
        {
          what: 'Redis',
          state: 'missing',
          found: `nothing answers at ${where} (${seen.why})`,
          remedy: `Start Redis there, or set ${setBy} to where it is.`,
        },
      ];
    default:
      return seen satisfies never;
  }
}

interface Address {
  host: string;
  port: number;
  isEncrypted: boolean;
  /** Name of the variable. */
  setBy: string;
}

const DEFAULT_PORT = 6379;

function addressIn({
  CONCLAVE_STORE: store,
  REDIS_HOST: host,
  REDIS_PORT: port,
}: NodeJS.ProcessEnv): Address | undefined {
  if (store) {
    if (!/^rediss?:\/\//i.test(store) || !URL.canParse(store)) return undefined;
    const { protocol, hostname, port: named } = new URL(store);
    return {
      host: hostname.replace(/^\[|\]$/g, '') || 'localhost',
      port: Number(named || DEFAULT_PORT),
      isEncrypted: protocol === 'rediss:',
      setBy: 'CONCLAVE_STORE',
    };
  }
  if (!host) return undefined;
  return { host, port: Number(port || DEFAULT_PORT), isEncrypted: false, setBy: 'REDIS_HOST and REDIS_PORT' };
}

type Answer = { kind: 'redis' | 'connected' | 'other' } | { kind: 'silent'; why: string };

function answerOf(
  { host, port, isEncrypted }: Pick<Address, 'host' | 'port' | 'isEncrypted'>,
  signal: AbortSignal,
): Promise<Answer> {
  signal.throwIfAborted();
  if (!(port > 0 && port < 65_536)) return Promise.resolve({ kind: 'silent', why: 'not a port' });
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    const end = (answer: Answer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(LIMIT, () => end({ kind: 'silent', why: `no answer within ${LIMIT / 1000} s` }));
    socket.once('error', (error: NodeJS.ErrnoException) => end({ kind: 'silent', why: error.code ?? error.message }));
    socket.once('connect', () => {
      if (isEncrypted) return end({ kind: 'connected' });
      socket.write('PING\r\n');
    });
    // To be asked for a password is an answer, too.
    socket.once('data', (data) =>
      end({ kind: /^(\+PONG|-NOAUTH|-DENIED|-LOADING)/.test(String(data)) ? 'redis' : 'other' }),
    );
    socket.once('close', () => end({ kind: 'other' }));
  });
}
