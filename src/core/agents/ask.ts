import type { Rung } from '../../shared/events.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import { offeredTools, toolSchema } from '../tools/index.ts';
import type { Agent } from './agent.ts';
import type { AnswerFormat, NoAnswer } from './answerFormat.ts';
import { type Asking, Crowded, turnThatFits } from './fittingTurn.ts';
import { type Doubt, isNative, weigh } from './rungs.ts';
import { schemaInWords } from './schemaInWords.ts';
import { clip } from './shareRoom.ts';
import { answerCalls, wasCalled } from './toolCall.ts';
import { raiseFlag, say } from './turn.ts';
import { type TurnReading, turnReader } from './turnReader.ts';

const EDIT_RETRIES = 5;
const PARTS = 12;
/** Times that a call whose result is there already is made where an answer is due. */
const REPEATS = 2;
/** Most tokens that a call of a tool can need; a thought before it included. */
const ACTION_TOKENS = 4096;

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
  const objected: Objected<T> = {};
  const outcome = await askInTurns(run, agent, message, format, objected).catch((error: unknown): NoAnswer => {
    if (!(error instanceof Crowded)) throw error;
    return { kind: 'noAnswer', reason: error.message };
  });
  return outcome.kind === 'noAnswer' && objected.to ? { kind: 'answer', value: objected.to.value } : outcome;
}

/** The last answer that the format objected to. */
interface Objected<T> {
  to?: { value: T };
}

async function askInTurns<T>(
  run: RunContext,
  agent: Agent,
  message: string,
  format: AnswerFormat<T>,
  objected: Objected<T>,
): Promise<{ kind: 'answer'; value: T } | NoAnswer> {
  if (message !== '') say(agent.transcript, message);
  agent.transcript.requested = undefined;
  let reading: TurnReading<T> = await gather(run, agent, format);
  const asking = askingFor(agent, format, 'answer');
  // Where the answer has begun, how to answer is known.
  if (reading.kind !== 'done') agent.transcript.requested = asking(agent.transcript.rung).request;

  let held: { value: T } | undefined;
  const used = { repair: 0, edit: 0, part: 0, call: 0, repeat: 0 };
  const bounds = {
    repair: run.settings.limits.answerRepairs,
    edit: EDIT_RETRIES,
    part: PARTS,
    call: run.settings.limits.gatherTurns,
    repeat: REPEATS,
  };
  for (;;) {
    held = reading.held ?? held;
    const answer = reading.kind === 'answer' ? reading : saysNothing(reading) ? held : undefined;
    if (answer) {
      const { value } = answer;
      const objection = used.repair < bounds.repair ? await format.objectTo?.(value) : undefined;
      if (!objection) return { kind: 'answer', value };
      held = { value };
      objected.to = held;
      reading = { kind: 'again', counts: 'repair', ...objection };
    }
    if (reading.kind === 'again' || reading.kind === 'calls') {
      const counts = countsAs(agent, reading);
      used[counts] += reading.kind === 'calls' ? reading.calls.length : 1;
      if (used[counts] > bounds[counts]) {
        if (counts === 'repeat') agent.gathers = false;
        const reason = giveUpReason(counts, bounds[counts], reading);
        // The last answer is refused like those before it, and the log says why.
        if (reading.kind === 'calls') raiseFlag(run, agent.transcript, 'repeated_call', reason);
        else flag(run, agent, reading);
        return { kind: 'noAnswer', reason };
      }
      if (reading.kind === 'again') {
        flag(run, agent, reading);
        say(agent.transcript, reading.message);
      } else if ((await callTools(run, agent, reading)) === 'repeated') {
        say(agent.transcript, `${format.request}\nDo not make that call again: answer with what you have.`);
      }
    }
    reading = await takeAnswer(run, agent, asking);
  }
}

/** Whether a turn adds nothing: then what was said beside a call, before it, is the answer. */
function saysNothing<T>(reading: TurnReading<T>): boolean {
  return reading.kind === 'again' && !reading.held && (reading.flag === 'no_change' || reading.flag === 'empty');
}

type Unfinished<T> = Extract<TurnReading<T>, { kind: 'again' | 'calls' }>;

