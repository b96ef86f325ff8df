import type { Answer, CheckReport, Question } from '../../shared/events.ts';
import type { Plan, PlannedSubtask } from '../../shared/wire.ts';
import { type Agent, openAgent } from '../agents/agent.ts';
import { jsonFormat } from '../agents/answerFormat.ts';
import { type Clarification, escalationAnswer, type PlanAnswer, planAnswer } from '../agents/answers.ts';
import { ask } from '../agents/ask.ts';
import { emptyChangeSet } from '../changes/changeSet.ts';
import type { RoundRecord } from './attempts.ts';
import { openToolbox } from './checking.ts';
import { failureText, planningText, planText, type TaskFacts, taskText } from './messages.ts';
import { planComplaint, replaceSubtask, settleFiles, withFreshIds, withoutUnknownDependencies } from './planGraph.ts';
import type { RunContext } from './runContext.ts';
import { RunStop } from './runStop.ts';

const PLANNER_TOOLS = ['read_file', 'analyze_codebase', 'search_docs', 'find_references', 'git_diff'];

const PLAN_REQUEST =
  'Answer now with the plan as one JSON object with the fields task_understood, clarifications_needed, plan (id, description, success_criteria, depends_on, files), known_failures, risks.';

/** Times the Planner may ask the user before it has to plan with what it knows. */
const QUESTION_ROUNDS = 2;

/** Plans the task, asking the user where the Planner needs to. */
export async function planTask(
  run: RunContext,
  task: string,
  baseChecks: CheckReport,
): Promise<{ plan: Plan; facts: TaskFacts }> {
  await run.journal.step('plan/started', async () => ({ type: 'plan.started' }));
  const facts = { task, answers: [] as Answer[] };
  const planner = await openPlanner(run, 'planner', 'plan', ({ chars }) => planningText(facts, baseChecks, chars));
  let message = '';
  for (let asked = 0; ; asked += 1) {
    const answer = await ask(run, planner, message, jsonFormat(planAnswer, PLAN_REQUEST, complaintOf(asked)));
    if (answer.kind === 'noAnswer') {
      throw new RunStop({
        code: 'plan_unusable',
        message: `The Planner gave no usable plan. ${answer.reason}`,
        remedy: 'Say the task in other words or in smaller steps, or use a stronger planner model.',
      });
    }
    const { plan, questions } = answer.value;
    if (questions.length > 0 && asked < QUESTION_ROUNDS) {
      const answers = await askUser(run, `plan/questions-${asked + 1}`, questions);
      facts.answers.push(...answers);
      message = `The user answered:\n${answers.map(({ question, answer: said }) => `- ${question}\n  ${said}`).join('\n')}\n\nPlan with these answers.`;
      continue;
    }
    const proposed = await run.journal.step('plan/proposed', async () => {
      const known = withoutUnknownDependencies({ ...plan, clarifications_needed: [] });
      const settled = await settleFiles(known.plan, run.base.workspace);
      return { type: 'plan.proposed', plan: settled.plan, notes: [...known.notes, ...settled.notes] };
    });
    return { plan: proposed.plan, facts };
  }
}

/** What the Planner decides about a subtask that failed all its rounds. */
export type EscalationResult =
  | { decision: 'replan'; replacements: PlannedSubtask[] }
  | { decision: 'waive'; because: string }
  | { decision: 'ask'; guidance: string }
  | { decision: 'give_up'; because: string };

