import type { EventBody, EventOf, Lane, RedFlag, Role, Rung, StopReason, Usage } from '../../shared/events.ts';
import { ModelError } from '../models/modelError.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import type { JsonSchema, Message, Model, ModelRequest, ToolCall } from '../ports.ts';
import { type Asked, askedText, watchCache } from './cacheWatch.ts';
import { collectCalls } from './nativeCalls.ts';
import { firstTokenBudget } from './pace.ts';
import { compareWithRecord, hashOf, nextTurnKey } from './record.ts';
import { flagRunaway, isRunaway, type Try, withRetries } from './retries.ts';
import { estimatePrompt, estimateTokens } from './windowBudget.ts';

/** A transcript with one model, and what is needed to go on with it. Mutable: `takeTurn` and `say` add to it. */
export interface Transcript {
  role: Role;
  lane: Lane;
  /** Prefix of the step keys of its turns; unique within the run. */
  key: string;
  model: Model;
  modelName: string;
  /** What stands behind that name, where the server tells. */
  root?: string | undefined;
  /** Tokens that prompt and answer share, as far as we know: what is served, or less where a refusal told so. */
  window: number;
  /** Tokens that the server says it serves. */
  served: number;
  sampling: { temperature: number; topP?: number };
  /** Fixed for the transcript. */
  thinking: 'on' | 'off';
  /** How it calls tools. Fixed while it goes on: a lower rung begins a new one. */
  rung: Rung;
  /** What the last turn was to answer in: the name of a schema, or tools; absent for free text, and before the first. */
  askedFor?: string | undefined;
  /** What was last said of how to answer, in this transcript. */
  requested?: string | undefined;
  /** What was sent and answered; empty until the first turn of a transcript that begins. */
  messages: Message[];
  /** Results of tool calls that go with the next turn. */
  results: CallResult[];
  /** Results that were sent. */
  looked: CallResult[];
  /** What is said and goes with the next turn. */
  said: string;
  /** Its last request; absent before the first. */
  asked?: Asked | undefined;
  /** The model of the last turn; another than `modelName` where the turn was taken over from a run with that. */
  answeredBy?: string;
  /** Whether a recorded turn since its beginning was asked otherwise than it is made up again now. */
  differs: boolean;
  /** Turns taken so far, over restarts of the transcript too. */
  turns: number;
  /** Whether the last turn was taken now; false for one that was read again from the record. */
  isLive: boolean;
  /** Whether the last turn, taken now, ran away and was cut for it. */
  ranAway: boolean;
  /** Tokens of `messages`, `results` and `said`: the server's count up to the last turn, our estimate from there. */
  tokens: number;
}

export type Turn = EventOf<'turn.finished'>;

/** What came of a tool call. */
export interface CallResult {
  /** Of a native call; absent for one that was written as text. */
  callId?: string;
  tool: string;
  args: unknown;
  text: string;
  isError: boolean;
}

/** One whole answer. */
export interface Said {
  text: string;
  reasoning: string;
  stopReason: StopReason;
  /** Native calls, as the server gave them; the ids are ours. */
  toolCalls: readonly ToolCall[];
  /** How many it has: where it was cut off, it was cut off there. */
  tokens: number;
}

/** Reads an answer while it streams. A new one is made for every try, so a lost stream leaves nothing behind. */
export interface Reader<R> {
  push(delta: string): void;
  end(said: Said): Promise<R>;
}

export type Begin<R> = (context: { turnKey: string; emit: (body: EventBody) => void }) => Reader<R>;

/** What a window is too small for. The caller starts a shorter transcript. */
export class WindowExceeded extends Error {
  override readonly name = 'WindowExceeded';
  readonly window: number | undefined;
  constructor(window: number | undefined, cause: unknown) {
    super('The prompt does not fit the window of the server.', { cause });
    this.window = window;
  }
}

/** Says something to the model; it goes with the next turn, in one message, because many chat templates want roles to alternate. */
export function say(transcript: Transcript, text: string): void {
  transcript.said = transcript.said === '' ? text : `${transcript.said}\n\n${text}`;
  transcript.tokens += estimateTokens(text);
}

/** Gives the result of a tool call to the model; it goes with the next turn. */
export function sayResult(transcript: Transcript, result: CallResult): void {
  transcript.results.push(result);
  transcript.tokens += estimateTokens(result.text);
}

