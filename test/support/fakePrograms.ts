import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

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

/** The client's part of what every Docker answers. */
const CLIENT: Answers = [
  { to: '--version', stdout: 'Docker version 28.5.1, build e180ab8\n' },
  { to: 'compose version --short', stdout: '2.40.0\n' },
  { to: 'compose version', stdout: 'Docker Compose version v2.40.0\n' },
];

/** @param said what it writes to standard error where it cannot ask its engine */
function unreachable(said: string): Answers {
  return [...CLIENT, { to: '', code: 1, stdout: 'null\n', stderr: `${said}\n` }];
}

/** @param running services of the fleet */
function engine(info: object, running: readonly string[] = []): Answers {
  const all = {
    ...{
      ServerVersion: '28.5.1',
      OperatingSystem: 'Ubuntu 24.04.3 LTS',
      Name: 'box',
      DockerRootDir: '/var/lib/docker',
    },
    ...{ Driver: 'overlay2', CDISpecDirs: ['/etc/cdi', '/var/run/cdi'], ServerErrors: null },
    ...info,
  };
  return [
    ...CLIENT,
    { to: 'version', stdout: '{"Platform":{"Name":"Docker Engine - Community"},"Version":"28.5.1"}\n' },
    { to: 'info', stdout: `${JSON.stringify(all)}\n` },
    { to: 'context inspect', stdout: 'unix:///var/run/docker.sock\n' },
    { to: 'ps', stdout: running.map((name) => `id-of-${name}\n`).join('') },
    { to: 'inspect', stdout: `${JSON.stringify(running.map(container))}\n` },
  ];
}

/** As a bare `docker compose up` of the project has started it. */
function container(service: string): object {
  const Labels = {
    'com.docker.compose.project': 'conclave',
    'com.docker.compose.service': service,
    'com.docker.compose.project.config_files': resolve('docker-compose.yml'),
  };
  return { Id: `id-of-${service}`, Name: `/conclave-${service}-1`, State: { Status: 'running' }, Config: { Labels } };
}

const RUNC = { 'io.containerd.runc.v2': { path: 'runc' }, runc: { path: 'runc' } };

export const DOCKER = {
  /** With NVIDIA's toolkit. */
  withGpus: engine({ Runtimes: { ...RUNC, nvidia: { args: [], path: 'nvidia-container-runtime' } } }),
  /** GPUs as devices, and a service that runs. */
  withDevices: engine({ Runtimes: RUNC, DiscoveredDevices: [{ Source: 'cdi', ID: 'nvidia.com/gpu=0' }] }, [
    'vllm-coder',
  ]),
  withoutGpus: engine({ Runtimes: RUNC }),
  /** Reached through a context of the user's. */
  elsewhere: [...CLIENT, { to: 'context inspect', stdout: 'ssh://me@gpu-box\n' }],
  denied: unreachable(
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.51/version": dial unix /var/run/docker.sock: connect: permission denied',
  ),
  down: unreachable(
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
  ),
  withoutCompose: [
    { to: '--version', stdout: 'Docker version 20.10.24+dfsg1, build 297e128\n' },
    { to: '', code: 1, stderr: "docker: 'compose' is not a docker command.\nSee 'docker --help'\n" },
  ],
  oldCompose: [
    { to: '--version', stdout: 'Docker version 24.0.7, build afdd53b\n' },
    { to: 'compose version', stdout: 'Docker Compose version v2.21.0\n' },
  ],
  podman: [
    {
      to: '--version',
      stdout: 'podman version 4.3.1\n',
      stderr: 'Emulate Docker CLI using podman. Create /etc/containers/nodocker to quiet msg.\n',
    },
  ],
} as const satisfies Record<string, Answers>;
