import * as vscode from 'vscode';
import type { RunEvent } from '../shared/events.ts';
import type { ChatCommand } from '../shared/protocol.ts';
import type { Runs } from './runs.ts';
import type { Tasks } from './tasks.ts';

interface Parts {
  runs: Pick<Runs, 'events' | 'stop'>;
  tasks: Pick<Tasks, 'send'>;
}

/**
 * `@conclave` in the editor's own chat: starts the same runs, says in a few lines how they go, and leads to our view for
 * the rest. Not every editor has that chat; some that have its API never show a participant.
 * @returns undefined where the editor has no such API
 */
export function registerParticipant(parts: Parts & { icon: vscode.Uri }): vscode.Disposable | undefined {
  if (typeof vscode.chat?.createChatParticipant !== 'function') return undefined;
  const participant = vscode.chat.createChatParticipant('conclave.crew', (request, _context, stream, token) =>
    answerRequest(parts, request, stream, token),
  );
  participant.iconPath = parts.icon;
  return participant;
}

type Stream = Pick<vscode.ChatResponseStream, 'push' | 'button'>;

/** Resolves once the run that the request starts is over, or needs the user. Rejects, in words, where it cannot start. */
export async function answerRequest(
  { runs, tasks }: Parts,
  request: Pick<vscode.ChatRequest, 'command' | 'prompt'>,
  stream: Stream,
  token: vscode.CancellationToken,
): Promise<void> {
  const runId = await tasks.send({
    text: request.prompt,
    command: commandOf(request.command),
    attachments: [],
  });
  const stop = new AbortController();
  const cancelled = token.onCancellationRequested(() => {
    stop.abort();
    void runs.stop();
  });
  try {
    await tell(runs.events(runId, stop.signal), stream);
  } finally {
    stop.abort();
    cancelled.dispose();
  }
  stream.button({ command: 'conclave.openChat', title: vscode.l10n.t('Open in Conclave') });
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

/** Says how the run goes, until it is over or needs the user, who answers in our own view. */
async function tell(events: AsyncIterable<RunEvent[]>, stream: Stream): Promise<void> {
  for await (const batch of events) {
    for (const event of batch) {
      const part = partFor(event);
      if (part) stream.push(part);
      if (HANDS_OVER.includes(event.type)) return;
    }
  }
}

const HANDS_OVER: readonly RunEvent['type'][] = [
  'plan.question',
  'approval.requested',
  'run.finished',
  'run.paused',
  'run.aborted',
];

/** What a reader wants to know of an event; undefined for the rest. */
function partFor(event: RunEvent): vscode.ChatResponseMarkdownPart | vscode.ChatResponseProgressPart | undefined {
  const { t } = vscode.l10n;
  const text = (markdown: string) => new vscode.ChatResponseMarkdownPart(markdown);
  switch (event.type) {
    case 'plan.started':
      return new vscode.ChatResponseProgressPart(t('The Planner looks at the workspace'));
    case 'plan.cached': {
      const { hit, run } = event;
      const at = new Date(event.plannedAt).toLocaleString();
      const from =
        hit.kind === 'exact'
          ? t('From the plan cache: planned in run {0} on {1}', run, at)
          : t('Adapted from the plan cache: the outline of a plan made in run {0} on {1}', run, at);
      return text(`*${escaped(from)}*\n\n`);
    }
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
      // A picture would be fetched from wherever the model says.
      return text(event.text.replaceAll('![', '!\\['));
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
