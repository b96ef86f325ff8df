import * as vscode from 'vscode';
import type { ApprovalRequest } from '../core/ports.ts';
import type { Question } from '../shared/events.ts';
import type { Chat } from './chatView.ts';
import type { Runs } from './runs.ts';

/** Calls the user: a badge on the view always, a notification only where the chat or the window is out of sight. */
export interface Calls extends vscode.Disposable {
  needed(about: { questions: readonly Question[] } | { approval: ApprovalRequest }): void;
}

export function openCalls(parts: {
  runs: Runs;
  chat: () => Chat;
  decide: (id: string, approved: boolean) => void;
}): Calls {
  const { runs, chat, decide } = parts;
  const { t } = vscode.l10n;
  const isInSight = (): boolean => vscode.window.state.focused && chat().isVisible;

  async function offerChat(message: string, button: string): Promise<void> {
    if ((await vscode.window.showInformationMessage(message, button)) === button) await chat().reveal();
  }

  function drawBadge(): void {
    const state = runs.shown?.state;
    const isOpen = state?.proposal?.state === 'open' && state.phase.kind === 'finished';
    const count = (state?.openQuestions.length ?? 0) + (state?.openApprovals.length ?? 0) + (isOpen ? 1 : 0);
    chat().badge(count === 0 ? undefined : { value: count, tooltip: t('Conclave needs you') });
  }

  const listener = runs.onEvents(({ shown, events }) => {
    drawBadge();
    const ended = events.some(({ type }) => type === 'run.finished');
    if (!ended || shown.activity.kind !== 'working' || isInSight()) return;
    const { phase, proposal } = shown.state;
    if (phase.kind !== 'finished') return;
    const message = proposal?.state === 'open' ? t('A change is ready for your review.') : phase.ending.message;
    void offerChat(`Conclave: ${message}`, t('Open Chat'));
  });
  const shownListener = runs.onShow(drawBadge);

  return {
    needed(about) {
      if (isInSight()) return;
      if ('questions' in about) {
        void offerChat(t('Conclave asks: {0}', about.questions[0]?.text ?? ''), t('Answer'));
        return;
      }
      const { id, what } = about.approval;
      const allow = t('Allow');
      const deny = t('Deny');
      void vscode.window
        .showWarningMessage(t('Conclave asks for your approval'), { detail: what }, allow, deny)
        .then((choice) => {
          // Closed without a choice: the question stays open in the chat.
          if (choice !== undefined) decide(id, choice === allow);
        });
    },
    dispose() {
      listener.dispose();
      shownListener.dispose();
    },
  };
}
