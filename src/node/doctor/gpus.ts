import type { PlannedService } from '../../core/fleet/driver.ts';
import type { Gpu, NvidiaGpus } from '../fleet/nvidiaSmi.ts';
import type { Finding } from './finding.ts';

/**
 * NVIDIA's GPUs: their memory, and whether what the fleet is still to take of it is free.
 * @param toStart services that do not run yet; vLLM ends at once where less is free than its share
 */
export function gpuFindings(nvidia: NvidiaGpus, toStart: readonly PlannedService[]): Finding[] {
  switch (nvidia.kind) {
    case 'noDriver':
      return [
        {
          what: 'GPU',
          state: 'missing',
          found: 'no NVIDIA driver: there is no nvidia-smi on PATH',
          remedy: "Install NVIDIA's driver; on a machine without such a GPU, choose a profile that needs none.",
        },
      ];
    case 'failed':
      return [
        {
          what: 'GPU',
          state: 'missing',
          found: `NVIDIA's driver does not work: ${nvidia.why}`,
          remedy: /mismatch/i.test(nvidia.why)
            ? 'The driver was updated: restart the machine.'
            : 'Install the driver anew, and restart the machine.',
        },
      ];
    case 'gpus':
      return nvidia.gpus.length === 0
        ? [{ what: 'GPU', state: 'missing', found: "NVIDIA's driver is there, and sees no GPU", remedy: SEE_GPU }]
        : nvidia.gpus.map((gpu) => gpuFinding(gpu, nvidia.gpus.length, toStart));
    default:
      return nvidia satisfies never;
  }
}

const SEE_GPU = 'Check that the GPU is seated and powered; of a virtual machine or container, that it was given one.';

/** GiB that a figure may be off without being worth a line. */
const TOLERANCE = 0.1;

function gpuFinding(gpu: Gpu, count: number, toStart: readonly PlannedService[]): Finding {
  const { number, name, total, free, takenBy } = gpu;
  const what = count === 1 ? 'GPU' : `GPU ${number}`;
  if (total === undefined) return { what, state: 'good', found: `${name}; its driver tells no memory of its own` };
  const programs = takenBy.map(
    ({ pid, program, takes }) => `process ${pid} (${program}${takes === undefined ? '' : `, ${inGib(takes)} GiB`})`,
  );
  const figures = `${name}, ${inGib(total)} GiB${free === undefined ? '' : `, ${inGib(free)} free`}`;
  const found = programs.length === 0 ? figures : `${figures}; used by ${programs.join(', ')}`;
  const share = toStart.reduce((sum, service) => sum + (service.gpus.includes(number) ? shareOf(service) : 0), 0);
  const missing = free === undefined ? 0 : share * total - free;
  if (missing <= TOLERANCE) return { what, state: 'good', found };
  const names = toStart.filter(({ gpus }) => gpus.includes(number)).map((service) => service.name);
  return {
    what,
    state: 'missing',
    found: `${found}; ${names.join(', ')} would take ${inGib(share * total)} GiB`,
    remedy: `Free ${inGib(missing)} GiB${programs.length === 0 ? '' : `: end ${programs.join(' or ')}`}, or choose a smaller profile.`,
  };
}

function shareOf({ serves }: PlannedService): number {
  const share = serves?.options['gpu-memory-utilization'];
  return typeof share === 'number' ? share : 0;
}

const inGib = (gib: number): string => `${Math.round(gib * 10) / 10}`;
