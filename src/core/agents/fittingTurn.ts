import type { Rung } from '../../shared/events.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import { RunStop } from '../orchestrator/runStop.ts';
import type { Message, ModelRequest } from '../ports.ts';
import { type Agent, openingOf, refuseSmallWindow } from './agent.ts';
import { nextTurnKey, recordedTurn } from './record.ts';
import { serverUnavailable } from './retries.ts';
import { currentRung, lower, ProtocolFailed } from './rungs.ts';
import { clip } from './shareRoom.ts';
import { REPEATED } from './toolCall.ts';
import { type Begin, type CallResult, type Turn, takeTurn, WindowExceeded } from './turn.ts';
import { estimatePrompt, estimateTokens, margin, openingChars, promptRoom, replyTokens } from './windowBudget.ts';

/** Times a server may say that a turn's prompt is too long; each brings a shorter one. */
const REFUSALS = 3;

/** Characters below which an opening tells too little to work with. */
const SHORTEST_OPENING = 1500;

/** What a transcript that begins anew has at most, of what it had and of the room that there is. */
const SHRINKS_TO = 0.7;

/** Part of the room for the prompt up to which our estimate is enough: no tokenizer makes a token of less than a character. */
const CERTAIN = 0.2;

/** Turns after which a transcript that is full again has hardly been of use. */
const HASTE = 2;
/** Times in a row that this is borne. */
const HASTY_COMPACTIONS = 2;

/** The window is too small for what an agent has to do: it would begin anew for ever. */
export class Crowded extends Error {
  override readonly name = 'Crowded';
  constructor(window: number) {
    super(
      `The window of ${window} tokens is too small for this: what has to be looked at fills it before anything can be done with it.`,
    );
  }
}

/** What a turn asks for, on one rung. */
export interface Asking<R> {
  schema?: ModelRequest['schema'];
  tools?: NonNullable<ModelRequest['tools']>;
  /** Most tokens that such an answer can need. */
  maxTokens?: number;
  /** Says how to answer; said once in a transcript, and again where it begins anew. */
  request?: string;
  begin: Begin<R>;
}

/**
 * Takes a turn. Where the transcript has not begun, or has grown past the window, or the server says so, or another rung
 * is due, it begins with the opening, which tells the state as it is now, and what was said last. For a recorded turn the
 * record decides that: estimates and windows may be others by now, and what the model has answered was answered to what
 * it got then.
 */
export async function turnThatFits<R>(
  run: RunContext,
  agent: Agent,
  asking: (rung: Rung) => Asking<R>,
): Promise<{ reading: R }> {
  const { transcript } = agent;
  const recorded = recordedTurn(run, transcript);
  const request = (): string | undefined => asking(transcript.rung).request;
  let prompt = recorded ? promptAsRecorded(run, agent, asking, recorded) : await nextPrompt(run, agent, asking);
  for (let refusals = 0; ; ) {
    const { messages, tokens, openingChars: chars } = prompt;
    const { schema, tools, maxTokens: most, begin } = asking(transcript.rung);
    const room = Math.max(256, transcript.window - margin(transcript) - tokens);
    try {
      const taken = await takeTurn(
        run,
        transcript,
        {
          messages,
          maxTokens: Math.min(replyTokens(transcript), room, most ?? Number.POSITIVE_INFINITY),
          ...(chars === undefined ? {} : { openingChars: chars }),
          ...(schema ? { schema } : {}),
          ...(tools ? { tools } : {}),
        },
        begin,
      );
      transcript.requested = request() ?? transcript.requested;
      return taken;
    } catch (error) {
      if (error instanceof ProtocolFailed) {
        if ((await lower(run, transcript, error.reason)) === 'lowest') throw serverUnavailable(error.cause);
        prompt = await fittingBeginning(run, agent, asking);
        continue;
      }
      if (!(error instanceof WindowExceeded)) throw error;
      refusals += 1;
      if (refusals >= REFUSALS) {
        throw new RunStop(
          {
            code: 'limit_reached',
            message: `The ${transcript.role}'s shortest prompt does not fit the window of its server (${transcript.window} tokens).`,
            remedy: 'Serve the model with a larger window, or make the task smaller.',
          },
          { cause: error },
        );
      }
      await learnWindow(run, agent, error.window);
      refuseHaste(agent, currentRung(run, transcript.role));
      prompt = await fittingBeginning(run, agent, asking);
    }
  }
}

