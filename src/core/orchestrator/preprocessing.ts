import type { PreprocessedInput } from '../../shared/wire.ts';
import { openAgent } from '../agents/agent.ts';
import { jsonFormat } from '../agents/answerFormat.ts';
import { preprocessedAnswer } from '../agents/answers.ts';
import { ask } from '../agents/ask.ts';
import { clip } from '../agents/shareRoom.ts';
import { WindowExceeded } from '../agents/turn.ts';
import type { RunContext } from './runContext.ts';
import { RunStop } from './runStop.ts';

/** Texts up to this length go to the Planner as they are, in characters. */
const SHORT_TEXT = 6_000;

/**
 * Brings the user's input into clean text. Short text is normalised here; long text is condensed by the Preprocessor
 * where its server is up, and passed on as it is where it is not: plain text never needs that server.
 */
export async function preprocess(run: RunContext, task: string): Promise<string> {
  const event = await run.journal.step('input', async () => {
    const text = normalise(task);
    const condensed = text.length > SHORT_TEXT ? await condense(run, text) : undefined;
    const input: PreprocessedInput = {
      type: 'preprocessed_input',
      original_type: 'text',
      preprocessed_text: condensed?.preprocessed_text ?? text,
      confidence: condensed?.confidence ?? 1,
      metadata: { characters: text.length },
    };
    return { type: 'input.preprocessed', input, by: condensed ? 'preprocessor' : 'local' };
  });
  return event.input.preprocessed_text;
}

/** Unix line ends, no control characters, no runs of blank lines, in Unicode's composed form. */
export function normalise(text: string): string {
  return (
    text
      .normalize('NFC')
      .replace(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufeff]/g, '')
      .replace(/[ \t]+$/gm, '')
      .replace(/\n{3,}/g, '\n\n')
      .trim()
  );
}

async function condense(
  run: RunContext,
  text: string,
): Promise<{ preprocessed_text: string; confidence: number } | undefined> {
  try {
    let fits = true;
    const agent = await openAgent(run, {
      role: 'preprocessor',
      lane: 'preprocessor',
      key: 'input/preprocessor',
      thinking: 'off',
      opening: ({ chars }) => {
        const whole = `# Input, text of ${text.length} characters\n${text}`;
        fits = whole.length <= chars;
        return clip(whole, chars);
      },
    });
    // With the room that the request itself takes.
    if (text.length > agent.budget.chars * 0.9) return undefined;
    const answer = await ask(
      run,
      agent,
      '',
      jsonFormat(
        preprocessedAnswer,
        'Answer with one JSON object: {"preprocessed_text", "confidence"}. Keep every requirement, name, path, number and error text; leave out repetition.',
      ),
    );
    // What did not fit would be lost without a word: then the Planner gets the text itself.
    return answer.kind === 'answer' && fits ? answer.value : undefined;
  } catch (error) {
    // The event says "local", and the Planner gets the whole text: this server is the one that may be down.
    if (
      error instanceof RunStop &&
      (error.ending.code === 'server_unavailable' ||
        error.ending.code === 'configuration' ||
        error.cause instanceof WindowExceeded)
    )
      return undefined;
    throw error;
  }
}
