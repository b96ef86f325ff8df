import { DriverError } from '../../../core/fleet/driver.ts';

/** What was being done, for the words of a failure. */
export interface Doing {
  /** "start vllm-coder". */
  what: string;
  /** What is kept out of messages: passwords and tokens. */
  secrets: readonly string[];
}

interface Sign {
  pattern: RegExp;
  message: (found: RegExpExecArray) => string;
  remedy: string;
}

const LOOK_AT_CONTEXT =
  'If the engine is elsewhere, check "docker context show", DOCKER_HOST and DOCKER_CONTEXT, which Conclave uses as they are.';

/** What the client and the engine say, first match first, and what it means. */
const SIGNS: readonly Sign[] = [
  {
    pattern: /permission denied while trying to connect to the [Dd]ocker|dial unix \S+: connect: permission denied/,
    message: () => 'You may not use the Docker engine: its socket belongs to others.',
    remedy:
      'Add yourself to the group of the socket ("sudo usermod -aG docker $USER"), then log in anew and restart the editor; or use rootless Docker.',
  },
  {
    pattern: /no space left on device|disk quota exceeded|There is not enough space on the disk/i,
    message: () => 'The disk of the Docker engine is full.',
    remedy: 'Make room, for example with "docker system df" and "docker image prune", and try again.',
  },
  {
    pattern:
      /could not select device driver|unknown or invalid runtime name: nvidia|CDI device injection failed|failed to discover GPU vendor/,
    message: () => 'The Docker engine cannot give a container a GPU: it has no NVIDIA runtime.',
    remedy:
      'Install the NVIDIA Container Toolkit, run "sudo nvidia-ctk runtime configure --runtime=docker" and restart Docker; or choose a profile without a GPU.',
  },
  {
    pattern: /nvidia-container-cli: (.+)/,
    message: ([, why]) => `The NVIDIA runtime cannot give the container its GPU (${why}).`,
    remedy:
      'Check that "nvidia-smi" works on this machine and shows the GPUs of the profile; a driver that was updated wants a restart.',
  },
  {
    pattern: /Bind for \S*?:(\d+) failed: port is already allocated/,
    message: ([, port]) => `Port ${port} is taken by another container.`,
    remedy: 'Stop that container ("docker ps" shows which), and start the service again.',
  },
  {
    pattern:
      /(?:listen tcp\d? \S*?:(\d+): )?bind: (?:address already in use|Only one usage of each socket address)|[Pp]orts are not available.*?:(\d+)/,
    message: ([, port, other]) => `Port ${port ?? other ?? 'of the service'} is taken by another program.`,
    remedy: 'Stop the program that listens there, and start the service again.',
  },
  {
    pattern: /toomanyrequests|rate limit/i,
    message: () => 'The registry of the images gives out no more for now: its limit for this address is reached.',
    remedy: 'Wait some hours, or log in with "docker login", which has a higher limit.',
  },
  {
    pattern:
      /pull access denied for ([^\s,]+)|Error response from daemon: (?:denied|unauthorized)|requested access to the resource is denied|unauthorized: |HTTP Basic: Access denied|no basic auth credentials/,
    message: ([, image]) =>
      `The registry does not give out ${image ? `the image ${image}` : 'the image'}: there is none of that name, or it wants a login.`,
    remedy: 'Check the name of the image in docker-compose.yml; where it is a private one, "docker login" first.',
  },
  {
    pattern: /manifest for (\S+) not found|(\S+): not found|manifest unknown|no matching manifest for/,
    message: ([, image, other]) =>
      `There is no image ${image ?? other ?? 'of that name and tag'} for this kind of machine in the registry.`,
    remedy: 'Check its name and tag in docker-compose.yml, and that this machine is of a kind for which it is made.',
  },
  {
    pattern: /No such image: (\S+)/,
    message: ([, image]) => `The image ${image} is not on this machine.`,
    remedy: 'Fetch it with "conclave fleet pull".',
  },
  {
    pattern:
      /(?:dial tcp|lookup|proxyconnect)[^\n]*?(?:no such host|i\/o timeout|connection refused|network is unreachable|no route to host|server misbehaving|Temporary failure)|TLS handshake timeout|Client\.Timeout exceeded|request canceled while waiting for connection/,
    message: () => 'The registry of the images cannot be reached from here.',
    remedy: 'Check the connection and the proxy of the Docker engine.',
  },
  {
    pattern:
      /Cannot connect to the Docker daemon|error during connect|docker daemon is not running|failed to connect to the docker API|no such host.*docker|connect: no such file or directory/i,
    message: () => 'The Docker engine does not answer.',
    remedy: `Start it (Docker Desktop, or "sudo systemctl start docker"). ${LOOK_AT_CONTEXT}`,
  },
  {
    pattern: /context "?([^"\s:]+)"?: (?:context )?not found|context not found: "?([^"\s]+)/i,
    message: ([, name, other]) => `There is no Docker context "${name ?? other}".`,
    remedy:
      '"docker context ls" shows those that there are; "docker context use NAME" chooses one. DOCKER_CONTEXT overrules it.',
  },
  {
    pattern:
      /unexpected EOF|^EOF$|: EOF$|connection reset by peer|transport is closing|broken pipe|http2: server sent GOAWAY|server is shutting down/m,
    message: () => 'The Docker engine went away in the middle.',
    remedy:
      'See whether it was restarted or ran out of memory ("docker info", and the journal of the engine), then try again.',
  },
  {
    pattern: /no such service: (\S+)/,
    message: ([, name]) => `docker-compose.yml has no service ${name}.`,
    remedy: 'Install Conclave anew: its files do not belong together.',
  },
  {
    pattern: /[Mm]ounts denied|bind source path does not exist|error while creating mount source path/,
    message: ([said]) => `The Docker engine cannot mount a folder of this machine (${said}).`,
    remedy: 'Share the folder with Docker (Docker Desktop: Settings, Resources, File sharing).',
  },
];