/** What a turn is asked with. */
export interface TurnRequest {
  /** Everything that the model gets. */
  messages: Message[];
  /** Where the messages begin a transcript: characters that its opening might have. */
  openingChars?: number;
  maxTokens: number;
  schema?: { name: string; schema: JsonSchema };
  tools?: NonNullable<ModelRequest['tools']>;
}

/**
 * One request and its answer, as a recorded step: a turn that was recorded is read again, never asked again.
 * Failures of the server are retried here, with the run told about each; what stays broken stops the run.
 * @throws WindowExceeded with the transcript as it was
 * @throws ProtocolFailed (agents/rungs.ts) with the transcript as it was
 */
export async function takeTurn<R>(
  run: RunContext,
  transcript: Transcript,
  request: TurnRequest,
  begin: Begin<R>,
): Promise<{ turn: Turn; reading: R }> {
  const index = transcript.turns + 1;
  const turnKey = nextTurnKey(transcript);
  const { messages, maxTokens, schema, tools } = request;
  const askedFor = schema?.name ?? (tools ? 'tools' : undefined);
  const modelRequest: ModelRequest = {
    messages,
    maxTokens,
    thinking: transcript.thinking,
    ...transcript.sampling,
    temperature: temperatureOf(transcript, messages, askedFor),
    ...(schema ? { schema } : {}),
    ...patienceFor(run, transcript, messages),
    ...(tools ? { tools } : {}),
    ...(transcript.rung === 'native' ? { whole: true } : {}),
  };
  let live: { reading: R } | undefined;
  transcript.isLive = false;
  transcript.ranAway = false;
  if (request.openingChars !== undefined) transcript.differs = false;
  await compareWithRecord(run, transcript, messages);
  const turn = await run.journal.step(turnKey, async (): Promise<Turn> => {
    transcript.isLive = true;
    run.checkLimits();
    const result = await withRetries(run, transcript, modelRequest, (how) =>
      streamOnce(run, transcript, how, index, begin({ turnKey, emit: run.journal.emit })),
    );
    live = { reading: result.reading };
    const begun = { openingChars: request.openingChars, rung: transcript.rung };
    return { ...result.turn, ...(request.openingChars === undefined ? {} : begun) };
  });
  const reading = live === undefined ? await readAgain(turn, begin({ turnKey, emit: () => {} })) : live.reading;
  const text = askedText(transcript, messages, tools);
  if (live !== undefined && request.openingChars === undefined)
    await watchCache(run, transcript, transcript.asked, { text, usage: turn.usage });
  transcript.answeredBy = turn.model;
  // No server has kept for one model what another was asked.
  transcript.asked = turn.model === transcript.modelName ? { text, promptTokens: turn.usage.promptTokens } : undefined;
  transcript.turns = index;
  transcript.askedFor = askedFor;
  transcript.messages = [...messages, answerMessage(turn)];
  transcript.looked.push(...transcript.results);
  transcript.results = [];
  transcript.said = '';
  transcript.tokens = turn.usage.promptTokens + turn.usage.completionTokens;
  return { turn, reading };
}

/** An answer as it stands in the next request. Calls of an answer that was cut off are none, so nothing waits for their results. */
function answerMessage({ text, toolCalls, stopReason }: Turn): Message {
  if (toolCalls?.length && stopReason !== 'length') return { role: 'assistant', content: text, toolCalls };
  return { role: 'assistant', content: text.trim() === '' ? '(no answer)' : text };
}

/** Tells the run that an answer was not taken at its word; once, so not again when a recorded turn is read again. */
export function raiseFlag(run: RunContext, transcript: Transcript, flag: RedFlag, message: string): void {
  if (!transcript.isLive) return;
  run.journal.emit({ type: 'redflag.raised', lane: transcript.lane, role: transcript.role, flag, message });
}

/** How long to wait for the first token, and that the run is told where it takes longer. */
function patienceFor(
  run: RunContext,
  { role, model, modelName }: Transcript,
  messages: readonly Message[],
): Pick<ModelRequest, 'firstTokenMs' | 'onWaiting'> {
  const promptTokens = estimatePrompt(messages);
  const least = run.settings.timeouts.firstToken * 1000;
  return {
    firstTokenMs: firstTokenBudget(run.journal.outcomes(), { model: modelName, promptTokens, least }),
    onWaiting: ({ waited, running, waiting }) => {
      const queue = waiting === 0 ? '' : `, ${waiting} in its queue`;
      const message = `The ${role} server at ${model.url} has sent nothing for ${Math.round(waited / 1000)} s, but is at work (${running} running${queue}): waiting on.`;
      run.journal.emit({ type: 'server.busy', role, url: model.url, message });
    },
  };
}

