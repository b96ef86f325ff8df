import { setTimeout } from 'node:timers/promises';
import type { Memory } from '../ports.ts';

/** Milliseconds that a run waits for it. */
const PATIENCE = 5_000;

/**
 * The memory as a run uses it: one that cannot be read is empty, and one that cannot be written forgets, because no run
 * shall stop or wait for want of it. Never rejects.
 * @param onLost told once, with a sentence of what went wrong
 */
export function openRunMemory(memory: Memory, onLost: (message: string) => void, patience = PATIENCE): Memory {
  let isLost = false;
  /** Once was enough: it is not asked again. */
  let isSilent = false;
  async function trying<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    if (isSilent) return otherwise;
    try {
      return await within(work(), patience);
    } catch (error) {
      if (!isLost) onLost(error instanceof Error ? error.message : String(error));
      isLost = true;
      isSilent = error instanceof Silence;
      return otherwise;
    }
  }
  return {
    recall: (workspace) => trying(() => memory.recall(workspace), []),
    remember: (workspace, entries) => trying(() => memory.remember(workspace, entries), undefined),
    forget: (workspace, ids) => trying(() => memory.forget(workspace, ids), undefined),
    plan: (key) => trying(() => memory.plan(key), undefined),
    keepPlan: (key, json) => trying(() => memory.keepPlan(key, json), undefined),
    forgetPlan: (key) => trying(() => memory.forgetPlan(key), undefined),
  };
}

class Silence extends Error {}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const done = new AbortController();
  const late = setTimeout(ms, undefined, { signal: done.signal }).then(() => {
    throw new Silence(`The memory of earlier runs did not answer within ${ms / 1000} s.`);
  });
  // Aborted below, once it is not needed any more.
  late.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}
