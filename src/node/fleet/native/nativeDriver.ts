import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  DriverError,
  type FetchProgress,
  type FleetDriver,
  type PlannedService,
  type Seen,
} from '../../../core/fleet/driver.ts';
import { flagsOf } from '../../../core/fleet/flags.ts';
import { createNudge, toldOr } from '../../../core/fleet/turns.ts';
import { errorCode } from '../../paths.ts';
import { endProcessTree, isTreeAlive } from '../../processTree.ts';
import { portHolder } from '../portHolder.ts';
import { bootId, identityOf as identityHere, isBeforeBoot } from './processIdentity.ts';
import { openRecords, type ServerRecord } from './records.ts';
import { openServerLogs } from './serverLog.ts';

/** How a service is started here. */
export interface NativeCommand {
  /** The program and its arguments. */
  argv: readonly string[];
  /** All variables of its process. */
  env: Readonly<Record<string, string>>;
}

export interface NativeParts {
  /** Absolute; the driver's own: records of what runs, and logs. */
  dir: string;
  commandFor: (service: PlannedService) => Promise<NativeCommand>;
  /** Fetches the weights of one service. @throws DriverError */
  fetchWeights: (
    service: PlannedService,
    onProgress: (progress: FetchProgress) => void,
    signal: AbortSignal,
  ) => Promise<void>;
  /** See processIdentity; of this machine where absent. */
  identityOf?: (pid: number) => Promise<string | undefined>;
}

/** As shells say that a process was killed: 128, and the number of the signal. */
const KILLED = 137;

/** Milliseconds between two looks at processes, of which no system tells when they end. */
const LOOK_AGAIN = 1000;
/** The same while nobody looks closely: every window of an editor does. */
const LOOK_SELDOM = 10_000;
/** Milliseconds for an orderly end. A server with an open stream may otherwise never come to it. */
const GRACE = 5000;
/** Milliseconds until what was killed must be gone. */
const UNTIL_GONE = 10_000;

/**
 * Runs services as processes of this machine, which outlive ours. Each leads a process group, writes into a log of its
 * own, and is written down with what tells its first process from a later one with the same number, so that nothing is
 * ever ended that is not ours.
 */
