import assert from 'node:assert/strict';
import type { RunEvent } from '../../src/shared/events.ts';
import { type Fleet, type FleetOptions, startFleet } from '../models/fleet.ts';
import type { RequestRecord } from '../models/roleServer.ts';
import { type Conclave, type ConclaveResult, openConclave } from './conclave.ts';
import { GREETER, makeProject, type Project } from './project.ts';

/** A crew of scripted models, a real project, and the command line between them. */
export interface Scenario {
  fleet: Fleet;
  conclave: Conclave;
  project: Project;
  /** `conclave COMMAND … --workspace PROJECT --json`, to its end; then the fleet's log is looked through too. */
  run(args: readonly string[], options?: StartOptions): Promise<ConclaveResult>;
  start(args: readonly string[], options?: StartOptions): ReturnType<Conclave['start']>;
  /** What a role was asked, in the order in which its answers ended; each the text of all messages. */
  prompts(role: RequestRecord['role']): string[];
}

type StartOptions = NonNullable<Parameters<Conclave['start']>[1]>;

interface ScenarioOptions extends Omit<FleetOptions, 'script'> {
  files?: Record<string, string>;
  git?: 'none';
}

/** To be called in a `describe`: what its tests open is closed after each. */
export function scenarios(): (script: FleetOptions['script'], options?: ScenarioOptions) => Promise<Scenario> {
  let open: Scenario[] = [];
  let said: string[] = [];
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(said.join('\n'));
    const ended = open;
    open = [];
    said = [];
    for (const { fleet, conclave, project } of ended) {
      await fleet.close();
      conclave.remove();
      project.remove();
    }
  });
  return async (script, { files = GREETER, git, ...options } = {}) => {
    const fleet = await startFleet({ script, ...options });
    const conclave = openConclave(fleet.urls);
    const project = makeProject(files, git === undefined ? {} : { git });
    const start: Scenario['start'] = ([command = '', ...args], given) =>
      conclave.start([command, ...args, '--workspace', project.dir, '--json'], given);
    const scenario: Scenario = {
      fleet,
      conclave,
      project,
      start,
      async run(args, given) {
        const result = await start(args, given).ended;
        said.push(`conclave ${args.join(' ')}: status ${result.status}\n${result.stderr}`);
        await fleet.settled();
        assertFaithful(fleet);
        return result;
      },
      prompts: (role) => chats(fleet, role).map(({ messages }) => messages.map(({ content }) => content).join('\n\n')),
    };
    open.push(scenario);
    return scenario;
  };
}

/** The events of one type. */
export function ofType<T extends RunEvent['type']>(
  events: readonly RunEvent[],
  type: T,
): Extract<RunEvent, { type: T }>[] {
  return events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
}

/** The run that events are of. */
export function idOf(events: readonly RunEvent[]): string {
  return events[0]?.runId ?? assert.fail('there are no events');
}

/** How a run ended or stopped, by its last event. */
export function endingOf(events: readonly RunEvent[]): { code: string; message: string; remedy?: string } {
  const last = events.at(-1);
  assert.ok(
    last?.type === 'run.finished' || last?.type === 'run.paused' || last?.type === 'run.aborted',
    `the last event is ${last?.type}`,
  );
  return last.ending;
}

interface Chat {
  messages: { role: string; content: string; tool_calls?: { id: string }[]; tool_call_id?: string }[];
  model: string;
  temperature: number;
  stream: boolean;
  tools?: { function: { name: string } }[];
  response_format?: unknown;
}

/** The chat requests that a role got. */
export function chats(fleet: Fleet, role: RequestRecord['role']): Chat[] {
  return fleet.requests
    .filter((request) => request.role === role && request.path === '/v1/chat/completions')
    .map(({ body }) => body as Chat);
}

/**
 * What must hold for every request of every run: the script had an answer for it, it goes on with the transcript before
 * it byte for byte, and Nemotron's system message is its thinking switch and nothing else.
 */
function assertFaithful(fleet: Fleet): void {
  assert.deepEqual(fleet.unmatched, []);
  assert.deepEqual(fleet.violations, []);
  for (const role of ['preprocessor', 'planner', 'coder', 'reviewer'] as const) {
    const seen = new Set<string>();
    for (const { messages, model } of chats(fleet, role)) {
      // One answer may stand in several messages: some templates want every call with its result right behind it.
      const lastUser = messages.findLastIndex(({ role: by }, index) => by === 'user' && index < messages.length - 1);
      if (messages.some((message) => message.role === 'assistant')) {
        const goesOn = messages.some(
          ({ role: by }, index) =>
            by === 'assistant' && index > lastUser && seen.has(JSON.stringify(messages.slice(0, index))),
        );
        const before = JSON.stringify(messages.slice(0, -2));
        assert.ok(goesOn, `a request to the ${role} does not go on with one before it: ${before}`);
      }
      if (model.includes('Nemotron')) {
        const system = messages.filter((message) => message.role === 'system').map(({ content }) => content);
        assert.match(JSON.stringify(system), /^\["detailed thinking (on|off)"\]$/);
      }
      seen.add(JSON.stringify(messages));
    }
  }
}
