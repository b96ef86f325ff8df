import * as vscode from 'vscode';
import type { ApprovalRequest } from '../core/ports.ts';
import type { Question } from '../shared/events.ts';
import type { Chat } from './chatView.ts';
import type { Runs } from './runs.ts';

/** Calls the user: a badge on the view always, a notification where the run that needs them is out of sight. */
export interface Calls extends vscode.Disposable {
  needed(about: { questions: readonly Question[] } | { approval: ApprovalRequest }): void;
}

/** Milliseconds. */
const JUST_NOW = 10_000;

/** A notification only leads to the chat: what exactly is to be allowed stands there, and is answered there. */
export function openCalls(parts: { runs: Runs; chat: () => Chat }): Calls {
  const { runs, chat } = parts;
  const { t } = vscode.l10n;
  const isInSight = (runId: string | undefined): boolean =>
    vscode.window.state.focused && chat().isVisible && runs.shown?.runId === runId;

  async function lead(runId: string | undefined, message: string, button: string): Promise<void> {
    if (isInSight(runId)) return;
    if ((await vscode.window.showInformationMessage(message, button)) !== button) return;
    if (runId !== undefined) await runs.show(runId);
    await chat().reveal();
  }

  function drawBadge(): void {
    const state = runs.shown?.state;
    const isOpen = state?.proposal?.state === 'open' && state.phase.kind === 'finished';
    const count = (state?.openQuestions.length ?? 0) + (state?.openApprovals.length ?? 0) + (isOpen ? 1 : 0);
    chat().badge(count === 0 ? undefined : { value: count, tooltip: t('Conclave needs you') });
  }

  const listeners = [
    runs.onShow(drawBadge),
    runs.onEvents(({ shown, events }) => {
      drawBadge();
      const { phase, proposal } = shown.state;
      // Not one that is read from the log, when a past run is shown.
      const hasJustEnded = events.some(
        ({ type, at }) => type === 'run.finished' && Date.now() - Date.parse(at) < JUST_NOW,
      );
      if (!hasJustEnded || phase.kind !== 'finished') return;
      const message = proposal?.state === 'open' ? t('A change is ready for your review.') : phase.ending.message;
      void lead(shown.runId, `Conclave: ${message}`, t('Open Chat'));
    }),
  ];

  return {
    needed(about) {
      const runId = runs.working?.runId;
      if ('questions' in about) {
        void lead(runId, t('Conclave asks: {0}', about.questions[0]?.text ?? ''), t('Answer'));
      } else {
        void lead(runId, t('Conclave asks for your approval: {0}', about.approval.what), t('Open Chat'));
      }
    },
    dispose: () => vscode.Disposable.from(...listeners).dispose(),
  };
}
