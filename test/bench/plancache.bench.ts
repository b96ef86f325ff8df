import { type CrewHere, openCrewHere } from '../support/crewHere.ts';
import { greetByName } from '../support/greeter.ts';
import { FILES as PROJECT, TASK } from '../support/greetingCrew.ts';
import { ofType } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';
import { type Figure, median } from './figure.ts';

export const title =
  'A plan out of the plan cache, against the Planner: a plan of three subtasks, its server at 4,000 tokens/s in and 60 out';

const TIMES = 5;

/** As long as plans of real models are: some 350 tokens. */
const PLAN = plan(
  ['greet', 'leave', 'stay'].map((name, i) => ({
    id: `task_${i + 1}`,
    description: `${name}() in src/${name}.js takes a name and returns the same words followed by a comma, a space and the name; without a name it returns the words of today. Export it as before, and keep callers as they are.`,
    success_criteria: `${name}('Ada') names Ada, ${name}() returns what it returns today, and nothing else in src/ has changed.`,
    files: [{ path: `src/${name}.js`, action: i === 2 ? ('create' as const) : ('modify' as const) }],
  })),
);

/** Plans the same task with a server that takes its time, and then again, from what is kept. */
export async function measure(say: (text: string) => void): Promise<Figure[]> {
  const crew = await openCrewHere({
    files: PROJECT,
    script: crewScripts({ plan: PLAN, edits: { task_1: [greetByName] } }),
    pace: 'real',
  });
  try {
    say('the Planner plans');
    const planner = await planned(crew, 'plan.uncached');
    const hits: number[] = [];
    for (let i = 0; i < TIMES; i += 1) hits.push(await planned(crew, 'plan.cached'));
    const of = 'the Planner';
    return [
      { what: 'from the checks to the plan, p50', value: median(hits), unit: 'ms', baseline: { value: planner, of } },
    ];
  } finally {
    await crew.close();
  }
}

/** Milliseconds from the end of the checks before the change to the plan. @param how it has to come about */
async function planned(crew: CrewHere, how: 'plan.cached' | 'plan.uncached'): Promise<number> {
  const from = crew.live.length;
  const { ending } = await crew.run(TASK, undefined, { kind: 'plan' });
  const events = crew.live.slice(from);
  const time = (event: { at: string } | undefined): number => Date.parse(event?.at ?? '');
  const ms = time(ofType(events, 'plan.proposed')[0]) - time(ofType(events, 'checks.finished')[0]);
  if (ending.code !== 'approved' || ofType(events, how).length !== 1 || Number.isNaN(ms))
    throw new Error(ending.message);
  return ms;
}
