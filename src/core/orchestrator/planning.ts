import type { Answer, CheckReport, EventOf, Question } from '../../shared/events.ts';
import type { Plan } from '../../shared/wire.ts';
import { type Agent, openAgent } from '../agents/agent.ts';
import { jsonFormat } from '../agents/answerFormat.ts';
import { type Clarification, type PlanAnswer, planAnswer } from '../agents/answers.ts';
import { ask } from '../agents/ask.ts';
import { type ChangeSet, emptyChangeSet } from '../changes/changeSet.ts';
import { workspacePath } from '../changes/workspacePath.ts';
import { findTools, toolsOffered } from '../toolServers/findTools.ts';
import { openToolbox } from './checking.ts';
import { answersText, planningText, type TaskFacts } from './messages.ts';
import { mendedPlan, planComplaint, settleFiles, withFreshIds } from './planGraph.ts';
import { filesOfPlan, lookUpPlan, type PlanWanted } from './planReuse.ts';
import { RESERVED_IDS } from './progress.ts';
import { formattedBefore, rulesOf } from './ruling.ts';
import type { RunContext } from './runContext.ts';
import { RunStop } from './runStop.ts';

export const PLANNER_TOOLS = [
  'read_file',
  'list_files',
  'search_code',
  'symbols',
  'analyze_codebase',
  'search_docs',
  'find_references',
  'git_diff',
  'recall',
];

const PLAN_REQUEST =
  'Answer now with the plan as one JSON object with the fields task_understood, clarifications_needed, plan (id, description, success_criteria, depends_on, files), known_failures, risks.';

/** Times the Planner may ask the user before it has to plan with what it knows. */
const QUESTION_ROUNDS = 2;

/**
 * Plans the task, asking the user where the Planner needs to. A plan that the plan cache has for it is taken at once.
 * @param wanted the task as the user gave it, and whether a plan of an earlier run may be taken
 */
export async function planTask(
  run: RunContext,
  task: string,
  baseChecks: CheckReport,
  wanted: Pick<PlanWanted, 'task' | 'fresh'>,
): Promise<{ plan: Plan; facts: TaskFacts }> {
  await findTools(run);
  const rules = await rulesOf(run);
  const facts = { task, answers: [] as Answer[], rules, formatted: formattedBefore(run) };
  const recorded = run.journal.recordedStep('plan/proposed');
  if (recorded?.type === 'plan.proposed') {
    const taken = run.journal.recordedStep('plan/cache');
    if (taken?.type === 'plan.cached' && taken.hit.kind === 'exact') facts.answers.push(...taken.hit.answers);
    for (let asked = 1; asked <= QUESTION_ROUNDS; asked += 1) {
      const questions = run.journal.recordedStep(`plan/questions-${asked}`);
      if (questions?.type === 'plan.answered') facts.answers.push(...questions.answers);
    }
    return { plan: recorded.plan, facts };
  }
  // What the Planner could look up elsewhere is not hashed; that it could is.
  const others = toolsOffered(run).map(({ tool }) => tool.name);
  const requests = [PLAN_REQUEST, [...PLANNER_TOOLS, ...others].join()];
  const lookup = await lookUpPlan(run, { ...wanted, rules, baseChecks, requests });
  if (lookup?.type === 'plan.cached' && lookup.hit.kind === 'exact') {
    facts.answers.push(...lookup.hit.answers);
    return { plan: await takeAgain(run, lookup, lookup.hit), facts };
  }
  const outline = lookup?.type === 'plan.cached' && lookup.hit.kind === 'template' ? lookup.hit.outline : '';
  await run.journal.step('plan/started', async () => ({ type: 'plan.started' }));
  const planner = await openPlanner(run, 'planner', 'plan', ({ chars }) =>
    planningText(facts, baseChecks, chars, outline),
  );
  let message = '';
  for (let asked = 0; ; asked += 1) {
    const form = planAnswer({ questions: asked < QUESTION_ROUNDS, redChecks: baseChecks.status !== 'passed' });
    const answer = await ask(run, planner, message, jsonFormat(form, PLAN_REQUEST, complaintOf(asked, facts.answers)));
    if (answer.kind === 'noAnswer') {
      throw new RunStop({
        code: 'plan_unusable',
        message: `The Planner gave no usable plan. ${answer.reason}`,
        remedy: 'Say the task in other words or in smaller steps, or use a stronger planner model.',
      });
    }
    const { plan } = answer.value;
    const questions = unanswered(answer.value.questions, facts.answers);
    if (questions.length > 0 && asked < QUESTION_ROUNDS) {
      const answers = await askUser(run, `plan/questions-${asked + 1}`, questions);
      facts.answers.push(...answers);
      message = answersText(answers, planner.budget.chars * 0.6);
      continue;
    }
    const proposed = await run.journal.step('plan/proposed', async () => {
      const mended = mendedPlan({ ...plan, clarifications_needed: [] });
      const subtasks = withFreshIds(mended.plan.plan, new Set(RESERVED_IDS));
      const settled = await settleFiles({ ...mended.plan, plan: subtasks }, run.base.workspace);
      const files = await filesOfPlan(run, settled.plan, filesReadBy(planner));
      return {
        type: 'plan.proposed',
        plan: settled.plan,
        notes: [...(lookup?.notes ?? []), ...mended.notes, ...settled.notes],
        ...(files === undefined ? {} : { files }),
      };
    });
    return { plan: proposed.plan, facts };
  }
}

