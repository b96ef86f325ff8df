import type { RedFlag, Role } from '../../shared/events.ts';
import { ModelError } from '../models/modelError.ts';
import { openingMessages, samplingOf, traitsOf } from '../models/traits.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import { RunStop } from '../orchestrator/runStop.ts';
import type { JsonSchema, ModelRequest } from '../ports.ts';
import { REPLY_SHARE, SMALLEST_WINDOW } from '../settings.ts';
import { describeTools, runTool, toolSchema } from '../tools/index.ts';
import type { ToolContext } from '../tools/tool.ts';
import type { JsonAnswer } from './answers.ts';
import { jsonIn } from './jsonText.ts';
import { fillPrompt } from './prompts.ts';
import {
  type Begin,
  estimateTokens,
  raiseFlag,
  say,
  serverUnavailable,
  type Transcript,
  takeTurn,
  WindowExceeded,
} from './turn.ts';

/** What makes one role's agent: all roles use the one loop below and differ only in this. */
export interface AgentSpec {
  role: Role;
  /** For example "coder:task_1". */
  lane: string;
  /** Prefix of the step keys; unique within the run. */
  key: string;
  thinking: 'on' | 'off';
  tools: readonly string[];
  /** The user message that a transcript begins with; asked for again when a transcript has to start anew. */
  opening: (budget: { chars: number }) => string;
  toolContext: () => Omit<ToolContext, 'maxChars' | 'signal'>;
}

export interface Agent {
  readonly spec: AgentSpec;
  readonly transcript: Transcript;
  /** Characters that a message to this agent may have, so that a few of them fit the window. */
  readonly budget: { chars: number };
  /** Signatures of the tool calls whose results are still true. */
  readonly calls: Map<string, number>;
}

/** How an answer is asked for and read. */
export interface AnswerFormat<T> {
  /** Absent for free text. */
  schema?: { name: string; schema: JsonSchema };
  /** Says what to answer now, after the gathering. */
  request: string;
  /** Begins to read one answer. */
  begin: Begin<Reading<T>>;
}

export type Reading<T> =
  | { kind: 'answer'; value: T }
  /** Not usable, or not finished: `message` goes back to the model. Each `counts` has a bound of its own. */
  | { kind: 'again'; counts: 'repair' | 'edit' | 'part'; flag?: RedFlag; message: string }
  /** The model asks to look something up first. */
  | { kind: 'call'; tool: string; args: unknown };

/** Why an agent gave no usable answer. */
export interface NoAnswer {
  kind: 'noAnswer';
  reason: string;
}

