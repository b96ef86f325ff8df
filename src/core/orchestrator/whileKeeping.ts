import type { RunContext } from './runContext.ts';

/**
 * Keeps what the files of the workspace hold, in the background, while a run does its first work; so a fork can begin on
 * them. What stops that is no failure of the run: a fork will say that they are not kept.
 */
export async function whileKeeping<T>(run: RunContext, work: (run: RunContext) => Promise<T>): Promise<T> {
  // One that is resumed has seen the workspace change since it began.
  if (run.journal.outcomes().length > 0) return work(run);
  const stop = new AbortController();
  const kept = run.contents.keep(run.runId, run.workspace, AbortSignal.any([run.signal, stop.signal])).then(
    (all) => run.journal.emit({ type: 'workspace.kept', ...all }),
    () => {},
  );
  try {
    const result = await work({ ...run, kept });
    await kept;
    return result;
  } finally {
    stop.abort();
    await kept;
  }
}
