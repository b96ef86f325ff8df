import { createInterface } from 'node:readline/promises';
import type { ApprovalRequest, User } from '../core/ports.ts';
import type { Remembered } from '../node/remembered.ts';
import type { Answer, Question, RunEvent } from '../shared/events.ts';
import { type Answers, chosenText, givenAnswer } from './answers.ts';
import { clean, oneLine } from './render/plainText.ts';

export interface TerminalUserOptions {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
  /** Somebody sits at the terminal. */
  interactive: boolean;
  /** Approve what the policy would ask about. Never widens the policy. */
  yes: boolean;
  answers?: Answers;
  /** For commands that come from a workspace file. */
  policy: 'ask' | 'deny';
  remembered: Remembered;
  /** Hides the live region; the function it gives back shows it again. */
  suspend: () => () => void;
  /** Ctrl-C at a prompt, which readline takes from the terminal, so that no signal comes. By default, as if one came. */
  interrupt?: () => void;
}

export { parseAnswers } from './answers.ts';

type Approval = Awaited<ReturnType<User['approve']>>;

export interface TerminalUser extends User {
  /** Takes in the events of a run before it was resumed: its questions have their places in the order of the answers. */
  catchUp(recorded: readonly RunEvent[]): void;
}

/** The user at a terminal, or the absence of one. One prompt at a time, however many ask. */
export function openTerminalUser(options: TerminalUserOptions): TerminalUser {
  const { answers, interactive, policy, remembered, yes } = options;
  /** Ids of the run's questions in their order; one that is asked again, because nobody answered, keeps its place. */
  const order: string[] = [];
  const placeOf = ({ id }: Question): number => {
    if (!order.includes(id)) order.push(id);
    return order.indexOf(id);
  };
  let turn: Promise<unknown> = Promise.resolve();

  /** Runs a conversation when all before it are over. */
  function inTurn<T>(signal: AbortSignal, conversation: (ask: Ask) => Promise<T>): Promise<T | 'unanswered'> {
    const result = turn.then(() => atPrompt(options, signal, conversation));
    turn = result.catch(() => undefined); // Its caller gets the failure; the next conversation does not depend on it.
    return result;
  }

  return {
    catchUp(recorded) {
      for (const event of recorded) if (event.type === 'plan.question') event.questions.forEach(placeOf);
    },

    async ask(questions, signal) {
      signal.throwIfAborted();
      const given = questions.map((question) => ({
        question,
        text: givenAnswer(answers, question, placeOf(question)),
      }));
      if (given.every(({ text }) => text !== undefined)) {
        return given.map(({ question, text = '' }) => toAnswer(question, text));
      }
      if (!interactive) return 'unanswered';
      return inTurn(signal, async (prompt) => {
        const result: Answer[] = [];
        for (const { question, text } of given) {
          const words = text ?? (await untilSomething(prompt, question));
          result.push(toAnswer(question, words));
        }
        return result;
      });
    },

    async approve(request, signal): Promise<Approval> {
      signal.throwIfAborted();
      const isCommand = request.kind === 'command';
      if (isCommand && policy === 'deny') return { approved: false, by: 'policy' };
      if (isCommand && (await remembered.has(request.what))) return { approved: true, by: 'remembered' };
      if (yes) return { approved: true, by: 'policy' };
      if (!interactive) return 'unanswered';
      const approved = await inTurn(signal, (prompt) => yesOrNo(prompt, request));
      if (approved === 'unanswered') return approved;
      // A proposal is approved once; only a command comes again.
      if (approved && isCommand) await remembered.add(request.what);
      return { approved, by: 'user' };
    },
  };
}

/** Writes a prompt and reads one line. */
type Ask = (prompt: string) => Promise<string>;

/** The input has ended (Ctrl-D): nobody is there any more. */
class InputEnded extends Error {}

async function atPrompt<T>(
  { input, output, suspend, interrupt = () => process.emit('SIGINT') }: TerminalUserOptions,
  signal: AbortSignal,
  conversation: (ask: Ask) => Promise<T>,
): Promise<T | 'unanswered'> {
  signal.throwIfAborted();
  const resume = suspend();
  const lines = createInterface({ input, output });
  lines.on('SIGINT', interrupt);
  // An open question does not notice by itself that no line will come any more.
  const ended = new Promise<never>((_resolve, reject) => {
    lines.once('close', () => reject(new InputEnded()));
  });
  ended.catch(() => undefined); // It also ends when the conversation is over, and then nobody waits for it.
  try {
    return await conversation((prompt) => Promise.race([lines.question(prompt, { signal }), ended]));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof InputEnded)) throw error;
    output.write('\n');
    return 'unanswered';
  } finally {
    lines.close();
    resume();
  }
}

async function untilSomething(ask: Ask, question: Question): Promise<string> {
  const { choices = [] } = question;
  const lines = [
    `\n${clean(question.text)}`,
    ...choices.map((choice, at) => `  ${at + 1}. ${oneLine(choice)}`),
    choices.length > 0 ? 'A number, or an answer in your own words: ' : 'Your answer: ',
  ];
  for (let prompt = lines.join('\n'); ; prompt = 'An answer is needed (Ctrl-D to answer later): ') {
    const typed = await ask(prompt);
    if (typed.trim() !== '') return typed;
  }
}

async function yesOrNo(ask: Ask, { what }: ApprovalRequest): Promise<boolean> {
  for (let prompt = `\n${clean(what)}\nAllow this? (y/n) `; ; prompt = 'Please answer y or n: ') {
    const typed = (await ask(prompt)).trim().toLowerCase();
    if (typed === 'y' || typed === 'yes') return true;
    if (typed === 'n' || typed === 'no') return false;
  }
}

function toAnswer(question: Question, typed: string): Answer {
  return { id: question.id, question: question.text, answer: chosenText(question, typed) };
}
