import type { RedFlag } from '../../shared/events.ts';
import { openAgent, servedBy } from '../agents/agent.ts';
import { type AnswerFormat, type Reading, repair } from '../agents/answerFormat.ts';
import { ask } from '../agents/ask.ts';
import { withoutThinking } from '../agents/jsonText.ts';
import { emptyChangeSet } from '../changes/changeSet.ts';
import { foreignToolCall } from '../changes/codeWithoutEdit.ts';
import { findTools } from '../toolServers/findTools.ts';
import { openToolbox } from './checking.ts';
import { type Finish, finish } from './finish.ts';
import { questionText } from './messages.ts';
import { preprocess } from './preprocessing.ts';
import { rulesOf } from './ruling.ts';
import type { RunContext } from './runContext.ts';
import { RunStop } from './runStop.ts';

const TOOLS = ['read_file', 'analyze_codebase', 'search_docs', 'find_references', 'git_diff', 'recall'];

const ANSWER_REQUEST =
  'Answer the question now, for the user, in Markdown. Name files as `path:line`. Be short, and say what you could not find out. No JSON, no edits.';

/** Answers a question about the workspace; changes nothing and runs nothing. The Reviewer reads code best, so it answers. */
export async function askOnly(run: RunContext, question: string): Promise<Finish> {
  await servedBy(run, 'reviewer');
  const text = await preprocess(run, question);
  await findTools(run);
  const rules = await rulesOf(run);
  await run.journal.step('answer', async () => {
    const agent = await openAgent(run, {
      role: 'reviewer',
      lane: 'reviewer:answer',
      key: 'answer/reviewer',
      thinking: 'off',
      opening: ({ chars }) => questionText(text, rules, chars),
      toolbox: openToolbox(run, 'reviewer', TOOLS, () => emptyChangeSet),
    });
    const answer = await ask(run, agent, '', textFormat);
    if (answer.kind === 'noAnswer') {
      throw new RunStop({
        code: 'not_approved',
        message: `The Reviewer gave no usable answer. ${answer.reason}`,
        remedy: 'Ask in other words, or name the file it is about.',
      });
    }
    return { type: 'answer.finished', text: answer.value };
  });
  return finish('answered', { code: 'answered', message: 'Answered; nothing was changed.' });
}

/** Free text for a person to read. A tool call in a foreign form is never taken for it. */
const textFormat: AnswerFormat<string> = {
  request: ANSWER_REQUEST,
  begin: () => ({
    push: () => {},
    end: async ({ text, stopReason }): Promise<Reading<string>> => {
      const answer = withoutThinking(text).trim();
      const again = (flag: RedFlag, problem: string): Reading<string> => repair(flag, problem, ANSWER_REQUEST);
      if (stopReason === 'length') return again('truncated', 'Your answer was cut off. Answer again, shorter.');
      if (answer === '') return again('empty', 'Your answer was empty.');
      const foreign = foreignToolCall(answer);
      return foreign === undefined ? { kind: 'answer', value: answer } : again('foreign_tool_call', foreign);
    },
  }),
};
