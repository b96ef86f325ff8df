import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What a program answers, by the start of its arguments; the first that fits. */
export type Answers = readonly {
  /** Joined by spaces: "compose version". */
  to: string;
  stdout?: string;
  stderr?: string;
  code?: number;
}[];

/** A folder with programs that answer what they are told to, for PATH. Everything else that they are asked fails. */
export interface FakePrograms {
  /** PATH with these programs and none of this machine's but Node's. */
  path: string;
  /** The same, and this machine's after them. */
  pathBefore: string;
  remove(): void;
}

/** @param programs by name, for example docker and nvidia-smi, which real machines may lack */
export function fakePrograms(programs: Readonly<Record<string, Answers>>): FakePrograms {
  const dir = mkdtempSync(join(tmpdir(), 'conclave-programs-'));
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  for (const [name, answers] of Object.entries(programs)) {
    const script = `#!${process.execPath}
const asked = process.argv.slice(2).join(' ');
const answer = ${JSON.stringify(answers)}.find(({ to }) => asked.startsWith(to));
process.stdout.write(answer?.stdout ?? '');
process.stderr.write(answer ? (answer.stderr ?? '') : 'not known: ' + asked);
process.exitCode = answer ? (answer.code ?? 0) : 1;
`;
    writeFileSync(join(bin, name), script);
    chmodSync(join(bin, name), 0o755);
  }
  return {
    path: bin,
    pathBefore: [bin, process.env.PATH ?? ''].join(delimiter),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Programs with answers that real ones gave, or that their documentation shows. */
export const NVIDIA_SMI = {
  /** A card that is free, and one that somebody else computes on. */
  twoCards: [
    {
      to: '--query-gpu=',
      stdout: [
        '0, GPU-5fd21ae2-5d0e-4c59-a1d8-3e0d6f6e2f8b, NVIDIA GeForce RTX 4090, 24564, 24090',
        '1, GPU-0b2b7a0c-8c1f-4d7f-9f4e-1a2b3c4d5e6f, NVIDIA GeForce RTX 4090, 24564, 9216',
        '',
      ].join('\n'),
    },
    {
      to: '--query-compute-apps=',
      stdout: 'GPU-0b2b7a0c-8c1f-4d7f-9f4e-1a2b3c4d5e6f, 4711, 14848, /usr/local/bin/ollama\n',
    },
  ],
  /** 48 GB, nobody on it. */
  oneCard: [
    {
      to: '--query-gpu=',
      stdout: '0, GPU-5fd21ae2-5d0e-4c59-a1d8-3e0d6f6e2f8b, NVIDIA RTX 6000 Ada Generation, 46068, 45520\n',
    },
    { to: '--query-compute-apps=', stdout: '' },
  ],
  /** With the memory of the whole machine in place of its own. */
  unified: [
    { to: '--query-gpu=', stdout: '0, GPU-6a1d, NVIDIA GB10, [N/A], [N/A]\n' },
    { to: '--query-compute-apps=', stdout: 'GPU-6a1d, 12, [N/A], C:\\Program Files\\a, b\\python.exe\n' },
  ],
  noDriverRuns: [
    {
      to: '',
      code: 9,
      stdout:
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n",
    },
  ],
  noDevices: [{ to: '', code: 6, stdout: 'No devices were found\n' }],
} as const satisfies Record<string, Answers>;
