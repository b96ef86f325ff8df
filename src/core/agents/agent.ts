import type { Role } from '../../shared/events.ts';
import type { ChangeSet } from '../changes/changeSet.ts';
import { ModelError } from '../models/modelError.ts';
import { openingMessages, samplingOf, traitsOf } from '../models/traits.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import { RunStop } from '../orchestrator/runStop.ts';
import { SMALLEST_WINDOW } from '../settings.ts';
import { describeTools } from '../tools/index.ts';
import type { ToolContext } from '../tools/tool.ts';
import { fillPrompt } from './prompts.ts';
import { estimateTokens, serverUnavailable, type Transcript } from './turn.ts';
import { openingChars } from './windowBudget.ts';

/** What makes one role's agent: all roles use the one loop below and differ only in this. */
export interface AgentSpec {
  role: Role;
  /** For example "coder:task_1". */
  lane: string;
  /** Prefix of the step keys; unique within the run. */
  key: string;
  thinking: 'on' | 'off';
  /** The user message that a transcript begins with; asked for again when a transcript has to start anew. */
  opening: (budget: { chars: number }) => string;
  /** What it may look things up with; absent for an agent that only answers. */
  toolbox?: Toolbox;
}

/** The tools of an agent and what they see. */
export interface Toolbox {
  names: readonly string[];
  /** The change set they see; the result of a call is still true as long as this is the same. */
  changes: () => ChangeSet;
  context: () => Omit<ToolContext, 'maxChars' | 'signal'>;
}

export interface Agent {
  readonly spec: AgentSpec;
  readonly transcript: Transcript;
  /** Characters that a message to this agent may have, so that a few of them fit the window. */
  readonly budget: { chars: number };
  /** Characters of the last message of the opening; what was said after it begins there. */
  openingLength: number;
  /** How often each tool call was made on the change set `on`: results on another one may differ. */
  calls: { on: ChangeSet | undefined; times: Map<string, number> };
}

/** Opens an agent: asks what its server serves, and refuses a window that is too small by the role's name. */
export async function openAgent(run: RunContext, spec: AgentSpec): Promise<Agent> {
  const model = run.models[spec.role];
  const served = await servedBy(run, spec.role);
  const transcript: Transcript = {
    role: spec.role,
    lane: spec.lane,
    key: spec.key,
    model,
    modelName: served.model,
    window: served.window,
    sampling: samplingOf(spec.thinking),
    messages: [],
    turns: 0,
    isLive: true,
    tokens: 0,
  };
  const agent: Agent = {
    spec,
    transcript,
    budget: { chars: openingChars(transcript) },
    openingLength: 0,
    calls: { on: undefined, times: new Map() },
  };
  startTranscript(run, agent);
  return agent;
}

/** What a role's server serves; stops the run where it does not answer or its window is too small. */
export async function servedBy(run: RunContext, role: Role): Promise<{ model: string; window: number }> {
  try {
    const served = await run.models[role].served(run.signal);
    if (served.window >= SMALLEST_WINDOW) return served;
    throw new RunStop({
      code: 'configuration',
      message: `The ${role}'s server (${run.models[role].url}) serves a window of ${served.window} tokens; the smallest supported is ${SMALLEST_WINDOW}.`,
      remedy: `Start it with a larger window (vLLM: --max-model-len ${SMALLEST_WINDOW} or more; llama.cpp: -c, divided by -np).`,
    });
  } catch (error) {
    if (error instanceof ModelError) throw serverUnavailable(error);
    throw error;
  }
}

/** Whether nothing was said since the opening, which tells the whole state. */
export function hasJustBegun({ transcript, openingLength }: Agent): boolean {
  const last = transcript.messages.at(-1);
  return last?.role === 'user' && last.content.length === openingLength && transcript.messages.length <= 2;
}

/** Begins a new transcript: for an agent whose old one only repeats its mistakes. */
export function startAfresh(run: RunContext, agent: Agent): void {
  startTranscript(run, agent);
  agent.calls = { on: undefined, times: new Map() };
}

function startTranscript(run: RunContext, agent: Agent): void {
  const { spec, transcript } = agent;
  const instructions = fillPrompt(run.prompts[spec.role], {
    tools: spec.toolbox ? toolHelp(spec.toolbox.names) : 'None.',
  });
  transcript.messages = openingMessages(traitsOf(transcript.modelName), {
    instructions,
    thinking: spec.thinking,
    user: spec.opening(agent.budget),
  });
  agent.openingLength = transcript.messages.at(-1)?.content.length ?? 0;
  transcript.tokens = transcript.messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
}

/** The part of every prompt that names the tools and how to call them. */
export function toolHelp(tools: readonly string[]): string {
  return `${describeTools(tools)}

Call a tool by answering with one JSON object and nothing else: {"action": "<tool>", "args": {…}}.
When you know enough, answer {"action": "done", "args": {}}; you are then asked for your final answer.`;
}
