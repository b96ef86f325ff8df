import type { RedFlag } from '../../shared/events.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import { toolSchema } from '../tools/index.ts';
import type { Agent } from './agent.ts';
import { type AnswerFormat, callIn, type NoAnswer, type Reading } from './answerFormat.ts';
import { turnThatFits } from './fittingTurn.ts';
import { jsonIn } from './jsonText.ts';
import { clip } from './shareRoom.ts';
import { answerCall, wasCalled } from './toolCall.ts';
import { type Begin, raiseFlag, say } from './turn.ts';

const EDIT_RETRIES = 5;
const PARTS = 12;
/** Times that a call whose result is there already is made where an answer is due. */
const REPEATS = 2;

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

  const used = { repair: 0, edit: 0, part: 0, call: 0, repeat: 0 };
  const bounds = {
    repair: run.settings.limits.answerRepairs,
    edit: EDIT_RETRIES,
    part: PARTS,
    call: run.settings.limits.gatherTurns,
    repeat: REPEATS,
  };
  for (;;) {
    if (reading) {
      const counts = reading.kind !== 'call' ? reading.counts : wasCalled(agent, reading) ? 'repeat' : 'call';
      used[counts] += 1;
      if (used[counts] > bounds[counts]) {
        if (counts === 'repeat') agent.gathers = false;
        const reason = giveUpReason(counts, bounds[counts], reading);
        // The last answer is refused like those before it, and the log says why.
        if (reading.kind === 'call') raiseFlag(run, agent.transcript, 'repeated_call', reason);
        else if (reading.flag) raiseFlag(run, agent.transcript, reading.flag, reading.problem ?? reading.message);
        return { kind: 'noAnswer', reason };
      }
      if (reading.kind === 'call') {
        if ((await answerCall(run, agent, reading)) === 'repeated')
          say(agent.transcript, `${format.request}\nDo not make that call again: answer with what you have.`);
      } else {
        if (reading.flag) raiseFlag(run, agent.transcript, reading.flag, reading.problem ?? reading.message);
        say(agent.transcript, reading.message);
      }
    }
    const { reading: next } = await turnThatFits(run, agent, format.schema, format.begin);
    if (next.kind === 'answer') return next;
    reading = next;
  }
}

type Gathered<T> =
  | { kind: 'answer'; value: T }
  | { kind: 'done' }
  | { kind: 'reading'; reading: Exclude<Reading<T>, { kind: 'answer' }> };

async function gather<T>(run: RunContext, agent: Agent, format: AnswerFormat<T>): Promise<Gathered<T>> {
  const { toolbox } = agent.spec;
  if (!toolbox || !agent.gathers) return { kind: 'done' };
  const schema = { name: 'action', schema: toolSchema(toolbox.names) };
  let unusable = 0;
  let repeated = 0;
  for (let calls = 0; calls < run.settings.limits.gatherTurns && unusable < 3; ) {
    const { reading } = await turnThatFits(run, agent, schema, gatherReader(format));
    if (reading.kind === 'answer' || reading.kind === 'reading') return reading;
    if (reading.kind === 'done') return { kind: 'done' };
    if (reading.kind === 'call') {
      calls += 1;
      if ((await answerCall(run, agent, reading)) === 'answered') continue;
      repeated += 1;
      if (repeated > 1) break;
      say(agent.transcript, 'Use it, make another call, or answer "done".');
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
      // An early change to a JSON file may hold "action" itself: where there are edit blocks, they are the answer.
      const hasEdits = !format.schema && /^<{5,9} ?(SEARCH|APPEND)/m.test(answer.text);
      if (
        !hasEdits &&
        typeof value === 'object' &&
        value !== null &&
        'action' in value &&
        answer.stopReason !== 'length'
      ) {
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

function giveUpReason(counts: string, bound: number, reading: Exclude<Reading<unknown>, { kind: 'answer' }>): string {
  const last =
    reading.kind === 'call' ? '' : ` The last problem: ${clip(reading.problem ?? reading.message, 300).trimEnd()}`;
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
