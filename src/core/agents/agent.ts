import type { EventOf, Role, RunEvent, Rung } from '../../shared/events.ts';
import type { Probe } from '../../shared/probe.ts';
import type { ChangeSet } from '../changes/changeSet.ts';
import { ModelError } from '../models/modelError.ts';
import { samplingOf } from '../models/traits.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import { RunStop } from '../orchestrator/runStop.ts';
import type { Message, Served } from '../ports.ts';
import { SMALLEST_WINDOW } from '../settings.ts';
import { type CallableTool, describeTools } from '../tools/index.ts';
import type { ToolContext } from '../tools/tool.ts';
import { fillPrompt } from './prompts.ts';
import { serverUnavailable, whyAway } from './retries.ts';
import { currentRung, type Doubt, isNative } from './rungs.ts';
import type { Transcript } from './turn.ts';
import { openingChars } from './windowBudget.ts';

/** What makes one role's agent: all roles use the one loop below and differ only in this. */
export interface AgentSpec {
  role: Role;
  /** For example "coder:task_1". */
  lane: string;
  /** Prefix of the step keys; unique within the run. */
  key: string;
  thinking: 'on' | 'off';
  /**
   * What a transcript begins with, in at most `chars` characters; asked for whenever one begins, and without a bound
   * for the agent's brief. Tells the state as it is at the time.
   */
  opening: (budget: { chars: number }) => string;
  /** What it may look things up with; absent for an agent that only answers. */
  toolbox?: Toolbox;
}

/** The tools of an agent and what they see. */
export interface Toolbox {
  tools: readonly CallableTool[];
  /** The change set they see; the result of a call is still true as long as this is the same. */
  changes: () => ChangeSet;
  context: () => Omit<ToolContext, 'maxChars' | 'signal'>;
}

export interface Agent {
  readonly spec: AgentSpec;
  readonly transcript: Transcript;
  /**
   * Characters that a message to this agent may have, so that a few of them fit the window; and the most that its opening
   * may have, where a server refused more without saying what it takes.
   */
  readonly budget: { chars: number; most: number };
  /**
   * Whether it is let look things up before it is asked for its answer. One that has only repeated a call until it was
   * given up is not, from then on; it may still make a call where an answer is due.
   */
  gathers: boolean;
  /** The turn after which its transcript began; how often in a row that was soon after it had begun before, and the turn that was counted last. */
  begun: { after: number; hasty: number; counted: number };
  /** How often each tool call was made on the change set `on`: results on another one may differ. */
  calls: { on: ChangeSet | undefined; times: Map<string, number> };
  /** How often its server did what speaks against the rung, by what it was. */
  doubts: { rung: Rung; times: Partial<Record<Doubt['kind'], number>> };
}

/** Opens an agent: asks what its server serves, and refuses a window that is too small by the role's name. */
export async function openAgent(run: RunContext, spec: AgentSpec): Promise<Agent> {
  const { model: modelName, root, window, served } = await servedBy(run, spec.role);
  const transcript: Transcript = {
    role: spec.role,
    lane: spec.lane,
    key: spec.key,
    model: run.models[spec.role],
    modelName,
    root,
    window,
    served,
    sampling: { ...samplingOf(spec.thinking), ...temperatureFor(run, spec.role) },
    thinking: spec.thinking,
    rung: currentRung(run, spec.role),
    messages: [],
    results: [],
    looked: [],
    said: '',
    differs: false,
    turns: 0,
    isLive: true,
    ranAway: false,
    tokens: 0,
  };
  return {
    spec,
    transcript,
    budget: { chars: openingChars(transcript), most: Number.POSITIVE_INFINITY },
    gathers: true,
    begun: { after: 0, hasty: 0, counted: 0 },
    calls: { on: undefined, times: new Map() },
    doubts: { rung: transcript.rung, times: {} },
  };
}

/** What the user has set for a role in a fork. */
function temperatureFor({ fork }: RunContext, role: Role): { temperature?: number } {
  const temperature = fork?.roles.findLast((one) => one.role === role && one.temperature !== undefined)?.temperature;
  return temperature === undefined ? {} : { temperature };
}

/** What a role's server says of itself. Stops the run where it does not answer, or says that its window is too small. */
export async function toldBy(run: RunContext, role: Role): Promise<Served> {
  try {
    const told = await run.models[role].served(run.signal);
    if (!told.assumed) refuseSmallWindow(role, run.models[role].url, told.window);
    return told;
  } catch (error) {
    if (error instanceof ModelError) throw serverUnavailable(error, await whyAway(run, role));
    throw error;
  }
}

