import { useId, useState } from 'preact/hooks';
import type { Question } from '../../shared/events.ts';
import { useHost } from '../host.ts';
import { plural, t } from '../l10n.ts';
import type { EntryOf } from '../transcript/entries.ts';
import { SubmitButton } from './Button.tsx';
import { Icon } from './Icon.tsx';

/** Questions of the Planner: choices, or the user's own words. */
export function QuestionCard({ entry, canAnswer }: { entry: EntryOf<'question'>; canAnswer: boolean }) {
  const { questions, answers } = entry;
  if (answers) {
    return (
      <section class="card question is-answered" aria-label={t('Answered question')}>
        {answers.map(({ id, question, answer }) => (
          <p key={id}>
            <Icon name="question" tone="planner" />
            <span>
              <span class="quiet">{question}</span> <strong>{answer}</strong>
            </span>
          </p>
        ))}
      </section>
    );
  }
  return <OpenQuestions questions={questions} canAnswer={canAnswer} />;
}

function OpenQuestions({ questions, canAnswer }: { questions: Question[]; canAnswer: boolean }) {
  const { actOnRun } = useHost();
  const [chosen, setChosen] = useState<Record<string, string>>({});
  const [isSent, setSent] = useState(false);
  const isComplete = questions.every(({ id }) => (chosen[id] ?? '').trim() !== '');
  const send = (event: Event): void => {
    event.preventDefault();
    if (!isComplete || !canAnswer) return;
    setSent(true);
    actOnRun('answer', {
      answers: questions.map(({ id, text }) => ({ id, question: text, answer: (chosen[id] ?? '').trim() })),
    });
  };
  const title = plural(questions.length, 'The Planner has a question', 'The Planner has {0} questions');
  return (
    <form class="card question needs-you" onSubmit={send} aria-label={title}>
      <h3>
        <Icon name="question" tone="planner" />
        {title}
      </h3>
      {questions.map((question) => (
        <OneQuestion
          key={question.id}
          question={question}
          value={chosen[question.id] ?? ''}
          disabled={!canAnswer || isSent}
          onChange={(value) => setChosen((old) => ({ ...old, [question.id]: value }))}
        />
      ))}
      {canAnswer && (
        <div class="actions">
          <SubmitButton disabled={!isComplete || isSent}>{isSent ? t('Sent') : t('Send answer')}</SubmitButton>
        </div>
      )}
    </form>
  );
}

function OneQuestion({
  question,
  value,
  disabled,
  onChange,
}: {
  question: Question;
  value: string;
  disabled: boolean;
  onChange: (value: string) => void;
}) {
  const name = useId();
  const choices = question.choices ?? [];
  const isOwn = value !== '' && !choices.includes(value);
  return (
    <fieldset disabled={disabled}>
      <legend>{question.text}</legend>
      {choices.map((choice) => (
        <label class="choice" key={choice}>
          <input type="radio" name={name} checked={value === choice} onChange={() => onChange(choice)} />
          <span>{choice}</span>
        </label>
      ))}
      <input
        class="text-input"
        type="text"
        aria-label={choices.length > 0 ? t('Another answer') : question.text}
        placeholder={choices.length > 0 ? t('Another answer…') : t('Your answer…')}
        value={isOwn ? value : ''}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </fieldset>
  );
}
