import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { answerRequest, registerParticipant } from '../../../src/host/participant.ts';
import type { EventBody, RunEvent } from '../../../src/shared/events.ts';
import { eventsOf, planOf, started, subtask } from '../../unit/runEvents.ts';

const finished: EventBody = {
  type: 'run.finished',
  outcome: 'answered',
  ending: { code: 'answered', message: 'Answered.' },
};
const later: EventBody = { type: 'answer.finished', text: 'Never told.' };

describe('the participant', () => {
  let said: string[] = [];
  let asked: { text: string; command: string }[] = [];
  let stopped = 0;
  const stream = {
    push(part: vscode.ChatResponsePart) {
      if (part instanceof vscode.ChatResponseMarkdownPart) said.push(part.value.value);
    },
    button: ({ title }: vscode.Command) => void said.push(`[${title}]`),
  };

  /** Parts in which the run that is started goes as told, or never ends. */
  const crew = (events: readonly RunEvent[] | 'endless') => ({
    tasks: {
      send: async (message: { text: string; command: string }) => {
        asked.push(message);
        return 'run-1';
      },
    },
    runs: {
      async *events(runId: string, signal: AbortSignal) {
        assert.equal(runId, 'run-1');
        if (events !== 'endless') yield [...events];
        else if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
      async stop() {
        stopped += 1;
      },
    },
  });
  const { token } = new vscode.CancellationTokenSource();
  const request = (command?: string) => ({ command, prompt: 'Do it' });

  beforeEach(() => {
    said = [];
    asked = [];
    stopped = 0;
  });

  it('is registered where the editor has its own chat', () => {
    const registered = registerParticipant({ ...crew([]), icon: vscode.Uri.file('/icon.png') });
    assert.equal(registered !== undefined, typeof vscode.chat?.createChatParticipant === 'function');
    registered?.dispose();
  });

  it('tells of the run that it starts, with model text as plain text and no picture from elsewhere', async () => {
    const events = eventsOf([
      started,
      { type: 'plan.proposed', plan: planOf(subtask('task_1', [], 'Use *tokens*')), notes: [] },
      { type: 'answer.finished', text: 'See ![it](https://elsewhere.test/x.png).' },
      finished,
      later,
    ]);
    await answerRequest(crew(events), request('plan'), stream, token);
    assert.deepEqual(
      asked.map(({ command, text }) => [command, text]),
      [['plan', 'Do it']],
    );
    assert.match(said[0] ?? '', /\*\*task\\_1\*\* Use \\\*tokens\\\*/);
    assert.match(said[1] ?? '', /^See !\\\[it\]/);
    assert.match(said[2] ?? '', /Answered/);
    assert.deepEqual(said.slice(3), ['[Open in Conclave]']);
  });

  it('hands over where the user is needed', async () => {
    const question: EventBody = { type: 'plan.question', questions: [{ id: 'q', text: 'Which?' }] };
    await answerRequest(crew(eventsOf([started, question, later])), request(), stream, token);
    assert.equal(asked[0]?.command, 'implement');
    assert.match(said[0] ?? '', /Which\?/);
    assert.deepEqual(said.slice(1), ['[Open in Conclave]']);
  });

  it('stops the run with the request', async () => {
    const cancel = new vscode.CancellationTokenSource();
    const answered = answerRequest(crew('endless'), request(), stream, cancel.token);
    cancel.cancel();
    await answered;
    assert.equal(stopped, 1);
  });

  it('says why a run cannot start', async () => {
    const { runs } = crew([]);
    const tasks = { send: () => Promise.reject(new Error('No folder.')) };
    await assert.rejects(answerRequest({ runs, tasks }, request(), stream, token), /No folder\./);
    assert.deepEqual(said, []);
  });
});