async function gather<T>(
  run: RunContext,
  agent: Agent,
  format: AnswerFormat<T>,
): Promise<Extract<TurnReading<T>, { kind: 'answer' | 'again' | 'done' }>> {
  if (!agent.spec.toolbox || !agent.gathers) return { kind: 'done' };
  const asking = askingFor(agent, format, 'gather');
  let unusable = 0;
  let repeated = 0;
  let held: { value: T } | undefined;
  for (let calls = 0; calls < run.settings.limits.gatherTurns && unusable < 3; ) {
    const reading = await takeAnswer(run, agent, asking).catch(ignoreCrowded);
    // What is looked up does not fit beside the task; the answer may.
    if (reading === undefined) break;
    held = reading.held ?? held;
    const kept = held && { held };
    if (reading.kind === 'answer' || reading.kind === 'done') return { ...reading, ...kept };
    if (reading.kind === 'calls') {
      calls += reading.calls.length;
      if ((await callTools(run, agent, reading)) === 'answered') continue;
      repeated += 1;
      if (repeated > 1) break;
      say(agent.transcript, isNative(agent.transcript.rung) ? USE_IT : `${USE_IT.slice(0, -1)}, or answer "done".`);
      continue;
    }
    // The answer has begun: on a native rung every answer without a call is one.
    if (reading.counts !== 'repair' || isNative(agent.transcript.rung)) return { ...reading, ...kept };
    unusable += 1;
    flag(run, agent, reading);
    say(agent.transcript, reading.message);
  }
  say(agent.transcript, 'No more tool calls now: work with what you have.');
  return { kind: 'done', ...(held && { held }) };
}

function ignoreCrowded(error: unknown): undefined {
  if (!(error instanceof Crowded)) throw error;
}

const USE_IT = 'Use it, or make another call.';

/** Runs the calls, says their results, and tells the run where they did not come as they should. */
async function callTools<T>(
  run: RunContext,
  agent: Agent,
  { calls, flag: message, also }: Extract<TurnReading<T>, { kind: 'calls' }>,
): Promise<'answered' | 'repeated'> {
  if (message !== undefined) raiseFlag(run, agent.transcript, 'foreign_tool_call', message);
  const outcome = await answerCalls(run, agent, calls);
  if (also !== undefined) say(agent.transcript, also);
  return outcome;
}

/** Takes a turn, and a lower rung where it spoke against the present one. */
async function takeAnswer<T>(
  run: RunContext,
  agent: Agent,
  asking: (rung: Rung) => Asking<TurnReading<T>>,
): Promise<TurnReading<T>> {
  const { transcript } = agent;
  const { reading } = await turnThatFits(run, agent, asking);
  const doubt = transcript.ranAway && transcript.rung === 'json' && transcript.askedFor ? RAN_AWAY : reading.doubt;
  if (doubt !== undefined) await weigh(run, agent, doubt);
  return reading;
}

const RAN_AWAY: Doubt = { kind: 'runaway', reason: 'its answers in JSON do not come to an end' };

function countsAs<T>(agent: Agent, reading: Unfinished<T>): 'repair' | 'edit' | 'part' | 'call' | 'repeat' {
  if (reading.kind === 'again') return reading.counts;
  return reading.calls.every((call) => wasCalled(agent, call)) ? 'repeat' : 'call';
}

function flag<T>(run: RunContext, agent: Agent, reading: Extract<TurnReading<T>, { kind: 'again' }>): void {
  if (reading.flag) raiseFlag(run, agent.transcript, reading.flag, reading.problem ?? reading.message);
}

/** What a turn asks for, by the rung that it is taken on. */
function askingFor<T>(
  agent: Agent,
  format: AnswerFormat<T>,
  phase: 'gather' | 'answer',
): (rung: Rung) => Asking<TurnReading<T>> {
  const own = agent.spec.toolbox?.tools ?? [];
  const tools = offeredTools(own);
  return (rung) => {
    const begin = turnReader({ rung, phase, format, tools });
    if (isNative(rung)) return { begin, tools, ...(phase === 'answer' && { request: format.request }) };
    const schema = phase === 'gather' ? { name: 'action', schema: toolSchema(own) } : format.schema;
    const maxTokens = phase === 'gather' ? ACTION_TOKENS : format.maxTokens;
    return {
      begin,
      ...(schema && rung === 'json' && { schema }),
      ...(maxTokens !== undefined && { maxTokens }),
      ...(phase === 'answer' && { request: requestOn(rung, format) }),
    };
  };
}

/** How to answer; where no server holds the answer to its schema, with the schema in words. */
function requestOn<T>(rung: Rung, { request, schema }: AnswerFormat<T>): string {
  return rung === 'text' && schema ? `${request}\n\n${schemaInWords(schema.schema)}` : request;
}

function giveUpReason(counts: string, bound: number, reading: Unfinished<unknown>): string {
  const last =
    reading.kind === 'calls' ? '' : ` The last problem: ${clip(reading.problem ?? reading.message, 300).trimEnd()}`;
  switch (counts) {
    case 'edit':
      return `Its edits did not apply ${bound} times in a row.${last}`;
    case 'part':
      return `It was still writing after ${bound} parts.`;
    case 'repeat':
      return `It made the same tool call over and over, though it had the result.`;
    case 'call':
      return `It asked for tools ${bound} times where an answer was due.`;
    default:
      return `${bound + 1} answers were unusable.${last}`;
  }
}
