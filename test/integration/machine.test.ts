import assert from 'node:assert/strict';
import { machineHere } from '../../src/node/fleet/machine.ts';
import { nvidiaGpus } from '../../src/node/fleet/nvidiaSmi.ts';
import { cannotRunHere } from '../skip.ts';
import { type Answers, type FakePrograms, fakePrograms, NVIDIA_SMI } from '../support/fakePrograms.ts';

const never = new AbortController().signal;

describe('the GPUs of this machine', function () {
  this.timeout(30_000);
  before(function () {
    if (process.platform !== 'linux') cannotRunHere(this, 'programs are replaced by scripts, and a Mac has other GPUs');
  });
  const made: FakePrograms[] = [];
  after(() => {
    for (const programs of made) programs.remove();
  });
  function pathWith(answers?: Answers): NodeJS.ProcessEnv {
    const programs = fakePrograms(answers === undefined ? {} : { 'nvidia-smi': answers });
    made.push(programs);
    return { PATH: programs.path };
  }

  it('are told with their memory and with who takes it', async () => {
    assert.deepEqual(await nvidiaGpus(pathWith(NVIDIA_SMI.twoCards), never), {
      kind: 'gpus',
      gpus: [
        { number: 0, name: 'NVIDIA GeForce RTX 4090', total: 24564 / 1024, free: 24090 / 1024, takenBy: [] },
        {
          number: 1,
          name: 'NVIDIA GeForce RTX 4090',
          total: 24564 / 1024,
          free: 9,
          takenBy: [{ pid: 4711, program: 'ollama', takes: 14.5 }],
        },
      ],
    });
  });

  it('are there without figures where the driver gives none', async () => {
    assert.deepEqual(await nvidiaGpus(pathWith(NVIDIA_SMI.unified), never), {
      kind: 'gpus',
      gpus: [{ number: 0, name: 'NVIDIA GB10', takenBy: [{ pid: 12, program: 'python.exe' }] }],
    });
  });

  it('are none without a driver, without a card, or with a driver that does not run, whose words are kept', async () => {
    assert.deepEqual(await nvidiaGpus(pathWith(), never), { kind: 'noDriver' });
    assert.deepEqual(await nvidiaGpus(pathWith(NVIDIA_SMI.noDevices), never), { kind: 'gpus', gpus: [] });
    const failed = await nvidiaGpus(pathWith(NVIDIA_SMI.noDriverRuns), never);
    assert.match(failed.kind === 'failed' ? failed.why : '', /couldn't communicate with the NVIDIA driver/);
  });

  it('make the machine that a fleet is planned for, by their numbers', async () => {
    const { machine } = await machineHere(pathWith(NVIDIA_SMI.twoCards), never);
    assert.deepEqual(machine.gpus, [24564 / 1024, 24564 / 1024]);
    assert.ok((machine.memory ?? 0) > 0.1);
    const { gpus, why } = (await machineHere(pathWith(), never)).machine;
    assert.deepEqual([gpus, why], [[], undefined]);
    const broken = (await machineHere(pathWith(NVIDIA_SMI.noDriverRuns), never)).machine;
    assert.match(broken.why ?? '', /^NVIDIA's driver does not work: .*couldn't communicate with the NVIDIA driver/);
  });
});
