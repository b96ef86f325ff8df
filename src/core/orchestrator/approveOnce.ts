import type { RunContext } from './runContext.ts';

/**
 * Asks the user to approve what a file of the workspace would have run. A yes is recorded, and not asked for again; after a
 * no, resuming asks again.
 * @param request.what exactly what will happen
 * @param request.key of the step that a yes is the outcome of
 * @param refuse what to reject with where the answer is not a yes
 */
export async function approveOnce(
  run: RunContext,
  { id, what, key }: { id: string; what: string; key: string },
  refuse: (answer: 'no' | 'unanswered') => Error,
): Promise<void> {
  await run.journal.step(key, async () => {
    const request = { id, kind: 'command', what } as const;
    run.journal.emit({ type: 'approval.requested', ...request });
    const answer = await run.presence.awaitingUser((signal) => run.user.approve(request, signal));
    if (answer === 'unanswered') throw refuse(answer);
    const event = { type: 'approval.answered', id, ...answer } as const;
    if (answer.approved) return event;
    run.journal.emit(event);
    throw refuse('no');
  });
}
