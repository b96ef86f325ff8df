import type { RunContext } from '../orchestrator/runContext.ts';
import { RunStop } from '../orchestrator/runStop.ts';
import type { ModelRequest } from '../ports.ts';
import { type Agent, startAfresh } from './agent.ts';
import { type Begin, say, takeTurn, WindowExceeded } from './turn.ts';
import { clip, margin, promptRoom, replyTokens } from './windowBudget.ts';

/** Takes a turn; where the transcript has grown past the window, starts a new one with the pending message first. */
export async function turnThatFits<R>(
  run: RunContext,
  agent: Agent,
  schema: ModelRequest['schema'],
  begin: Begin<R>,
): Promise<{ reading: R }> {
  for (let restarts = 0; ; restarts += 1) {
    const { transcript } = agent;
    if (restarts === 0 && transcript.tokens > promptRoom(transcript)) restart(run, agent);
    const maxTokens = Math.min(
      replyTokens(transcript),
      Math.max(256, transcript.window - margin(transcript) - transcript.tokens),
    );
    try {
      return await takeTurn(run, transcript, { maxTokens, ...(schema ? { schema } : {}) }, begin);
    } catch (error) {
      if (!(error instanceof WindowExceeded)) throw error;
      if (restarts >= 2) {
        throw new RunStop(
          {
            code: 'limit_reached',
            message: `The ${transcript.role}'s shortest prompt does not fit the window of its server (${error.window ?? transcript.window} tokens).`,
            remedy: 'Serve the model with a larger window, or make the task smaller.',
          },
          { cause: error },
        );
      }
      if (error.window !== undefined) transcript.window = error.window;
      agent.budget.chars = Math.floor(agent.budget.chars / 2);
      restart(run, agent);
    }
  }
}

/**
 * Starts the transcript anew: the opening, which tells the state as it is now, and the end of what was said last. The
 * opening itself is not said again, so every restart is shorter than the one before.
 */
function restart(run: RunContext, agent: Agent): void {
  const last = agent.transcript.messages.at(-1);
  const pending =
    last?.role !== 'user' ? '' : hasOpeningOnly(agent) ? last.content.slice(agent.openingLength) : last.content;
  startAfresh(run, agent);
  if (pending.trim() !== '') say(agent.transcript, clip(pending.trim(), agent.budget.chars / 4));
}

/** Whether the model has not answered yet: then the last message begins with the opening. */
function hasOpeningOnly({ transcript }: Agent): boolean {
  return transcript.messages.every(({ role }) => role !== 'assistant');
}