/** Takes a plan from the plan cache as it is. */
async function takeAgain(
  run: RunContext,
  lookup: EventOf<'plan.cached'>,
  { plan, answers }: { plan: Plan; answers: readonly Answer[] },
): Promise<Plan> {
  const notes = [
    ...lookup.notes,
    ...answers.map(({ question, answer }) => `Planned with your answer of then: ${question} → ${answer}`),
  ];
  const proposed = await run.journal.step('plan/proposed', async () => ({ type: 'plan.proposed', plan, notes }));
  return proposed.plan;
}

/** The files that an agent has read: what it planned rests on them. */
function filesReadBy({ calls }: Agent): string[] {
  return [...calls.times.keys()].flatMap((signature) => {
    const [tool, args] = JSON.parse(signature) as [string, [string, unknown][]];
    const path = tool === 'read_file' ? args.find(([name]) => name === 'path')?.[1] : undefined;
    const place = typeof path === 'string' ? workspacePath(path) : undefined;
    return place?.kind === 'path' ? [place.path] : [];
  });
}

/** An agent in the Planner's role; it sees the workspace with `changes` on top. */
export function openPlanner(
  run: RunContext,
  lane: string,
  key: string,
  opening: (budget: { chars: number }) => string,
  changes: () => ChangeSet = () => emptyChangeSet,
): Promise<Agent> {
  return openAgent(run, {
    role: 'planner',
    lane,
    key,
    thinking: 'on',
    opening,
    toolbox: openToolbox(run, 'planner', PLANNER_TOOLS, changes),
  });
}

/** Small models ask again what they were told: the user is asked once. */
function unanswered(questions: readonly Clarification[], answers: readonly Answer[]): Clarification[] {
  const known = new Set(answers.map(({ question }) => question));
  return questions.filter(({ question }) => !known.has(question));
}

function complaintOf(asked: number, answers: readonly Answer[]): (answer: PlanAnswer) => string | undefined {
  let emptyOnce = false;
  let complaints = 0;
  return ({ plan, questions }) => {
    if (asked < QUESTION_ROUNDS && unanswered(questions, answers).length > 0) return undefined;
    if (plan.plan.length === 0 && !emptyOnce) {
      emptyOnce = true;
      return `Your plan holds no subtask${questions.length > 0 ? ', and what it asks was answered or cannot be asked any more' : ''}. If the task needs a change, plan it; if the workspace is already as the task wants it, answer with an empty plan again and say so in task_understood.`;
    }
    const complaint = planComplaint(plan.plan);
    if (complaint === undefined) return undefined;
    complaints += 1;
    // What is told in vain is put right here, where that can be done without a guess; the plan's notes say so.
    return complaints > 1 ? planComplaint(mendedPlan(plan).plan.plan) : complaint;
  };
}

/** Asks the user, as a recorded step; pauses the run where nobody is there. */
export async function askUser(run: RunContext, key: string, asked: readonly Clarification[]): Promise<Answer[]> {
  const questions: Question[] = asked.map(({ question, choices }, index) => ({
    id: `${key.replace(/^plan\/questions-/, 'q')}-${index + 1}`,
    text: question,
    ...(choices.length > 0 ? { choices } : {}),
  }));
  const answered = await run.journal.step(key, async () => {
    run.journal.emit({ type: 'plan.question', questions });
    const answers = await run.presence.awaitingUser((signal) => run.user.ask(questions, signal));
    if (answers === 'unanswered') {
      throw new RunStop({
        code: 'question_unanswered',
        message: `The Planner asks: ${questions.map(({ text }) => text).join(' ')}`,
        remedy: 'Resume the run on a terminal and answer, or with --answers FILE.',
      });
    }
    return { type: 'plan.answered', answers };
  });
  return answered.answers;
}
