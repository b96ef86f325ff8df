import { dirname } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { endProcessTree, guardProcessTree } from '../../processTree.ts';
import { noDocker, silentEngine } from './engineFailure.ts';

/** The Docker command line client. It knows the user's contexts, and Compose; arguments are never a shell line. */
export interface Docker {
  /**
   * Runs it to its end.
   * @param options.onLine told of each line of either output as it comes, and of one in which a progress bar is still moving
   * each time that more of it comes
   * @throws DriverError where there is no such program; rejects with the signal's reason once the program is gone
   */
  run(
    args: readonly string[],
    options: { signal: AbortSignal; onLine?: (line: string) => void },
  ): Promise<DockerResult>;
  /**
   * As `run`, for what is answered at once: an engine that hangs is told from one that works.
   * @throws DriverError also where no answer comes
   */
  ask(args: readonly string[], signal: AbortSignal): Promise<DockerResult>;
  /**
   * The lines that it writes, to either output, until it ends or the consumer stops; without control sequences.
   * @throws DriverError where there is no such program; ends quietly with the signal
   */
  lines(args: readonly string[], signal: AbortSignal): AsyncIterable<string>;
}

export interface DockerResult {
  /** Null where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What must not come out of the user's environment: Compose would read other files, or start more than it is told to. */
const OVERRULED =
  /^COMPOSE_(FILE|PATH_SEPARATOR|PROJECT_NAME|PROFILES|ENV_FILES|PROJECT_DIRECTORY|REMOVE_ORPHANS|IGNORE_ORPHANS|DRY_RUN)$/i;

/** For plain output in English, without hints, and without telling anybody. */
const SWITCHES = {
  COMPOSE_ANSI: 'never',
  COMPOSE_MENU: 'false',
  COMPOSE_PROGRESS: 'plain',
  COMPOSE_STATUS_STDOUT: 'false',
  DOCKER_CLI_HINTS: 'false',
  DOCKER_SCAN_SUGGEST: 'false',
  DO_NOT_TRACK: '1',
  LC_ALL: 'C',
  NO_COLOR: '1',
};

/** Milliseconds that a question may take: the engine answers in a tenth of a second, also through SSH and on a busy machine. */
const ANSWERS_WITHIN = 15_000;
/** Windows looks for programs where one is, and Compose for variables: that must not be a folder that the user works on. */
const NEUTRAL_FOLDER = dirname(process.execPath);
/** Milliseconds that the client gets to end by itself. */
const GRACE = 2000;
/** Characters of either output that are kept; the configuration of a whole fleet is far smaller. */
const KEPT = 4 * 1024 * 1024;
/** Characters that are kept of a line in which bars move. */
const LONGEST_BARS = 16_384;

/**
 * @param env the user's whole environment: the client finds the engine with it (DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG,
 * an SSH agent, a proxy), and Compose puts HF_TOKEN and others of it into services that ask for them
 * @param options.answersWithin milliseconds that a question may take
 */
export function dockerClient(
  env: NodeJS.ProcessEnv,
  { answersWithin = ANSWERS_WITHIN }: { answersWithin?: number | undefined } = {},
): Docker {
  const kept = Object.entries(env).filter(([name]) => !OVERRULED.test(name));
  const environment = { ...Object.fromEntries(kept), ...SWITCHES };

  async function start(args: readonly string[], signal: AbortSignal) {
    // Only once there is something to run: an editor that starts does not need it.
    const { execa } = await import('execa');
    signal.throwIfAborted();
    const child = execa('docker', args, {
      cwd: NEUTRAL_FOLDER,
      env: environment,
      extendEnv: false,
      stdin: 'ignore',
      buffer: false,
      reject: false,
      all: true,
      // guardProcessTree ends the client's plugin, too.
      cleanup: false,
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const { pid } = child;
    const release = pid === undefined ? () => {} : guardProcessTree(pid);
    const end = (): Promise<void> => (pid === undefined ? Promise.resolve() : endProcessTree(pid, GRACE));
    const onAbort = (): void => void end();
    signal.addEventListener('abort', onAbort, { once: true });
    return {
      child,
      end,
      async finished(): Promise<number | null> {
        const result = await child;
        signal.removeEventListener('abort', onAbort);
        release();
        if (pid === undefined) throw noDocker(result.originalMessage ?? '', { cause: result });
        return child.exitCode;
      },
    };
  }

  const docker: Docker = {
    async run(args, { signal, onLine }) {
      const { child, finished } = await start(args, signal);
      const read = async (stream: AsyncIterable<Buffer>): Promise<string> => {
        let text = '';
        for await (const line of linesOf(stream, onLine)) {
          text = `${text}${line}\n`.slice(-KEPT);
          onLine?.(line);
        }
        return text;
      };
      const [stdout, stderr] = await Promise.all([read(child.stdout), read(child.stderr)]);
      const code = await finished();
      signal.throwIfAborted();
      return { code, stdout, stderr };
    },

    async ask(args, signal) {
      const limit = AbortSignal.timeout(answersWithin);
      try {
        return await docker.run(args, { signal: AbortSignal.any([signal, limit]) });
      } catch (error) {
        if (signal.aborted || !limit.aborted) throw error;
        throw silentEngine(answersWithin, { cause: error });
      }
    },

    async *lines(args, signal) {
      if (signal.aborted) return;
      const { child, end, finished } = await start(args, signal);
      try {
        yield* linesOf(child.all);
      } finally {
        await end();
        await finished();
      }
    },
  };
  return docker;
}

/**
 * Lines as they were written; progress bars within one are parted by carriage returns. What has no end comes at last.
 * @param onBar told of a line that has bars and no end yet
 */
export async function* linesOf(
  chunks: AsyncIterable<Buffer | string>,
  onBar?: (line: string) => void,
): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of chunks) {
      const pieces = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))).split('\n');
      rest = withoutOldBars(pieces.pop() ?? '');
      for (const piece of pieces) yield clean(piece);
      if (onBar !== undefined && rest.includes('\r')) onBar(clean(rest));
    }
  } catch (error) {
    // The program was ended in the middle of a word.
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')) throw error;
  }
  if (rest !== '') yield clean(rest);
}

/** A bar moves for hours: what it showed before is let go. */
function withoutOldBars(rest: string): string {
  if (rest.length <= LONGEST_BARS) return rest;
  const at = rest.indexOf('\r', rest.length - LONGEST_BARS / 2);
  return at === -1 ? rest : rest.slice(at);
}

/** Without control sequences (Compose erases lines even in a pipe), and without the end of a line of Windows. */
function clean(line: string): string {
  return stripVTControlCharacters(line).replace(/\r+$/, '');
}
