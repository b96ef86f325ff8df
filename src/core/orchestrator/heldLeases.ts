import { setTimeout as sleep } from 'node:timers/promises';
import type { Ending } from '../../shared/events.ts';
import type { Lease, Leases } from '../ports.ts';
import { StoreError } from '../store/storeError.ts';
import { RunStop } from './runStop.ts';

/**
 * The leases under which a process works on a run: of the run, which fences its log, and of its workspace, because two
 * runs in one workspace would work against each other. Renewed all the while.
 */
export interface HeldLeases {
  /** Of the run, as it was granted last. */
  readonly run: Lease;
  /** Aborts where the run was taken over, or the leases cannot be kept for another reason than a store that is away. */
  readonly lost: AbortSignal;
  /**
   * Resolves when the leases are surely held, so that a new step may begin. While the store is away and they may have run
   * out, it waits.
   * @throws StoreError where they are lost, or the store stays away for too long; RunStop where the workspace is another run's
   */
  sure(): Promise<void>;
  /** Gives them up for a while. Only for a run in which nothing happens. @throws StoreError where that cannot be; then they are held as before */
  letGo(): Promise<void>;
  /** Takes them again. @throws StoreError `fenced` where the run went on without us */
  regain(): Promise<void>;
  /** Gives them up for good. Never rejects: a lease that cannot be released runs out by itself. */
  end(): Promise<void>;
}

export interface LeaseWishes {
  run: { name: string; runId: string };
  workspace: { name: string; root: string };
  /** Says who we are to others who want the same. */
  holder: string;
  /** Takes the run from a living holder, who is told so at its next append. */
  takeOver?: true;
  /** Milliseconds that a store which is away is waited for when the leases may have run out. */
  patience: number;
  signal: AbortSignal;
}

/** Between two tries to renew leases that may have run out, in milliseconds. */
const RETRY = 500;
/** Milliseconds for which somebody else may hold a run who does not work on it: the store's own clean-up. */
const CLEAN_UP = 2_000;

