import type { RunContext } from '../orchestrator/runContext.ts';
import { RunStop } from '../orchestrator/runStop.ts';
import type { Message, ModelRequest } from '../ports.ts';
import { type Agent, openingOf, refuseSmallWindow } from './agent.ts';
import { nextTurnKey, recordedTurn } from './record.ts';
import { clip } from './shareRoom.ts';
import { type Begin, takeTurn, WindowExceeded } from './turn.ts';
import { estimateTokens, margin, openingChars, promptRoom, replyTokens } from './windowBudget.ts';

/** Times a server may say that a turn's prompt is too long; each brings a shorter one. */
const REFUSALS = 3;

/** Characters below which an opening tells too little to work with. */
const SHORTEST_OPENING = 1500;

/**
 * Takes a turn. Where the transcript has not begun, or has grown past the window, or the server says so, it begins with
 * the opening, which tells the state as it is now, and what was said last. For a recorded turn the record decides that:
 * estimates and windows may be others by now, and what the model has answered was answered to what it got then.
 */
export async function turnThatFits<R>(
  run: RunContext,
  agent: Agent,
  schema: ModelRequest['schema'],
  begin: Begin<R>,
): Promise<{ reading: R }> {
  const { transcript } = agent;
  const recorded = recordedTurn(run, transcript);
  let prompt =
    recorded === undefined
      ? nextPrompt(run, agent)
      : recorded.openingChars === undefined
        ? promptAsItGoesOn(agent)
        : beginning(run, agent, recorded.openingChars);
  for (let refusals = 0; ; ) {
    const { messages, tokens, openingChars: chars } = prompt;
    const maxTokens = Math.min(replyTokens(transcript), Math.max(256, transcript.window - margin(transcript) - tokens));
    const request = {
      messages,
      maxTokens,
      ...(chars === undefined ? {} : { openingChars: chars }),
      ...(schema ? { schema } : {}),
    };
    try {
      return await takeTurn(run, transcript, request, begin);
    } catch (error) {
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
      prompt = fittingBeginning(run, agent);
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

function nextPrompt(run: RunContext, agent: Agent): Prompt {
  const { transcript } = agent;
  const goesOn = transcript.messages.length > 0 && transcript.tokens <= promptRoom(transcript);
  return goesOn ? promptAsItGoesOn(agent) : fittingBeginning(run, agent);
}

function promptAsItGoesOn({ transcript: { messages, said, tokens } }: Agent): Prompt {
  return { messages: said === '' ? messages : [...messages, { role: 'user', content: said }], tokens };
}

/** A beginning that leaves room for looking things up, also where the text has more tokens than its length tells. */
function fittingBeginning(run: RunContext, agent: Agent): Prompt {
  const { transcript } = agent;
  let chars = Math.min(agent.budget.chars, openingChars(transcript));
  for (;;) {
    const prompt = beginning(run, agent, chars);
    if (prompt.tokens <= promptRoom(transcript) * 0.8 || chars <= SHORTEST_OPENING) return prompt;
    chars = Math.max(SHORTEST_OPENING, Math.floor(chars * 0.7));
  }
}

/** The first request of a transcript: instructions, opening and what was said last, which together have `chars` characters. */
function beginning(run: RunContext, agent: Agent, chars: number): Prompt {
  const { transcript } = agent;
  // From here on messages are measured by it; the record gives it back when the run is resumed.
  agent.budget.chars = chars;
  agent.calls = { on: undefined, times: new Map() };
  const pending = transcript.messages.length === 0 ? transcript.said : `${FORGOTTEN}\n\n${transcript.said}`;
  const said = clip(pending, Math.floor(chars / 2), 'ask for it again where you need it');
  const messages = openingOf(run, agent, {
    chars: Math.max(0, chars - said.length - 2),
    user: (opening) => [opening, said].filter((text) => text !== '').join('\n\n'),
  });
  const tokens = messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
  return { messages, tokens, openingChars: chars };
}

const FORGOTTEN = '# What was said before is not shown any more, to make room. The last of it';

/** What a server's refusal teaches: a smaller window than it says it serves, or that our estimate was too low. */
async function learnWindow(run: RunContext, agent: Agent, told: number | undefined): Promise<void> {
  const { transcript, budget } = agent;
  if (told === undefined || told >= transcript.window) {
    budget.chars = Math.floor(budget.chars / 2);
    return;
  }
  const { role, model, modelName, served } = transcript;
  await run.journal.step(`${nextTurnKey(transcript)}/window-${told}`, async () => ({
    type: 'window.learnt',
    role,
    model: modelName,
    served,
    window: told,
  }));
  refuseSmallWindow(role, model.url, told);
  transcript.window = told;
}