/** Above this, a model's answers are noise. */
const HOTTEST = 1;

/**
 * Rises with every time that the model only repeats its last answer: at the same temperature it would do so for ever.
 * Where another kind of answer is due now, it cannot, so there is nothing to shake it out of.
 */
function temperatureOf(transcript: Transcript, messages: readonly Message[], askedFor: string | undefined): number {
  const { temperature } = transcript.sampling;
  if (askedFor !== transcript.askedFor) return temperature;
  return Math.max(temperature, Math.min(HOTTEST, temperature + 0.3 * repeatedAnswers(messages)));
}

/** How many times in a row the model has given its last answer before. */
function repeatedAnswers(messages: readonly Message[]): number {
  const answers = messages.flatMap((message) => {
    if (message.role !== 'assistant') return [];
    const calls = message.toolCalls?.map(({ name, arguments: args }) => [name, args]) ?? [];
    return [JSON.stringify([message.content, calls])];
  });
  const last = answers.pop();
  const other = answers.findLastIndex((answer) => answer !== last);
  return answers.length - 1 - other;
}

async function readAgain<R>(turn: Turn, reader: Reader<R>): Promise<R> {
  reader.push(turn.text);
  return reader.end(saidIn(turn));
}

function saidIn({ text, reasoning, stopReason, toolCalls, usage }: Omit<Turn, 'type'>): Said {
  return { text, reasoning: reasoning ?? '', stopReason, toolCalls: toolCalls ?? [], tokens: usage.completionTokens };
}

async function streamOnce<R>(
  run: RunContext,
  transcript: Transcript,
  { request, cuts }: Try,
  index: number,
  reader: Reader<R>,
): Promise<{ turn: Turn; reading: R }> {
  const { role, lane, model, modelName, window } = transcript;
  const started = run.now().getTime();
  let firstTokenMs: number | undefined;
  let text = '';
  let reasoning = '';
  let usage: Usage | undefined;
  let stopReason: StopReason = 'stop';
  const pieces = collectCalls();
  try {
    for await (const event of model.stream(request, run.signal)) {
      if (event.type !== 'finished') firstTokenMs ??= run.now().getTime() - started;
      if (event.type === 'text') {
        text += event.delta;
        run.journal.emit(
          request.schema?.name === 'plan'
            ? { type: 'plan.delta', delta: event.delta }
            : { type: 'agent.delta', role, lane, channel: 'text', delta: event.delta },
        );
        reader.push(event.delta);
      } else if (event.type === 'reasoning') {
        reasoning += event.delta;
        run.journal.emit({ type: 'agent.delta', role, lane, channel: 'reasoning', delta: event.delta });
      } else if (event.type === 'toolCall') {
        pieces.take(event);
      } else {
        stopReason = event.stopReason;
        usage = event.usage;
      }
    }
  } catch (error) {
    if (!(error instanceof ModelError) || !isRunaway(error.failure) || !cuts) throw error;
    flagRunaway(run, transcript, error.failure, error.message);
    stopReason = 'length';
    transcript.ranAway = true;
  }
  const toolCalls = pieces.calls(index);
  usage ??= estimatedUsage(request, text + reasoning + toolCalls.map((call) => call.arguments).join(''));
  const reading = await reader.end({ text, reasoning, stopReason, toolCalls, tokens: usage.completionTokens });
  const ms = run.now().getTime() - started;
  const decodeMs = Math.max(1, ms - (firstTokenMs ?? 0));
  const tokensPerSecond = Math.round((usage.completionTokens / decodeMs) * 10_000) / 10;
  run.journal.emit({ type: 'usage.reported', role, lane, model: modelName, window, usage, tokensPerSecond });
  const turn: Turn = {
    type: 'turn.finished',
    role,
    lane,
    turn: index,
    model: modelName,
    text,
    ...(reasoning === '' ? {} : { reasoning }),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    stopReason,
    usage,
    firstTokenMs: firstTokenMs ?? ms,
    ms,
    request: hashOf(transcript, request.messages),
  };
  return { turn, reading };
}

function estimatedUsage(request: ModelRequest, answer: string): Usage {
  return { promptTokens: estimatePrompt(request.messages), completionTokens: estimateTokens(answer), estimated: true };
}
