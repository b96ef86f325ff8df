import * as vscode from 'vscode';
import type { RunEvent } from '../shared/events.ts';
import type { ChatCommand } from '../shared/protocol.ts';
import type { Chat } from './chatView.ts';
import type { Runs } from './runs.ts';
import type { Tasks } from './tasks.ts';

/**
 * `@conclave` in the editor's own chat: starts the same runs, says in a few lines how they go, and leads to our view for
 * the rest. Not every editor has that chat; some that have its API never show a participant.
 * @returns undefined where the editor has no such API
 */
export function registerParticipant(parts: {
  runs: Runs;
  tasks: Tasks;
  chat: () => Chat;
  icon: vscode.Uri;
}): vscode.Disposable | undefined {
  if (typeof vscode.chat?.createChatParticipant !== 'function') return undefined;
  const { runs, tasks } = parts;
  const { t } = vscode.l10n;
  const participant = vscode.chat.createChatParticipant('conclave.crew', async (request, _context, stream, token) => {
    const command = commandOf(request.command);
    const done = new Promise<void>((resolve) => {
      const listener = runs.onEvents(({ shown, events }) => {
        for (const event of events) {
          const part = partFor(event);
          if (part) stream.push(part);
        }
        const { kind } = shown.state.phase;
        const needsUser = shown.state.openQuestions.length > 0 || shown.state.openApprovals.length > 0;
        if (needsUser || kind === 'finished' || kind === 'paused' || kind === 'aborted') {
          listener.dispose();
          resolve();
        }
      });
      token.onCancellationRequested(() => {
        listener.dispose();
        void runs.stop().finally(resolve);
      });
    });
    await tasks.send({ text: request.prompt, command, attachments: [] });
    await done;
    stream.button({ command: 'conclave.openChat', title: t('Open in Conclave') });
  });
  participant.iconPath = parts.icon;
  return participant;
}

function commandOf(name: string | undefined): Exclude<ChatCommand, 'doctor'> {
  switch (name) {
    case 'plan':
    case 'review':
    case 'fix':
    case 'explain':
      return name;
    default:
      return 'implement';
  }
}

/** What a reader wants to know of an event; undefined for the rest. */
function partFor(event: RunEvent): vscode.ChatResponseMarkdownPart | vscode.ChatResponseProgressPart | undefined {
  const { t } = vscode.l10n;
  const text = (markdown: string) => new vscode.ChatResponseMarkdownPart(markdown);
  switch (event.type) {
    case 'plan.started':
      return new vscode.ChatResponseProgressPart(t('The Planner looks at the workspace'));
    case 'plan.proposed': {
      const subtasks = event.plan.plan.map(({ id, description }) => `- **${escaped(id)}** ${escaped(description)}`);
      return text(`${escaped(event.plan.task_understood)}\n\n${subtasks.join('\n')}\n\n`);
    }
    case 'plan.question':
      return text(event.questions.map((question) => `**${escaped(question.text)}**\n\n`).join(''));
    case 'attempt.started':
      return new vscode.ChatResponseProgressPart(t('{0}: round {1} of {2}', event.subtask, event.round, event.rounds));
    case 'review.finished': {
      const verdict = event.verdict.status === 'approved' ? t('approved') : t('not approved yet');
      return text(`- ${escaped(event.subtask)}: ${verdict}\n`);
    }
    case 'answer.finished':
      return text(event.text);
    case 'run.finished':
    case 'run.paused':
    case 'run.aborted':
      return text(`\n\n${escaped(event.ending.message)}\n\n`);
    default:
      return undefined;
  }
}

/** Model text as plain text: nothing in it becomes a link, a picture or markup. */
function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-!<>|~]/g, '\\$&');
}
