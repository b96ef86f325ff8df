import type { ApprovalRequest, User } from '../core/ports.ts';
import type { Settings } from '../core/settings.ts';
import type { Remembered } from '../node/remembered.ts';
import type { Answer, Question } from '../shared/events.ts';

type Approval = Awaited<ReturnType<User['approve']>>;

/** What the user gave to a run that had paused over a question: for the session that goes on with it, and no other. */
export type Early =
  | { kind: 'answers'; answers: readonly Answer[] }
  /** `what` is the request word by word: nothing else is approved by it. */
  | { kind: 'approval'; what: string; approved: boolean };

/** The user in front of the editor: asked in the chat, called by a notification where the chat is not in sight. */
export interface EditorUser extends User {
  /** What the chat gives for the open questions of the run at work. */
  answer(answers: readonly Answer[]): void;
  /** The same for its open approval of just this. */
  decide(what: string, approved: boolean): void;
  /** Does a session of work on a run, with what was given to it before. */
  during<T>(early: Early | undefined, session: () => Promise<T>): Promise<T>;
}

/**
 * @param options.policy for commands that come from a workspace file
 * @param options.call says that the user is needed; not awaited
 */
export function openEditorUser(options: {
  policy: () => Settings['approvals']['commands'];
  remembered: Remembered;
  call: (about: { questions: readonly Question[] } | { approval: ApprovalRequest }) => void;
}): EditorUser {
  let giveAnswers: ((answers: readonly Answer[]) => void) | undefined;
  const giveApproval = new Map<string, (approved: boolean) => void>();
  let early: Early | undefined;

  function earlyAnswersTo(questions: readonly Question[]): readonly Answer[] | undefined {
    if (early?.kind !== 'answers') return undefined;
    const { answers } = early;
    const isAnswered = ({ id, text }: Question): boolean =>
      answers.some((answer) => answer.id === id && answer.question === text);
    return questions.every(isAnswered) ? answers : undefined;
  }

  async function askForAnswers(questions: readonly Question[], signal: AbortSignal): Promise<readonly Answer[]> {
    options.call({ questions });
    try {
      return await whenGiven<readonly Answer[]>(signal, (give) => {
        giveAnswers = give;
      });
    } finally {
      giveAnswers = undefined;
    }
  }

  async function askForApproval(request: ApprovalRequest, signal: AbortSignal): Promise<boolean> {
    options.call({ approval: request });
    try {
      return await whenGiven<boolean>(signal, (give) => giveApproval.set(request.what, give));
    } finally {
      giveApproval.delete(request.what);
    }
  }

  return {
    async ask(questions, signal) {
      const answers = earlyAnswersTo(questions) ?? (await askForAnswers(questions, signal));
      // The crew gets one for every question it asked, in its order, whatever the chat sent.
      return questions.map(({ id, text }) => ({
        id,
        question: text,
        answer: answers.find((answer) => answer.id === id)?.answer ?? '',
      }));
    },
    async approve(request, signal): Promise<Approval> {
      if (request.kind === 'command') {
        if (options.policy() === 'deny') return { approved: false, by: 'policy' };
        if (await options.remembered.has(request.what)) return { approved: true, by: 'remembered' };
      }
      const given = early?.kind === 'approval' && early.what === request.what ? early.approved : undefined;
      const approved = given ?? (await askForApproval(request, signal));
      if (approved && request.kind === 'command') await options.remembered.add(request.what);
      return { approved, by: 'user' };
    },
    answer: (answers) => giveAnswers?.(answers),
    decide: (what, approved) => giveApproval.get(what)?.(approved),
    async during(given, session) {
      early = given;
      try {
        return await session();
      } finally {
        early = undefined;
      }
    },
  };
}

/** Waits for something that the user gives, or rejects with the signal's reason. */
function whenGiven<T>(signal: AbortSignal, wait: (give: (value: T) => void) => void): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    wait((value) => {
      signal.removeEventListener('abort', onAbort);
      resolve(value);
    });
  });
}
