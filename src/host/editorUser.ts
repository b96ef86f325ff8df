import type { ApprovalRequest, User } from '../core/ports.ts';
import type { Settings } from '../core/settings.ts';
import type { Remembered } from '../node/remembered.ts';
import type { Answer, Question } from '../shared/events.ts';

type Approval = Awaited<ReturnType<User['approve']>>;

/** The user in front of the editor: asked in the chat, called by a notification where the chat is not in sight. */
export interface EditorUser extends User {
  /** What the chat gives for the open questions; for the next session of a run that paused over them, where nobody waits. */
  answer(answers: readonly Answer[]): void;
  /** The same for an approval, from the chat or a notification. */
  decide(id: string, approved: boolean): void;
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
  let waitingForAnswers: ((answers: Answer[]) => void) | undefined;
  const waitingForApproval = new Map<string, (approved: boolean) => void>();
  /** Given while the run was paused: taken by the first question with that id. */
  let earlyAnswers: Answer[] = [];
  const earlyApprovals = new Map<string, boolean>();

  return {
    async ask(questions, signal) {
      const early = questions.every((question) => earlyAnswers.some(({ id }) => id === question.id));
      if (!early) options.call({ questions });
      const answers = early
        ? earlyAnswers
        : await whenGiven<Answer[]>(signal, (give) => {
            waitingForAnswers = give;
          });
      earlyAnswers = [];
      // The crew gets one for every question it asked, in its order, whatever the chat sent.
      return questions.map((question) => ({
        id: question.id,
        question: question.text,
        answer: answers.find(({ id }) => id === question.id)?.answer ?? '',
      }));
    },
    async approve(request, signal): Promise<Approval> {
      if (request.kind === 'command') {
        if (options.policy() === 'deny') return { approved: false, by: 'policy' };
        if (await options.remembered.has(request.what)) return { approved: true, by: 'remembered' };
      }
      let approved = earlyApprovals.get(request.id);
      earlyApprovals.delete(request.id);
      if (approved === undefined) {
        options.call({ approval: request });
        approved = await whenGiven<boolean>(signal, (give) => waitingForApproval.set(request.id, give));
        waitingForApproval.delete(request.id);
      }
      if (approved && request.kind === 'command') await options.remembered.add(request.what);
      return { approved, by: 'user' };
    },
    answer(answers) {
      if (waitingForAnswers) waitingForAnswers([...answers]);
      else earlyAnswers = [...answers];
      waitingForAnswers = undefined;
    },
    decide(id, approved) {
      const give = waitingForApproval.get(id);
      if (give) give(approved);
      else earlyApprovals.set(id, approved);
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