interface Prompt {
  messages: Message[];
  /** As far as we know. */
  tokens: number;
  /** Where it begins a transcript: characters that the opening might have. */
  openingChars?: number;
}

/** What a turn asks for, on whatever rung it comes to be. */
type AskingOn = (rung: Rung) => Pick<Asking<unknown>, 'request' | 'tools'>;

function promptAsRecorded(
  run: RunContext,
  agent: Agent,
  asking: AskingOn,
  { rung = 'json', openingChars }: Turn,
): Prompt {
  if (openingChars === undefined) return promptAsItGoesOn(agent, asking);
  refuseHaste(agent, rung);
  return beginning(run, agent, asking, rung, openingChars);
}

async function nextPrompt(run: RunContext, agent: Agent, asking: AskingOn): Promise<Prompt> {
  const { transcript } = agent;
  if (transcript.messages.length === 0 || transcript.rung !== currentRung(run, transcript.role)) {
    return fittingBeginning(run, agent, asking);
  }
  const prompt = await counted(run, agent, asking, promptAsItGoesOn(agent, asking));
  return prompt.tokens <= promptRoom(transcript) ? prompt : compacted(run, agent, asking, prompt.tokens);
}

function promptAsItGoesOn({ transcript }: Agent, asking: AskingOn): Prompt {
  const { messages, results, said, requested, tokens, rung } = transcript;
  const { request = '' } = asking(rung);
  const unsaid = request === requested ? '' : request;
  const added = nextMessages(results, joined([said, unsaid]));
  return { messages: [...messages, ...added], tokens: tokens + estimateTokens(unsaid) };
}

/**
 * What goes with the next turn. Results of native calls are messages of their own, and the last of them holds whatever
 * else is said, because many chat templates want no user between the results and the answer.
 */
function nextMessages(results: readonly CallResult[], said: string): Message[] {
  const native = results.flatMap((result) =>
    result.callId === undefined ? [] : [{ ...result, callId: result.callId }],
  );
  const text = joined([
    ...results.filter(({ callId }) => callId === undefined).map((result) => resultText(result)),
    said,
  ]);
  if (native.length === 0) return text === '' ? [] : [{ role: 'user', content: text }];
  return native.map(({ callId, text: content, isError }, index) => {
    const result = isError ? `Failed: ${content}` : content;
    return { role: 'tool', callId, content: index === native.length - 1 ? joined([result, text]) : result };
  });
}

/** A beginning on the rung that is due, which leaves room for looking things up. */
async function fittingBeginning(run: RunContext, agent: Agent, asking: AskingOn): Promise<Prompt> {
  const { transcript } = agent;
  const rung = currentRung(run, transcript.role);
  let chars = Math.min(agent.budget.most, openingChars(transcript));
  for (;;) {
    const prompt = await counted(run, agent, asking, beginning(run, agent, asking, rung, chars));
    if (prompt.tokens <= promptRoom(transcript) * SHRINKS_TO || chars <= SHORTEST_OPENING) return prompt;
    chars = Math.max(SHORTEST_OPENING, Math.floor(chars * 0.7));
  }
}

/**
 * The transcript anew, because it has grown past the window: the opening tells the state, and what was looked up goes.
 * @throws Crowded where that does not make it smaller, or has to be done again and again
 */
async function compacted(run: RunContext, agent: Agent, asking: AskingOn, before: number): Promise<Prompt> {
  const { role, lane, window, rung } = agent.transcript;
  refuseHaste(agent, rung);
  const prompt = await fittingBeginning(run, agent, asking);
  if (prompt.tokens > before * SHRINKS_TO) throw new Crowded(window);
  run.journal.emit({ type: 'transcript.compacted', role, lane, before, after: prompt.tokens });
  return prompt;
}