/** Puts into words what Docker said when it failed. */
export function engineFailure(said: string, { what, secrets }: Doing): DriverError {
  const text = withoutSecrets(said, secrets);
  for (const { pattern, message, remedy } of SIGNS) {
    const found = pattern.exec(text);
    if (found) return new DriverError(`Docker could not ${what}. ${message(found)}`, remedy, { cause: text });
  }
  const last = lastWords(text);
  return new DriverError(
    `Docker could not ${what}${last === '' ? '' : `: ${last}`}.`,
    '"conclave doctor" looks for what is missing; the same command of Docker in a terminal says more.',
    { cause: text },
  );
}

/** It was asked, and nothing came. @param ms for how long */
export function silentEngine(ms: number, options: ErrorOptions): DriverError {
  return new DriverError(
    `Docker does not answer: nothing came within ${Math.ceil(ms / 1000)} seconds.`,
    `Restart it (Docker Desktop, or "sudo systemctl restart docker"). ${LOOK_AT_CONTEXT}`,
    options,
  );
}

/** There is no `docker` to run. */
export function noDocker(said: string, options?: ErrorOptions): DriverError {
  if (/EACCES|EPERM/.test(said)) {
    return new DriverError('The program "docker" may not be run.', 'Check its permissions and those of PATH.', options);
  }
  return new DriverError(
    'There is no program "docker" on PATH.',
    'Install Docker Engine with the Compose plugin, or Docker Desktop, then restart the editor; or choose a profile that needs no containers.',
    options,
  );
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  const hidden = secrets.filter((secret) => secret !== '').reduce((so, secret) => so.replaceAll(secret, '***'), text);
  // Tokens of the model hub have this form, and a URL may carry a password.
  return hidden.replace(/\bhf_[A-Za-z0-9]{8,}/g, 'hf_***').replace(/:\/\/[^/\s:@]*:[^/\s@]+@/g, '://***@');
}

/** In characters. */
const LONGEST_WORDS = 300;

function lastWords(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const words = (lines.findLast((line) => /error|denied|failed|invalid|cannot/i.test(line)) ?? lines.at(-1) ?? '')
    .replace(/^(?:Error response from daemon|Error|error|ERROR): /, '')
    .replace(/\.+$/, '');
  return words.length > LONGEST_WORDS ? `${words.slice(0, LONGEST_WORDS)}…` : words;
}
