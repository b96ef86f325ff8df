import type { EventOf } from '../../shared/events.ts';
import { asItWasThen } from './asItWasThen.ts';
import { askOnly } from './askOnly.ts';
import type { Finish } from './finish.ts';
import type { Acceptance } from './finishing.ts';
import { reviewOnly } from './reviewOnly.ts';
import type { RunContext } from './runContext.ts';
import { planOnly, runTask } from './runTask.ts';
import { whileKeeping } from './whileKeeping.ts';

/** The flow for what a run was started as; for a fork, on the workspace as it was. */
export async function flowOf(
  run: RunContext,
  started: EventOf<'run.started'>,
  acceptance: Acceptance,
): Promise<Finish> {
  if (started.fork) return flowIn(await asItWasThen(run, started.fork), started, acceptance);
  return whileKeeping(run, (keeping) => flowIn(keeping, started, acceptance));
}

async function flowIn(run: RunContext, started: EventOf<'run.started'>, acceptance: Acceptance): Promise<Finish> {
  // Where they cannot be understood, that is said now and not in the first review.
  if (started.kind === 'run' || started.kind === 'review') await run.waivers();
  switch (started.kind) {
    case 'run':
      return runTask(run, started, acceptance);
    case 'plan':
      return isBeingImplemented(run) ? runTask(run, started, acceptance) : planOnly(run, started);
    case 'review':
      return reviewOnly(run, { ref: started.base ?? 'HEAD', paths: started.paths ?? [] });
    case 'ask':
      return askOnly(run, started.task);
    default:
      return started.kind satisfies never;
  }
}

/** Whether somebody had the plan of this run worked on, so that going on with it means going on with that. */
function isBeingImplemented({ journal }: RunContext): boolean {
  return journal.outcomes().some(({ type }) => type === 'subtask.ready');
}
