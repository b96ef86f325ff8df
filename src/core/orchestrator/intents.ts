import { openAgent } from '../agents/agent.ts';
import { jsonFormat } from '../agents/answerFormat.ts';
import { intentsAnswer } from '../agents/answers.ts';
import { ask } from '../agents/ask.ts';
import { WindowExceeded } from '../agents/turn.ts';
import type { Template } from '../memory/planTemplates.ts';
import { intentsText } from './messages.ts';
import type { RunContext } from './runContext.ts';
import { RunStop } from './runStop.ts';

/** Times an unusable answer is sent back: a plan costs little more than another try. */
const REPAIRS = 1;

/**
 * What kind of task each is, in one small request: the own one, and the templates of which it is not known yet. The Planner
 * is asked, whose server is up when a plan is wanted, so that all keys are one model's.
 * @returns undefined where the answer is of no use
 */
export async function askIntents(
  run: RunContext,
  own: string,
  templates: readonly Template[],
): Promise<{ own: string; templates: Template[] } | undefined> {
  const unknown = templates.filter(({ intent }) => intent === undefined);
  const tasks = [own, ...unknown.map(({ task }) => task)];
  const intents = await intentsOf(run, tasks);
  const [first, ...rest] = intents ?? [];
  if (first === undefined) return undefined;
  const named = new Map(unknown.map((template, i) => [template, rest[i]]));
  return { own: first, templates: templates.map((one) => ({ ...one, intent: one.intent ?? named.get(one) })) };
}

async function intentsOf(run: RunContext, tasks: readonly string[]): Promise<string[] | undefined> {
  const { settings } = run;
  const hasty = { ...run, settings: { ...settings, limits: { ...settings.limits, answerRepairs: REPAIRS } } };
  try {
    const planner = await openAgent(hasty, {
      role: 'planner',
      lane: 'planner',
      key: 'plan/intents',
      thinking: 'off',
      opening: ({ chars }) => intentsText(tasks, chars),
    });
    const request = `Say of each task what kind of task it is, as one JSON object: {"intents": [${tasks.length === 1 ? 'one text' : `${tasks.length} texts, in the order of the tasks`}]}. A kind is two to five words in lowercase_with_underscores, without names, paths and numbers, such as "add_function_parameter". Tasks of the same kind get the same. Do not plan anything now.`;
    const answer = await ask(hasty, planner, '', jsonFormat(intentsAnswer(tasks.length), request));
    return answer.kind === 'answer' ? answer.value.intents : undefined;
  } catch (error) {
    // The server does not take such a request; whether it is up at all, the plan will tell.
    const isRefusal =
      error instanceof RunStop && (error.ending.code === 'configuration' || error.cause instanceof WindowExceeded);
    if (isRefusal) return undefined;
    throw error;
  }
}