/**
 * Counts a transcript that begins anew soon after it has begun. Told by the turns alone, so it is the same in a run that
 * is resumed.
 * @throws Crowded where it does so again and again
 */
function refuseHaste(agent: Agent, rung: Rung): void {
  const { transcript, begun } = agent;
  if (transcript.messages.length === 0 || rung !== transcript.rung || begun.counted === transcript.turns) return;
  begun.counted = transcript.turns;
  begun.hasty = transcript.turns - begun.after > HASTE ? 0 : begun.hasty + 1;
  if (begun.hasty <= HASTY_COMPACTIONS) return;
  begun.hasty = 0;
  throw new Crowded(transcript.window);
}

/** With the server's own count, where our estimate leaves it open whether the prompt fits. */
async function counted(run: RunContext, { transcript }: Agent, asking: AskingOn, prompt: Prompt): Promise<Prompt> {
  if (prompt.tokens <= promptRoom(transcript) * CERTAIN) return prompt;
  const { tools } = asking(transcript.rung);
  const { messages } = prompt;
  const tokens = await transcript.model.count({ messages, ...(tools ? { tools } : {}) }, run.signal);
  return tokens === undefined ? prompt : { ...prompt, tokens };
}

/**
 * The first request of a transcript: instructions, opening, what was said last, and how to answer, which together have
 * `chars` characters. One that begins for another rung tells what was looked up before: its window is not full.
 */
function beginning(run: RunContext, agent: Agent, asking: AskingOn, rung: Rung, chars: number): Prompt {
  const { transcript } = agent;
  // From here on messages are measured by it; the record gives it back when the run is resumed.
  agent.budget.chars = chars;
  agent.begun.after = transcript.turns;
  agent.calls = { on: undefined, times: new Map() };
  const looked = rung === transcript.rung ? [] : transcript.looked;
  const known = [...looked, ...transcript.results].filter(({ text }) => text !== REPEATED);
  Object.assign(transcript, { rung, requested: undefined, looked: [], results: known.map(asText) });
  const { request = '', tools = [] } = asking(rung);
  const results = transcript.results.map((result) => resultText(result, 'withArguments'));
  const said = clip(joined([...results, transcript.said]), Math.floor(chars / 2), 'ask for it again where you need it');
  const heading = said === '' || transcript.messages.length === 0 ? '' : FORGOTTEN;
  const below = joined([heading, said, request]);
  const messages = openingOf(run, agent, {
    chars: Math.max(0, chars - below.length - 2),
    user: (opening) => joined([opening, below]),
  });
  const offered = tools.length === 0 ? 0 : estimateTokens(JSON.stringify(tools));
  const tokens = offered + estimatePrompt(messages);
  return { messages, tokens, openingChars: chars };
}

const FORGOTTEN = '# What was said before is not shown any more. The last of it';

/** The result of a call that is not shown any more. */
function asText({ callId: _, ...result }: CallResult): CallResult {
  return result;
}

/** The result of a call as text; with what was asked, where the call itself is not shown. */
function resultText({ tool, args, text, isError }: CallResult, form: 'named' | 'withArguments' = 'named'): string {
  const call = form === 'named' ? tool : `${tool} ${JSON.stringify(args)}`;
  return `Result of ${call}${isError ? ' (failed)' : ''}:\n${text}`;
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n\n');
}

/** What a server's refusal teaches: a smaller window than it says it serves, or that our estimate was too low. */
async function learnWindow(run: RunContext, agent: Agent, told: number | undefined): Promise<void> {
  const { transcript, budget } = agent;
  if (told === undefined || told >= transcript.window) {
    budget.most = Math.floor(budget.chars / 2);
    return;
  }
  const { role, model, modelName, served } = transcript;
  await run.journal.step(`${nextTurnKey(transcript)}/window-${told}`, async () => {
    // It saw another window: the next run looks again.
    await run.forgetProbe(role);
    return { type: 'window.learnt', role, model: modelName, served, window: told };
  });
  refuseSmallWindow(role, model.url, told);
  transcript.window = told;
}
