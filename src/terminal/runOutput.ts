import type { RunEnd } from '../core/orchestrator/session.ts';
import type { ProposedFile, RunEvent } from '../shared/events.ts';
import { foldEvent } from '../shared/fold.ts';
import { emptyRunState, type RunState } from '../shared/runState.ts';
import { openTerminalView } from './liveTerminal.ts';
import { drawDiff } from './render/diff.ts';
import { hasColour, painter } from './render/paint.ts';
import { type Delivery, drawSummary, foldRoleTimes, type RoleTimes } from './render/summary.ts';

/** Where the events of a run go: JSON lines on stdout for programs, and words and pictures on stderr for people. */
export interface RunOutput {
  onEvent(event: RunEvent): void;
  /** Takes in the events of a run before it was resumed, without showing them. */
  catchUp(recorded: readonly RunEvent[]): void;
  /** The run as its events tell it so far. */
  state(): RunState;
  /** Hides what is drawn live while a question is open; call the result to show it again. */
  suspend(): () => void;
  printDiff(files: readonly ProposedFile[]): void;
  /** Nothing more comes, and nothing is to be said about it. */
  close(): void;
  /** The last lines. With `--json`, stdout has all it gets by then. */
  finish(end: RunEnd, delivery: Delivery): void;
}

/**
 * @param options.json events go to stdout, one a line, and nothing else does
 * @param options.interactive somebody is at the terminal: the proposal is shown before the question about it
 * @param options.now the time in the run that is shown; by the system's clock where absent
 */
export function openOutput(options: { json: boolean; interactive: boolean; now?: () => number }): RunOutput {
  const colour = hasColour(process.stderr);
  const view = openTerminalView({
    stream: process.stderr,
    colour,
    live: process.stderr.isTTY === true && !options.json,
    ...(options.now === undefined ? {} : { now: options.now }),
  });
  let state = emptyRunState();
  let times: RoleTimes = {};
  let shown = false;
  const printDiff = (files: readonly ProposedFile[]): void => {
    if (options.json || shown) return;
    shown = true;
    const resume = view.suspend();
    process.stdout.write(`${drawDiff(files, { paint: painter({ colour: hasColour(process.stdout) }) }).join('\n')}\n`);
    resume();
  };
  const fold = (event: RunEvent): void => {
    state = foldEvent(state, event);
    times = foldRoleTimes(times, event);
  };
  return {
    state: () => state,
    catchUp(recorded) {
      recorded.forEach(fold);
      view.catchUp(recorded);
    },
    onEvent(event) {
      fold(event);
      if (options.json) process.stdout.write(`${JSON.stringify(event)}\n`);
      if (event.type === 'approval.requested' && event.kind === 'proposal' && state.proposal)
        printDiff(state.proposal.files);
      view.onEvent(event);
    },
    suspend: view.suspend,
    close: view.close,
    printDiff,
    finish(end, delivery) {
      view.close();
      const width = Math.max(40, Math.min(process.stderr.columns ?? 100, 120));
      const lines =
        // A run that goes on elsewhere is summed up there.
        state.runId === '' || end.state === 'takenOver'
          ? [end.ending.message, ...(end.ending.remedy === undefined ? [] : [end.ending.remedy])]
          : drawSummary(state, { width, paint: painter({ colour }), delivery, times });
      process.stderr.write(`${lines.join('\n')}\n`);
    },
  };
}