const EDIT_RETRIES = 5;
const PARTS = 12;

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
    tokens: 0,
  };
  const agent: Agent = {
    spec,
    transcript,
    budget: { chars: Math.min(Math.floor(promptRoom(transcript) * 0.6), 60_000) },
    calls: new Map(),
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

/**
 * The loop: say something, let the agent gather with its tools, then have it answer. Every way round is bounded, and
 * an answer in its final form is taken at any point.
 */
export async function ask<T>(
  run: RunContext,
  agent: Agent,
  message: string,
  format: AnswerFormat<T>,
): Promise<{ kind: 'answer'; value: T } | NoAnswer> {
  if (message !== '') say(agent.transcript, message);
  const gathered = await gather(run, agent, format);
  if (gathered.kind === 'answer') return gathered;
  let reading: Exclude<Reading<T>, { kind: 'answer' }> | undefined =
    gathered.kind === 'reading' ? gathered.reading : undefined;
  if (!reading) say(agent.transcript, format.request);

  const used = { repair: 0, edit: 0, part: 0, call: 0 };
  const bounds = {
    repair: run.settings.limits.answerRepairs,
    edit: EDIT_RETRIES,
    part: PARTS,
    call: run.settings.limits.gatherTurns,
  };
  for (;;) {
    if (reading) {
      const counts = reading.kind === 'call' ? 'call' : reading.counts;
      used[counts] += 1;
      if (used[counts] > bounds[counts])
        return { kind: 'noAnswer', reason: giveUpReason(counts, bounds[counts], reading) };
      if (reading.kind === 'call') await answerCall(run, agent, reading);
      else {
        if (reading.flag) raiseFlag(run, agent.transcript, reading.flag, reading.message);
        say(agent.transcript, reading.message);
      }
    }
    const { reading: next } = await turnThatFits(run, agent, format.schema, format.begin);
    if (next.kind === 'answer') return next;
    reading = next;
  }
}

/** The format of an answer in JSON. */
export function jsonFormat<T>(
  answer: JsonAnswer<T>,
  request: string,
  check?: (value: T) => string | undefined,
): AnswerFormat<T> {
  return {
    schema: { name: answer.name, schema: answer.schema },
    request,
    begin: () => ({
      push: () => {},
      end: async ({ text, reasoning, stopReason }): Promise<Reading<T>> => {
        if (stopReason === 'length') {
          return repair(
            'truncated',
            'Your answer was cut off before it was complete, so it was not used. Answer again, much shorter: short sentences, only the needed fields.',
          );
        }
        const value = jsonIn(text) ?? jsonIn(reasoning);
        if (value === undefined) {
          const flag = text.trim() === '' ? 'empty' : 'malformed';
          return repair(
            flag,
            `Your answer was ${flag === 'empty' ? 'empty' : 'not one JSON object'}, so it was not used. ${request}`,
          );
        }
        const call = callIn(value);
        if (call) return call;
        const read = answer.read(value);
        if (!read.ok) return repair('malformed', `Your JSON was not usable: ${read.complaint}. ${request}`);
        const complaint = check?.(read.value);
        return complaint === undefined ? { kind: 'answer', value: read.value } : repair('malformed', complaint);
      },
    }),
  };
}

/** The part of every prompt that names the tools and how to call them. */
export function toolHelp(tools: readonly string[]): string {
  return `${describeTools(tools)}

Call a tool by answering with one JSON object and nothing else: {"action": "<tool>", "args": {…}}.
When you know enough, answer {"action": "done", "args": {}}; you are then asked for your final answer.`;
}

function repair(flag: RedFlag, message: string): Reading<never> {
  return { kind: 'again', counts: 'repair', flag, message };
}

/** A tool call in JSON, or undefined where the value is something else. */
export function callIn(value: unknown): { kind: 'call'; tool: string; args: unknown } | undefined {
  if (typeof value !== 'object' || value === null || !('action' in value)) return undefined;
  const { action, args } = value as { action: unknown; args?: unknown };
  return typeof action === 'string' && action !== 'done' ? { kind: 'call', tool: action, args: args ?? {} } : undefined;
}

type Gathered<T> =
  | { kind: 'answer'; value: T }
  | { kind: 'done' }
  | { kind: 'reading'; reading: Exclude<Reading<T>, { kind: 'answer' }> };

async function gather<T>(run: RunContext, agent: Agent, format: AnswerFormat<T>): Promise<Gathered<T>> {
  const { tools } = agent.spec;
  if (tools.length === 0) return { kind: 'done' };
  const schema = { name: 'action', schema: toolSchema(tools) };
  let unusable = 0;
  for (let calls = 0; calls < run.settings.limits.gatherTurns && unusable < 3; ) {
    const { reading } = await turnThatFits(run, agent, schema, gatherReader(format));
    if (reading.kind === 'answer' || reading.kind === 'reading') return reading;
    if (reading.kind === 'done') return { kind: 'done' };
    if (reading.kind === 'call') {
      calls += 1;
      if ((await answerCall(run, agent, reading)) === 'repeated') return { kind: 'done' };
    } else {
      unusable += 1;
      raiseFlag(run, agent.transcript, reading.flag, reading.message);
      say(agent.transcript, reading.message);
    }
  }
  say(agent.transcript, 'No more tool calls now: work with what you have.');
  return { kind: 'done' };
}

type GatherReading<T> =
  | Gathered<T>
  | { kind: 'call'; tool: string; args: unknown }
  | { kind: 'unusable'; flag: RedFlag; message: string };

/** Reads a gathering turn: a call, "done", or the final answer in its own form. */
function gatherReader<T>(format: AnswerFormat<T>): Begin<GatherReading<T>> {
  return (context) => ({
    push: () => {},
    end: async (answer) => {
      const value = jsonIn(answer.text) ?? jsonIn(answer.reasoning);
      if (typeof value === 'object' && value !== null && 'action' in value && answer.stopReason !== 'length') {
        return callIn(value) ?? { kind: 'done' };
      }
      if (answer.text.trim() !== '' && answer.stopReason !== 'length') {
        const reader = format.begin(context);
        reader.push(answer.text);
        const reading = await reader.end(answer);
        if (reading.kind === 'answer') return reading;
        if (reading.kind === 'again' && reading.counts !== 'repair') return { kind: 'reading', reading };
      }
      const flag = answer.stopReason === 'length' ? 'truncated' : answer.text.trim() === '' ? 'empty' : 'malformed';
      return {
        kind: 'unusable',
        flag,
        message: `That was ${flag === 'truncated' ? 'cut off' : flag === 'empty' ? 'empty' : 'not a tool call'}. Answer with one JSON object {"action": …, "args": {…}}; "done" when you know enough.`,
      };
    },
  });
}

/** Runs a tool call and says its result. A call whose result is already there is not run again. */
async function answerCall(
  run: RunContext,
  agent: Agent,
  call: { tool: string; args: unknown },
): Promise<'answered' | 'repeated'> {
  const { role, lane } = agent.spec;
  const signature = JSON.stringify([call.tool, call.args]);
  const times = (agent.calls.get(signature) ?? 0) + 1;
  agent.calls.set(signature, times);
  if (times > 1) {
    raiseFlag(run, agent.spec, 'repeated_call', `${call.tool} was asked for again with the same arguments.`);
    say(
      agent.transcript,
      `You already have the result of this call, and it has not changed. ${times > 2 ? 'Work with what you have.' : 'Use it, make another call, or answer "done".'}`,
    );
    return times > 2 ? 'repeated' : 'answered';
  }
  const id = `${agent.spec.key}/call-${agent.transcript.turns}`;
  const args = typeof call.args === 'object' && call.args !== null ? (call.args as Record<string, unknown>) : {};
  const result = await run.journal.step(id, async () => {
    run.journal.emit({ type: 'tool.called', lane, role, call: id, tool: call.tool, args });
    const started = run.now().getTime();
    const allowed = agent.spec.tools.includes(call.tool);
    const outcome = allowed
      ? await runTool(call.tool, args, {
          ...agent.spec.toolContext(),
          maxChars: toolResultChars(agent.transcript),
          signal: run.signal,
        })
      : { text: `There is no tool "${call.tool}" for you; you have: ${agent.spec.tools.join(', ')}.`, isError: true };
    return {
      type: 'tool.returned',
      lane,
      role,
      call: id,
      tool: call.tool,
      ...outcome,
      ms: run.now().getTime() - started,
    };
  });
  say(agent.transcript, `Result of ${call.tool}${result.isError ? ' (failed)' : ''}:\n${result.text}`);
  return 'answered';
}

/** Takes a turn; where the transcript has grown past the window, starts a new one with the pending message first. */
async function turnThatFits<R>(
  run: RunContext,
  agent: Agent,
  schema: ModelRequest['schema'],
  begin: Begin<R>,
): Promise<{ reading: R }> {
  for (let restarts = 0; ; restarts += 1) {
    const { transcript } = agent;
    if (restarts === 0 && transcript.tokens > promptRoom(transcript)) restart(run, agent);
    const maxTokens = Math.min(
      replyTokens(transcript),
      Math.max(256, transcript.window - margin(transcript) - transcript.tokens),
    );
    try {
      return await takeTurn(run, transcript, { maxTokens, ...(schema ? { schema } : {}) }, begin);
    } catch (error) {
      if (!(error instanceof WindowExceeded)) throw error;
      if (restarts >= 2) {
        throw new RunStop(
          {
            code: 'limit_reached',
            message: `The ${transcript.role}'s shortest prompt does not fit the window of its server (${error.window ?? transcript.window} tokens).`,
            remedy: 'Serve the model with a larger window, or make the task smaller.',
          },
          { cause: error },
        );
      }
      if (error.window !== undefined) transcript.window = error.window;
      agent.budget.chars = Math.floor(agent.budget.chars / 2);
      restart(run, agent);
    }
  }
}

/** Begins a new transcript: for an agent whose old one only repeats its mistakes. */
export function startAfresh(run: RunContext, agent: Agent): void {
  startTranscript(run, agent);
  agent.calls.clear();
}

/** Starts the transcript anew with the agent's opening (which tells the state as it is now) and the last thing said. */
function restart(run: RunContext, agent: Agent): void {
  const pending = agent.transcript.messages.at(-1);
  startAfresh(run, agent);
  if (pending?.role === 'user') say(agent.transcript, clip(pending.content, agent.budget.chars / 2));
}

function startTranscript(run: RunContext, agent: Agent): void {
  const { spec, transcript } = agent;
  const instructions = fillPrompt(run.prompts[spec.role], {
    tools: spec.tools.length > 0 ? toolHelp(spec.tools) : 'None.',
  });
  transcript.messages = openingMessages(traitsOf(transcript.modelName), {
    instructions,
    thinking: spec.thinking,
    user: spec.opening(agent.budget),
  });
  transcript.tokens = transcript.messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
}

/** Cuts a text in the middle, and says so. */
export function clip(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const half = Math.floor(chars / 2);
  return `${text.slice(0, half)}\n[… ${text.length - 2 * half} characters left out …]\n${text.slice(-half)}`;
}

function replyTokens({ window }: Transcript): number {
  return Math.floor(window * REPLY_SHARE);
}

function margin({ window }: Transcript): number {
  return Math.max(128, Math.floor(window * 0.02));
}

function promptRoom(transcript: Transcript): number {
  return transcript.window - replyTokens(transcript) - margin(transcript);
}

function toolResultChars(transcript: Transcript): number {
  return Math.min(24_000, Math.floor(promptRoom(transcript) * 0.5));
}

function giveUpReason(counts: string, bound: number, reading: { kind: string; message?: string }): string {
  const last = reading.message === undefined ? '' : ` The last problem: ${clip(reading.message, 300)}`;
  switch (counts) {
    case 'edit':
      return `Its edits did not apply ${bound} times in a row.${last}`;
    case 'part':
      return `It was still writing after ${bound} parts.`;
    case 'call':
      return `It asked for tools ${bound} times where an answer was due.`;
    default:
      return `${bound + 1} answers in a row were unusable.${last}`;
  }
}
