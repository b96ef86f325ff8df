import { tmpdir } from 'node:os';
import { nodeProcesses } from '../processes.ts';

/** One of NVIDIA's GPUs, as its driver tells. Memory in GiB; absent where the driver does not say. */
export interface Gpu {
  number: number;
  /** "NVIDIA GeForce RTX 4090". */
  name: string;
  total?: number;
  free?: number;
  takenBy: GpuProcess[];
}

/** A program that computes on a GPU. */
export interface GpuProcess {
  pid: number;
  /** The name of its file. */
  program: string;
  /** GiB; absent where the system does not tell. */
  takes?: number;
}

export type NvidiaGpus =
  /** No `nvidia-smi`, which comes with the driver. */
  | { kind: 'noDriver' }
  /** It is there, and fails. `why`: its own words. */
  | { kind: 'failed'; why: string }
  | { kind: 'gpus'; gpus: Gpu[] };

/** Milliseconds. A driver that wakes its cards takes some seconds. */
const LIMIT = 10_000;
const MIB_IN_GIB = 1024;

/** Asks NVIDIA's driver for its GPUs: their memory, and who takes it. */
export async function nvidiaGpus(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<NvidiaGpus> {
  const ask = (query: string) =>
    nodeProcesses().run(['nvidia-smi', query, '--format=csv,noheader,nounits'], {
      cwd: tmpdir(),
      signal,
      timeout: LIMIT,
      env: { ...(env.PATH === undefined ? {} : { PATH: env.PATH }), LC_ALL: 'C' },
    });
  const [cards, programs] = await Promise.all([
    ask('--query-gpu=index,uuid,name,memory.total,memory.free'),
    ask('--query-compute-apps=gpu_uuid,pid,used_memory,process_name'),
  ]);
  if (cards.ended === 'not_found') return { kind: 'noDriver' };
  if (/^No devices were found/m.test(cards.output)) return { kind: 'gpus', gpus: [] };
  if (cards.exitCode !== 0) {
    const said = cards.output.trim().replaceAll(/\s*\n\s*/g, ' ');
    return { kind: 'failed', why: said === '' ? `nvidia-smi does not answer within ${LIMIT / 1000} s` : said };
  }
  // On Windows and in WSL it may know no programs; the cards are told all the same.
  const taken = programs.exitCode === 0 ? rowsOf(programs.output) : [];
  const gpus = rowsOf(cards.output).flatMap(([index, uuid, name, total, free]): Gpu[] => {
    if (!/^\d+$/.test(index ?? '')) return [];
    const takenBy = taken.flatMap(([on, pid, takes, ...program]): GpuProcess[] =>
      on === uuid && /^\d+$/.test(pid ?? '')
        ? [{ pid: Number(pid), program: fileName(program.join(', ')), ...gib('takes', takes) }]
        : [],
    );
    return [
      { number: Number(index), name: name ?? 'NVIDIA GPU', ...gib('total', total), ...gib('free', free), takenBy },
    ];
  });
  return { kind: 'gpus', gpus };
}

function rowsOf(csv: string): string[][] {
  return csv.split(/\r?\n/).map((line) => line.split(', ').map((cell) => cell.trim()));
}

/** From MiB; what is "[N/A]" or "[Insufficient Permissions]" is absent. */
function gib<Key extends string>(key: Key, mib: string | undefined): Partial<Record<Key, number>> {
  return /^\d+(\.\d+)?$/.test(mib ?? '') ? ({ [key]: Number(mib) / MIB_IN_GIB } as Record<Key, number>) : {};
}

function fileName(path: string): string {
  return path.split(/[\\/]/).at(-1) || path;
}