/** Hands the failure record to the Planner: it plans the subtask anew, waives what is open, or asks the user. */
export async function escalate(
  run: RunContext,
  what: {
    key: string;
    subtask: PlannedSubtask;
    plan: readonly PlannedSubtask[];
    /** Names of subtasks that are not in the plan any more; no new one may have them. */
    replaced: readonly string[];
    facts: TaskFacts;
    rounds: readonly RoundRecord[];
    reason: string;
    mayReplan: boolean;
    mayAsk: boolean;
  },
): Promise<EscalationResult> {
  const { key, subtask, plan, facts, rounds, mayReplan, mayAsk } = what;
  const last = rounds.at(-1)?.verdict;
  const mayWaive = last !== undefined && last.failingChecks.length === 0;
  const record = async (
    decision: EscalationResult['decision'],
    because: string,
    replacements: string[],
  ): Promise<void> => {
    await run.journal.step(`${key}/escalated`, async () => ({
      type: 'subtask.escalated',
      subtask: subtask.id,
      reason: what.reason,
      decision,
      because,
      replacements,
    }));
  };
  const others = new Set([...plan.map(({ id }) => id), ...what.replaced]);
  const allowed = [...(mayReplan ? ['"replan"'] : []), ...(mayWaive ? ['"waive"'] : []), ...(mayAsk ? ['"ask"'] : [])];
  if (allowed.length === 0) {
    const because = 'Checks still fail, and the Planner has used up its chances to plan anew.';
    await record('give_up', because, []);
    return { decision: 'give_up', because };
  }
  const request = `Decide: ${allowed.join(', ')}. Answer with one JSON object: {"decision", "reason", "question", "plan"}. "replan": other subtasks in "plan", in place of "${subtask.id}". "waive": keep the change as it is, and say why what is open may stay. "ask": one question to the user.`;
  const planner = await openPlanner(run, `planner:${subtask.id}`, `${key}/planner`, ({ chars }) =>
    [
      taskText(facts, chars * 0.3),
      `# The plan\n${planText({ ...emptyPlan, plan: [...plan] })}`,
      failureText(subtask, rounds, chars * 0.5),
    ].join('\n\n'),
  );
  const answer = await ask(
    run,
    planner,
    '',
    jsonFormat(escalationAnswer, request, ({ decision, plan: fresh, question }) => {
      if (!allowed.includes(`"${decision}"`))
        return `"${decision}" is not possible here${decision === 'waive' ? ': checks still fail' : ''}. ${request}`;
      if (decision === 'ask' && question.trim() === '') return 'To ask, put the question into "question".';
      if (decision !== 'replan') return undefined;
      if (fresh.plan.length === 0) return 'To replan, put at least one subtask into "plan".';
      const renamed = withFreshIds(fresh.plan, others);
      return planComplaint(renamed, others) ?? planComplaint(replaceSubtask(plan, subtask.id, renamed));
    }),
  );
  if (answer.kind === 'noAnswer') {
    const because = `The Planner gave no usable decision. ${answer.reason}`;
    await record('give_up', because, []);
    return { decision: 'give_up', because };
  }
  const { decision, reason, question, plan: fresh } = answer.value;
  if (decision === 'waive') {
    await record('waive', reason, []);
    return { decision, because: reason };
  }
  if (decision === 'ask') {
    await record('ask', reason, []);
    const [said] = await askUser(run, `${key}/question`, [{ question, choices: [] }]);
    return { decision, guidance: `# The user was asked: ${question}\nThe answer: ${said?.answer ?? ''}` };
  }
  const replacements = withFreshIds(fresh.plan, others);
  await record(
    'replan',
    reason,
    replacements.map(({ id }) => id),
  );
  const proposed = await run.journal.step(`${key}/replan`, async () => {
    const settled = await settleFiles({ ...fresh, plan: replacements }, run.base.workspace);
    return { type: 'plan.proposed', plan: settled.plan, replanFor: subtask.id, notes: settled.notes };
  });
  return { decision, replacements: proposed.plan.plan };
}

const emptyPlan: Plan = { task_understood: '', plan: [], clarifications_needed: [], known_failures: [], risks: [] };

/** An agent in the Planner's role. */
export function openPlanner(
  run: RunContext,
  lane: string,
  key: string,
  opening: (budget: { chars: number }) => string,
): Promise<Agent> {
  return openAgent(run, {
    role: 'planner',
    lane,
    key,
    thinking: 'on',
    opening,
    toolbox: openToolbox(run, PLANNER_TOOLS, () => emptyChangeSet),
  });
}

function complaintOf(asked: number): (answer: PlanAnswer) => string | undefined {
  let emptyOnce = false;
  let complaints = 0;
  return ({ plan, questions }) => {
    if (questions.length > 0 && asked < QUESTION_ROUNDS) return undefined;
    if (plan.plan.length === 0 && !emptyOnce) {
      emptyOnce = true;
      return `Your plan holds no subtask${questions.length > 0 ? ', and no more questions can be asked' : ''}. If the task needs a change, plan it; if the workspace is already as the task wants it, answer with an empty plan again and say so in task_understood.`;
    }
    const complaint = planComplaint(plan.plan);
    if (complaint === undefined) return undefined;
    complaints += 1;
    // What is told in vain is put right here, where that can be done without a guess; the plan's notes say so.
    return complaints > 2 ? planComplaint(withoutUnknownDependencies(plan).plan.plan) : complaint;
  };
}

async function askUser(run: RunContext, key: string, asked: readonly Clarification[]): Promise<Answer[]> {
  const questions: Question[] = asked.map(({ question, choices }, index) => ({
    id: `${key.replace(/^plan\/questions-/, 'q')}-${index + 1}`,
    text: question,
    ...(choices.length > 0 ? { choices } : {}),
  }));
  const answered = await run.journal.step(key, async () => {
    run.journal.emit({ type: 'plan.question', questions });
    const answers = await run.user.ask(questions, run.signal);
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