/**
 * What a role's server serves, in tokens what it says (`served`) and what it takes (`window`), where a refusal in this
 * run has taught us better. Stops the run where the server does not answer or its window is too small.
 */
export async function servedBy(
  run: RunContext,
  role: Role,
): Promise<{ model: string; root?: string | undefined; served: number; window: number }> {
  const { model, root, assumed, window: told } = await toldBy(run, role);
  const probe = await probedBy(run, role, model);
  const served = assumed && probe?.model === model ? probe.window : told;
  const learnt = run.journal
    .outcomes()
    .flatMap((event) =>
      event.type === 'window.learnt' && event.role === role && event.model === model && event.served === served
        ? [event.window]
        : [],
    );
  const window = Math.min(served, ...learnt);
  refuseSmallWindow(role, run.models[role].url, window);
  return { model, root, served, window };
}

/**
 * What a role's server was seen to do, recorded at the run's first contact with it; a resumed run takes the record, unless
 * another model is served by then. Undefined where it could not be measured.
 */
export async function probedBy(run: RunContext, role: Role, model: string): Promise<Probe | undefined> {
  const { url } = run.models[role];
  const isOfThis = (event: RunEvent | undefined): event is RunEvent & EventOf<'server.probed'> =>
    event?.type === 'server.probed' && event.probe.url === url && event.probe.model === model;
  const first = run.journal.recordedStep(`probe/${role}`);
  if (isOfThis(first)) return first.probe;
  const probe = await run.probe(role, run.signal);
  if (probe === undefined) return undefined;
  const key = first === undefined ? `probe/${role}` : `probe/${role}/${url} ${model}`;
  return (await run.journal.step(key, async () => ({ type: 'server.probed' as const, role, probe }))).probe;
}

/** @throws RunStop where a window is smaller than what a role can work with */
export function refuseSmallWindow(role: Role, url: string, window: number): void {
  if (window >= SMALLEST_WINDOW) return;
  throw new RunStop({
    code: 'configuration',
    message: `The ${role}'s server (${url}) serves a window of ${window} tokens; the smallest supported is ${SMALLEST_WINDOW}.`,
    remedy: `Start it with a larger window (vLLM: --max-model-len ${SMALLEST_WINDOW} or more; llama.cpp: -c, divided by -np).`,
  });
}

/** Whether nothing was said yet: then the transcript begins with the opening, which tells the whole state. */
export function hasJustBegun({ transcript }: Agent): boolean {
  return transcript.messages.length === 0 && transcript.said === '' && transcript.results.length === 0;
}

/** Begins a new transcript: for an agent whose old one only repeats its mistakes. */
export function startAfresh(agent: Agent): void {
  Object.assign(agent.transcript, { messages: [], results: [], looked: [], said: '', tokens: 0 });
}

/** The messages that a transcript begins with, whatever the model's template makes of them. @param of the opening's room, and what the user message makes of it */
export function openingOf(
  run: RunContext,
  { spec, transcript }: Agent,
  of: { chars: number; user: (opening: string) => string },
): Message[] {
  return [
    { role: 'system', content: instructionsFor(run.prompts[spec.role], spec.toolbox?.tools, transcript.rung) },
    { role: 'user', content: of.user(spec.opening({ chars: of.chars })) },
  ];
}

/** A role's prompt with its tools. */
export function instructionsFor(
  prompt: string,
  tools: readonly CallableTool[] | undefined,
  rung: Rung = 'json',
): string {
  return fillPrompt(prompt, { tools: tools ? toolHelp(tools, rung) : 'None.' });
}

/** The part of every prompt that says how to call the tools, and which there are where the request does not offer them itself. */
export function toolHelp(tools: readonly CallableTool[], rung: Rung = 'json'): string {
  if (isNative(rung)) {
    const names = tools.map(({ name }) => name).sort();
    return `You have functions: ${names.join(', ')}. Call one to look something up; you get its result and go on from there.
When you know enough, call none: answer with the change itself, in the form given below.`;
  }
  return `${describeTools(tools)}

Call a tool by answering with one JSON object and nothing else: {"action": "<tool>", "args": {…}}.
When you know enough, answer {"action": "done", "args": {}}; you are then asked for your final answer.`;
}
