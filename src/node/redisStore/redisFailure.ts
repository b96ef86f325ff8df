import { StoreError } from '../../core/store/storeError.ts';

/** No answer came: the server is away, stands still, or was lost. Everything else is an answer, and often a refusal. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** A server that answers, but that Conclave cannot use. `found` is a clause without a full stop. */
export class UnfitServer extends Error {
  override readonly name = 'UnfitServer';
  readonly remedy: string;

  constructor(found: string, remedy: string) {
    super(found);
    this.remedy = remedy;
  }
}

/** What Redis refuses, by the first word of its answer; here without the server's name. */
const REFUSALS: Record<string, RedisTrouble> = {
  OOM: {
    failure: 'full',
    found: 'its memory is full (maxmemory)',
    remedy: 'Delete old runs or raise "maxmemory" of the server, then resume.',
  },
  MISCONF: {
    failure: 'full',
    found: 'it takes no more writes because it cannot save its data on its own disk',
    remedy: 'Make room on the disk of the server and see its log, then resume.',
  },
  READONLY: {
    failure: 'unreachable',
    found: 'it is a replica, which only reads',
    remedy: 'Set CONCLAVE_STORE (or REDIS_HOST) to the master that it copies.',
  },
  WRONGPASS: {
    failure: 'unreachable',
    found: 'it does not know this user and password',
    remedy: 'Set REDIS_PASSWORD, or the password in CONCLAVE_STORE, to the one that the server was started with.',
  },
  NOAUTH: {
    failure: 'unreachable',
    found: 'it asks for a password, and none is set',
    remedy: 'Set REDIS_PASSWORD, or name the password in CONCLAVE_STORE: redis://:PASSWORD@HOST:PORT.',
  },
  NOPERM: {
    failure: 'unreachable',
    found: 'this user may not do that',
    remedy: 'Give the user the keys and commands that it lacks: ACL SETUSER NAME ~PREFIX* +@all -@dangerous +info.',
  },
  LOADING: {
    failure: 'unreachable',
    found: 'it is still loading its data',
    remedy: 'Wait until it has loaded, then try again.',
  },
  CLUSTERDOWN: {
    failure: 'unreachable',
    found: 'the cluster is down: some of its slots have no node',
    remedy: 'See "redis-cli cluster info" and start the nodes that are missing.',
  },
  MASTERDOWN: {
    failure: 'unreachable',
    found: 'it is a replica whose master is away',
    remedy: 'Start the master, or set CONCLAVE_STORE to another server.',
  },
  BUSY: {
    failure: 'unreachable',
    found: 'it is busy with a script of somebody else',
    remedy: 'Wait, or end that script with "redis-cli script kill".',
  },
  WRONGTYPE: {
    failure: 'corrupt',
    found: 'a key of Conclave holds something of another type, so another program uses the same keys',
    remedy: 'Give Conclave keys of its own: add "?prefix=conclave:" to CONCLAVE_STORE, or name another database.',
  },
};

/** What a failed command means. `found` is a clause without a full stop, the server named in it. */
export interface RedisTrouble {
  failure: 'full' | 'unreachable' | 'corrupt';
  found: string;
  remedy: string;
}

/** @param where the server, without user or password. @returns undefined where no server caused the error */
export function troubleFrom(error: unknown, where: string): RedisTrouble | undefined {
  const redis = `Redis at ${where}`;
  if (error instanceof UnfitServer) {
    return { failure: 'unreachable', found: `${redis} cannot be used, because ${error.message}`, remedy: error.remedy };
  }
  if (error instanceof ConnectionLost) {
    return {
      failure: 'unreachable',
      found: `${redis} cannot be reached (${error.message})`,
      remedy: 'Start Redis there, or check the network and the address in CONCLAVE_STORE or REDIS_HOST.',
    };
  }
  if (!isReply(error)) return undefined;
  const word = refusalIn(error);
  const refusal = word === undefined ? undefined : REFUSALS[word];
  if (refusal !== undefined) return { ...refusal, found: `${redis} refuses, because ${refusal.found} (${word})` };
  return { failure: 'unreachable', found: `${redis} answers: ${error.message}`, remedy: 'See the log of the server.' };
}

/**
 * A failed command as a StoreError that says what failed, where and what to do. Errors that no server caused
 * (programming errors, StoreErrors) come back as they are.
 *
 * @param what what failed, as the start of a sentence: "Writing events"
 */
export function redisFailure(error: unknown, what: string, where: string): unknown {
  const trouble = troubleFrom(error, where);
  if (trouble === undefined) return error;
  return new StoreError(trouble.failure, `${what} failed: ${trouble.found}.`, trouble.remedy, { cause: error });
}

/** The key holds something that none of our scripts wrote. */
export function wrongType(what: string, where: string, key: string, type: string): StoreError {
  return new StoreError(
    'corrupt',
    `${what} failed: in Redis at ${where}, key "${key}" is a ${type}, and so not of Conclave.`,
    `Another program uses the same keys. Give Conclave keys of its own: add "?prefix=conclave:" to CONCLAVE_STORE, or name another database; or remove that key.`,
  );
}

/** No events are kept under that name. */
export function unknownRun(runId: string, where: string): StoreError {
  return new StoreError(
    'unknownRun',
    `There is no run "${runId}" in Redis at ${where}.`,
    'See "conclave runs" for the runs there are.',
  );
}

/** The first word of an answer that is an error ("OOM"). */
export function refusalIn(error: unknown): string | undefined {
  return isReply(error) ? /^([A-Z]+)\b/.exec(error.message)?.[1] : undefined;
}

function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}
