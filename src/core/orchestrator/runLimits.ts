import type { RunEvent } from '../../shared/events.ts';
import type { Crew } from './runContext.ts';
import { RunStop } from './runStop.ts';

/** Counts tokens and time of a run against its limits, over resumes too. */
export function openLimits(
  crew: Pick<Crew, 'settings' | 'nameOf' | 'now'>,
  recorded: readonly RunEvent[],
): { count(event: RunEvent): void; check(): void } {
  const { tokens, minutes } = crew.settings.limits;
  const began = crew.now().getTime() - workedBefore(recorded);
  let written = 0;
  const userTime = openUserTime();
  const count = (event: RunEvent): void => {
    if (event.type === 'turn.finished') written += event.usage.completionTokens;
    userTime.count(event);
  };
  recorded.slice(takenOver(recorded)).forEach(count);
  return {
    count,
    check() {
      if (written >= tokens)
        throw limit(`The run has used up its ${tokens} tokens of answers`, crew.nameOf('limits.tokens'));
      if (crew.now().getTime() - began - userTime.total() >= minutes * 60_000)
        throw limit(`The run has used up its ${minutes} minutes`, crew.nameOf('limits.minutes'));
    },
  };
}

/** The time that the user takes to answer is not the run's: who answers the next morning has used up none of it. */
function openUserTime(): { count(event: RunEvent): void; total(): number } {
  let total = 0;
  let asked: number | undefined;
  return {
    total: () => total,
    count({ type, at }) {
      switch (type) {
        case 'plan.question':
        case 'approval.requested':
          asked ??= Date.parse(at);
          return;
        case 'run.resumed':
          // From here on it is asked again; between the sessions, no time was counted.
          asked = undefined;
          return;
        case 'plan.answered':
        case 'approval.answered':
          if (asked !== undefined) total += Date.parse(at) - asked;
          asked = undefined;
          return;
        default:
      }
    },
  };
}

/** How many events of a fork are another run's, whose work is not counted again. */
function takenOver(recorded: readonly RunEvent[]): number {
  const [first] = recorded;
  const seq = first?.type === 'run.started' ? (first.fork?.seq ?? 0) : 0;
  return recorded.filter((event) => event.seq <= seq).length;
}

/** Milliseconds that earlier sessions of the run took; the time in between, when nobody worked on it, is free. */
function workedBefore(recorded: readonly RunEvent[]): number {
  let total = 0;
  let from: number | undefined;
  let last = 0;
  for (const { type, at } of [...recorded.slice(0, 1), ...recorded.slice(takenOver(recorded))]) {
    const now = Date.parse(at);
    if (type === 'run.started' || type === 'run.resumed') {
      if (from !== undefined) total += last - from;
      from = now;
    }
    last = now;
  }
  return from === undefined ? 0 : total + last - from;
}

function limit(what: string, setting: string): RunStop {
  return new RunStop({
    code: 'limit_reached',
    message: `${what}.`,
    remedy: `Raise ${setting} and resume the run, or give smaller tasks.`,
  });
}