/** @throws RunStop where somebody else holds one of them */
export async function holdLeases(leases: Leases, wishes: LeaseWishes): Promise<HeldLeases> {
  const { holder, signal } = wishes;
  const lost = new AbortController();
  const clock = steadyClock();
  let run: Lease | undefined;
  let workspace: Lease | undefined;
  /** Another run works in the workspace, since we have let it go. */
  let busy: Ending | undefined;
  let sureUntil = clock();
  let renewal: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const held = (): Lease[] => [run, workspace].filter((lease) => lease !== undefined);
  /** From the moment in which it is asked for: who answers late may have let the lease run out. */
  const sureFrom = (asked: number): number => asked + leases.ttl * 0.8;

  async function renewAll(): Promise<void> {
    const asked = clock();
    try {
      const kept = await Promise.all(held().map((lease) => leases.renew(lease)));
      if (kept.every(Boolean)) sureUntil = sureFrom(asked);
      // What was let go meanwhile is nobody's to lose.
      else if (timer !== undefined) lost.abort(takenOver(wishes.run.runId));
    } catch (error) {
      // A store that is away is no loss yet: the leases hold for a while, and after that nothing new begins.
      if (!(error instanceof StoreError && error.failure === 'unreachable')) lost.abort(error);
    }
  }

  function renew(): Promise<void> {
    renewal ??= renewAll().finally(() => {
      renewal = undefined;
    });
    return renewal;
  }

  function startRenewing(asked: number): void {
    sureUntil = sureFrom(asked);
    // Often enough that who was taken over soon knows it, and lets the workspace go.
    timer = setInterval(() => void renew(), leases.ttl / 6);
  }

  async function stopRenewing(): Promise<void> {
    clearInterval(timer);
    timer = undefined;
    await renewal;
  }

  async function releaseAll(): Promise<void> {
    await stopRenewing();
    const leaving = held();
    workspace = undefined;
    await Promise.allSettled(leaving.map((lease) => leases.release(lease)));
  }

  async function takeWorkspace(): Promise<string | undefined> {
    const granted = await leases.acquire(wishes.workspace.name, holder);
    if ('heldBy' in granted) return granted.heldBy;
    workspace = granted;
    return undefined;
  }

  async function takeRun(takeOver: boolean): Promise<string | undefined> {
    const granted = await leases.acquire(wishes.run.name, holder, takeOver ? { takeOver: true } : {});
    if ('heldBy' in granted) return granted.heldBy;
    run = granted;
    return undefined;
  }

  /** Tries for some milliseconds. @returns who has it still */
  async function trying(ms: number, take: () => Promise<string | undefined>): Promise<string | undefined> {
    for (const until = clock() + ms; ; await sleep(RETRY / 5, undefined, { signal })) {
      const heldBy = await take();
      if (heldBy === undefined || clock() > until) return heldBy;
    }
  }

  const takeRunSoon = (): Promise<string | undefined> => trying(CLEAN_UP, () => takeRun(false));

  async function takeBoth(): Promise<void> {
    const asked = clock();
    if (wishes.takeOver) await takeRun(true);
    // Who is at work on the run has the workspace too, and gives it up when it finds the run taken.
    const workspaceOf = await trying(wishes.takeOver ? leases.ttl * 1.5 : 0, takeWorkspace);
    if (workspaceOf !== undefined) throw new RunStop(workspaceBusy(wishes.workspace.root, workspaceOf));
    const runOf = wishes.takeOver ? undefined : await takeRunSoon();
    if (runOf !== undefined) throw new RunStop(runBusy(wishes.run.runId, runOf));
    startRenewing(asked);
    // Taken at first, it may be old by now.
    if (wishes.takeOver) await renew();
  }

  try {
    await takeBoth();
  } catch (error) {
    await releaseAll();
    throw error;
  }

  return {
    get run() {
      return run as Lease;
    },
    lost: lost.signal,
    async sure() {
      for (const until = clock() + wishes.patience; ; await sleep(RETRY, undefined, { signal })) {
        lost.signal.throwIfAborted();
        if (busy) throw new RunStop(busy);
        if (clock() < sureUntil) return;
        await renew();
        if (clock() < sureUntil) return;
        if (clock() > until) throw stillAway(wishes.patience);
      }
    },
    async letGo() {
      await stopRenewing();
      try {
        if (run) await leases.release(run);
      } catch (error) {
        // Still ours, then: there is no letting go while the store is away.
        startRenewing(clock() - leases.ttl);
        throw error;
      }
      const left = workspace;
      workspace = undefined;
      // One that cannot be released runs out by itself.
      if (left) await leases.release(left).catch(() => {});
    },
    async regain() {
      const asked = clock();
      if ((await takeRunSoon()) !== undefined) throw takenOver(wishes.run.runId);
      const heldBy = await takeWorkspace();
      busy = heldBy === undefined ? undefined : workspaceBusy(wishes.workspace.root, heldBy);
      startRenewing(asked);
    },
    end: releaseAll,
  };
}

/** What a process is told that works on a run which another one has taken. */
export function takenOver(runId: string): StoreError {
  return new StoreError(
    'fenced',
    `Run ${runId} was taken over by another process, where it goes on.`,
    `Follow it there, or with: conclave replay ${runId} --follow`,
  );
}

function workspaceBusy(root: string, heldBy: string): Ending {
  return {
    code: 'configuration',
    message: `Another run is at work in ${root}: ${heldBy}.`,
    remedy: 'Wait for it to end or stop it; two runs in one workspace would work against each other.',
  };
}

function runBusy(runId: string, heldBy: string): Ending {
  return {
    code: 'configuration',
    message: `Run ${runId} is being worked on: ${heldBy}.`,
    remedy: 'Follow it there, wait for it to end, or take it over (--take-over).',
  };
}

function stillAway(patience: number): StoreError {
  return new StoreError(
    'unreachable',
    `The store of runs has been away for so long that another process may have taken the run over, and it did not come back within ${Math.round(patience / 60_000)} minutes.`,
    'Start it again, then resume the run: what was done meanwhile is kept on this machine and is added then.',
  );
}

/** Milliseconds since now, by the clock that is ahead: one stands still while the machine sleeps, the other can be set back. */
function steadyClock(): () => number {
  const wall = Date.now();
  const began = performance.now();
  return () => Math.max(performance.now() - began, Date.now() - wall);
}
