import { arch, platform, totalmem } from 'node:os';
import type { Machine } from '../../core/fleet/planFleet.ts';
import { type NvidiaGpus, nvidiaGpus } from './nvidiaSmi.ts';

/** What this machine has for a fleet. */
export interface MachineHere {
  machine: Machine;
  /** As NVIDIA's driver tells it; the plan's numbers are the numbers of these GPUs. */
  nvidia: NvidiaGpus;
}

const BYTES_IN_GIB = 1024 ** 3;
/** macOS lets its GPU have three quarters of a large memory, two thirds of a small one. GiB. */
const LARGE_MAC = 36;

/** Looks at the GPUs and the memory of this machine; starts nothing but `nvidia-smi`. */
export async function machineHere(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<MachineHere> {
  const memory = memoryHere();
  if (platform() === 'darwin') {
    const forGpu = memory * (memory >= LARGE_MAC ? 3 / 4 : 2 / 3);
    const machine: Machine = arch() === 'arm64' ? { gpus: [forGpu], kind: 'metal', memory } : { gpus: [], memory };
    // NVIDIA makes no driver for it.
    return { machine, nvidia: { kind: 'noDriver' } };
  }
  const nvidia = await nvidiaGpus(env, signal);
  const machine: Machine = {
    gpus: nvidia.kind === 'gpus' ? memoriesOf(nvidia.gpus) : [],
    memory,
    // A driver that fails has no GPUs to tell of; that is another matter than a machine without any.
    ...(nvidia.kind === 'failed' ? { why: `NVIDIA's driver does not work: ${nvidia.why.replace(/\.$/, '')}` } : {}),
  };
  return { machine, nvidia };
}

/** By the number of the GPU. One that has no memory of its own, or does not tell it, is there and of no use. */
function memoriesOf(gpus: readonly { number: number; total?: number }[]): number[] {
  const count = Math.max(0, ...gpus.map(({ number }) => number + 1));
  return Array.from({ length: count }, (_, at) => gpus.find(({ number }) => number === at)?.total ?? 0);
}

/** GiB; of a container, what it may have. */
function memoryHere(): number {
  const allowed = process.constrainedMemory();
  return (allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()) / BYTES_IN_GIB;
}
