import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from './containers.ts';
import type { Docker } from './docker.ts';

/** Milliseconds between two looks whether a container that has ended was started again. */
const LOOK_AGAIN = 1000;

/**
 * What a service has written: of its container, by `docker logs`, since what `docker compose logs` writes is made for a
 * terminal. With `follow` it goes on when the container is started again, or anew as another one.
 * @param find the container of the service, as it is now
 */
export async function* containerLogs(
  docker: Docker,
  find: () => Promise<Container | undefined>,
  { lines, follow }: { lines: number; follow: boolean },
  signal: AbortSignal,
): AsyncIterable<string> {
  if (!follow) {
    const container = await find();
    if (container !== undefined) yield* docker.lines(['logs', '--tail', String(lines), container.id], signal);
    return;
  }
  let last: { id: string; at: string } | undefined;
  let startedAt = '';
  while (!signal.aborted) {
    const container = await findNow(find, signal);
    if (container !== undefined && (container.id !== last?.id || container.state.StartedAt !== startedAt)) {
      startedAt = container.state.StartedAt;
      const known = container.id === last?.id ? last.at : '';
      // What comes at the very moment of the last line was told with it.
      const from = last === undefined ? ['--tail', String(lines)] : known === '' ? [] : ['--since', known];
      last = { id: container.id, at: known };
      for await (const line of docker.lines(['logs', '--follow', '--timestamps', ...from, container.id], signal)) {
        const [, at, text] = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) ?(.*)$/s.exec(line) ?? [];
        if (at !== undefined && at <= known) continue;
        if (at !== undefined) last = { id: container.id, at };
        yield text ?? line;
      }
    } else {
      await sleep(LOOK_AGAIN, undefined, { signal }).catch(() => {});
    }
  }
}

async function findNow(
  find: () => Promise<Container | undefined>,
  signal: AbortSignal,
): Promise<Container | undefined> {
  try {
    return await find();
  } catch (error) {
    // The abort comes in the middle of a question.
    if (signal.aborted) return undefined;
    throw error;
  }
}