export function openNativeDriver({
  dir,
  commandFor,
  fetchWeights,
  identityOf = identityHere,
}: NativeParts): FleetDriver {
  const records = openRecords(dir);
  const logs = openServerLogs(`${dir}/logs`);
  const changed = createNudge();

  async function start(service: PlannedService, signal: AbortSignal): Promise<void> {
    const { name, port } = service;
    signal.throwIfAborted();
    const before = await records.read(name);
    if (before !== undefined) await endAllOf(before);
    const holder = await portHolder(port);
    if (holder !== undefined) {
      throw new DriverError(
        `${name} cannot be started: its port ${port} is taken by ${holder}.`,
        'Stop that program, or take it for the role instead (endpoints in the settings).',
      );
    }
    const { record, ended } = await launch(service, await commandFor(service));
    changed.tell();
    // Where it cannot be written down, the next look sees it.
    void ended.then((code) => noteEnd(record, code)).catch(() => {});
  }

  /** @returns once it is written down */
  async function launch(
    service: PlannedService,
    { argv, env }: NativeCommand,
  ): Promise<{ record: ServerRecord; ended: Promise<number | null> }> {
    const { name } = service;
    const [program = '', ...args] = argv;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const log = await logs.begin(name);
    try {
      const child = spawn(program, args, {
        cwd: dir,
        env: { ...env },
        stdio: ['ignore', log.fd, log.fd],
        // It outlives us, with all its processes in a group of their own.
        detached: true,
        windowsHide: true,
      });
      child.unref();
      const ended = new Promise<number | null>((resolve) => {
        child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? KILLED : null)));
      });
      const pid = await new Promise<number | undefined>((resolve, reject) => {
        child.once('spawn', () => resolve(child.pid)).once('error', (error) => reject(notStarted(program, error)));
      });
      if (pid === undefined) throw new Error(`${program} was started without a number`);
      try {
        // One that has ended already has none, and none is like it.
        const [identity = 'ended', boot] = await Promise.all([identityOf(pid), bootId()]);
        const record: ServerRecord = {
          ...{ name, pid, identity, boot },
          flags: flagsOf(service),
          since: new Date().toISOString(),
        };
        await records.write(name, record);
        return { record, ended };
      } catch (error) {
        // Nobody would know of it, and nobody could end it.
        await endProcessTree(pid, 0);
        throw notWritten(name, error);
      }
    } finally {
      await log.close();
    }
  }

  /** While we live we see how our own end; what they leave behind would keep their memory for nobody. */
  async function noteEnd(record: ServerRecord, code: number | null): Promise<void> {
    await endProcessTree(record.pid, 0);
    if (!isDeepStrictEqual(await records.read(record.name), record)) return;
    await records.write(record.name, { ...record, end: { kind: 'ended', code } });
    changed.tell();
  }

  async function look(signal: AbortSignal): Promise<Seen[]> {
    signal.throwIfAborted();
    const all = await records.all();
    return Promise.all(
      all.map(async (record) => {
        const { name, flags } = record;
        return { name, run: await runOf(record), ...(flags === undefined ? {} : { flags }) };
      }),
    );
  }

  async function runOf(record: ServerRecord): Promise<Seen['run']> {
    const { since, end, name } = record;
    switch (end?.kind) {
      case 'stopped':
        return { kind: 'ended', code: null, byUser: true, since, restarts: 0 };
      case 'ended':
        return { kind: 'ended', code: end.code, byUser: false, since, restarts: 0 };
      case undefined:
        break;
      default:
        return end satisfies never;
    }
    if ((await leaderOf(record)) === 'ours') {
      await logs.trim(name);
      return { kind: 'running', health: 'none', since, restarts: 0 };
    }
    // Its first process has ended while nobody of us was there.
    await endAllOf(record);
    const now = await records.read(name);
    if (now !== undefined && !isDeepStrictEqual(now, record)) return runOf(now);
    if (now !== undefined) await records.write(name, { ...record, end: { kind: 'ended', code: null } });
    return { kind: 'ended', code: null, byUser: false, since, restarts: 0 };
  }

  /**
   * Whose the process is that has the number of a server's first one.
   * @throws DriverError where the system does not tell: then nothing may be ended
   */
  async function leaderOf({ name, pid, identity }: ServerRecord): Promise<'ours' | 'another' | 'gone'> {
    try {
      const found = await identityOf(pid);
      return found === undefined ? 'gone' : found === identity ? 'ours' : 'another';
    } catch (cause) {
      throw new DriverError(
        `Whether ${name} runs is not known: its process ${pid} could not be looked at (${messageOf(cause)}).`,
        'Try again; if it stays so, see what the machine has run out of.',
        { cause },
      );
    }
  }

  /**
   * Ends what is left of a server: the whole group, and what has left it. Where another process has its number now, or the
   * machine was started anew meanwhile, nothing of it is.
   * @throws DriverError where it does not end
   */
  async function endAllOf(record: ServerRecord): Promise<void> {
    const { name, pid, boot, since, end } = record;
    const leader = await leaderOf(record);
    if (leader === 'another') return;
    // What was ended before left nothing; a group of that number may be somebody else's by now.
    if (leader === 'gone' && (end !== undefined || (await isBeforeBoot({ boot, at: since })))) return;
    await endProcessTree(pid, leader === 'gone' ? 0 : GRACE);
    const limit = performance.now() + UNTIL_GONE;
    while (await isTreeAlive(pid)) {
      if (performance.now() >= limit) {
        throw new DriverError(
          `${name} does not end: process ${pid} is still there although it was killed.`,
          'It may wait for a device; when that does not pass, only a restart of the machine helps.',
        );
      }
      await sleep(50);
    }
  }

  async function stop(names: readonly string[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await Promise.all(
      names.map(async (name) => {
        const record = await records.read(name);
        if (record === undefined || record.end?.kind === 'stopped') return;
        // Said first, so that nobody who looks meanwhile takes it for a failure.
        await records.write(name, { ...record, end: { kind: 'stopped' } });
        changed.tell();
        await endAllOf(record);
      }),
    );
    changed.tell();
  }

  return {
    start,
    stop,
    look,
    async down(signal) {
      const names = (await records.all()).map(({ name }) => name);
      await stop(names, signal);
      for (const name of names) {
        // Another process may have started it again meanwhile.
        if ((await records.read(name))?.end === undefined) continue;
        await records.remove(name);
        await logs.remove(name);
      }
      changed.tell();
    },
    async *changes(signal, how = 'closely') {
      let known = JSON.stringify(await look(signal));
      while (!signal.aborted) {
        const ms = how === 'closely' ? LOOK_AGAIN : LOOK_SELDOM;
        // Only the signal ends it otherwise.
        await toldOr(changed.next(), (own) => sleep(ms, undefined, { signal: own }), signal).catch(() => {});
        if (signal.aborted) return;
        const now = JSON.stringify(await look(signal));
        if (now !== known) yield;
        known = now;
      }
    },
    logs: (name, options, signal) => logs.read(name, options, signal),
    async fetch(services, onProgress, signal) {
      for (const service of services) await fetchWeights(service, onProgress, signal);
    },
  };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function notWritten(name: string, cause: unknown): DriverError {
  return new DriverError(
    `${name} was ended as soon as it was started: it could not be written down (${messageOf(cause)}).`,
    'See that the data folder can be written to, and start it again.',
    { cause },
  );
}

function notStarted(program: string, cause: Error): DriverError {
  return errorCode(cause) === 'ENOENT'
    ? new DriverError(
        `There is no program ${program}.`,
        'Install vLLM (README, "The fleet"), or set fleet.vllm to the program or the command that starts it.',
        { cause },
      )
    : new DriverError(
        `${program} could not be started (${cause.message}).`,
        'Check that it is a program that you may run, or set fleet.vllm to another.',
        { cause },
      );
}
