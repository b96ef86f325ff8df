import { type Installation, openStore } from '../../node/openCrew.ts';
import type { RunEvent } from '../../shared/events.ts';
import { fold } from '../../shared/fold.ts';
import { EXIT } from '../exitStatus.ts';
import { hasColour, painter } from '../render/paint.ts';
import { drawRuns } from '../render/runs.ts';
import { openOutput } from '../runOutput.ts';

/** `conclave runs`: what runs there are, newest first. */
export async function runsCommand(installation: Installation, options: { json?: boolean }): Promise<number> {
  const store = await openStore(installation.env);
  try {
    const runs = await store.log.list();
    const lines = options.json
      ? runs.map((run) => JSON.stringify(run))
      : drawRuns(runs, { width: process.stdout.columns ?? 120, paint: painter({ colour: hasColour(process.stdout) }) });
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
    return EXIT.approved;
  } finally {
    await store.close();
  }
}

/** `conclave replay RUN`: the run again, from its events alone. */
export async function replayCommand(
  installation: Installation,
  runId: string,
  options: { json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const store = await openStore(installation.env);
  try {
    const output = options.json ? undefined : openOutput({ json: false, interactive: false });
    const events: RunEvent[] = [];
    for await (const event of store.log.read(runId)) {
      signal.throwIfAborted();
      events.push(event);
      if (options.json) process.stdout.write(`${JSON.stringify(event)}\n`);
      output?.onEvent(event);
    }
    if (!output) return EXIT.approved;
    const state = fold(events);
    const { phase } = state;
    if (state.proposal) output.printDiff(state.proposal.files);
    const ending =
      phase.kind === 'finished' || phase.kind === 'paused' || phase.kind === 'aborted'
        ? phase.ending
        : {
            code: 'aborted' as const,
            message: 'The run has not ended: it is at work, or its process died.',
            remedy: `Go on with: conclave run --resume ${runId}`,
          };
    output.finish(
      { runId, ending, state: 'finished' },
      state.proposal
        ? state.proposal.state === 'accepted'
          ? { kind: 'applied' }
          : { kind: 'printed' }
        : { kind: 'none' },
    );
    return EXIT.approved;
  } finally {
    await store.close();
  }
}
