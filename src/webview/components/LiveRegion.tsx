import { useEffect, useState } from 'preact/hooks';
import { plural, t } from '../l10n.ts';
import { checksWords, partName, verdictWords } from '../phrases.ts';
import type { Entry } from '../transcript/entries.ts';

/** Says to screen readers what has come of the work, and what waits for them: phases, never tokens. */
export function LiveRegion({ entries }: { entries: readonly Entry[] }) {
  const words = latest(entries);
  const [said, say] = useState('');
  // One of them a moment: a batch of earlier events is told by its last.
  useEffect(() => {
    const waiting = setTimeout(() => say(words), 300);
    return () => clearTimeout(waiting);
  }, [words]);
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {said}
    </div>
  );
}

function latest(entries: readonly Entry[]): string {
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = entries[at];
    const words = entry === undefined ? undefined : wordsFor(entry);
    if (words !== undefined) return words;
  }
  return '';
}

function wordsFor(entry: Entry): string | undefined {
  switch (entry.kind) {
    case 'plan':
      return plural(entry.plan.plan.length, 'The plan is there: {0} subtask.', 'The plan is there: {0} subtasks.');
    case 'question':
      return entry.answers ? undefined : t('The Planner asks: {0}', entry.questions.map(({ text }) => text).join(' '));
    case 'approval':
      return entry.answer ? undefined : t('Your approval is needed: {0}', entry.what);
    case 'checks':
      return entry.report && entry.report.status !== 'passed' ? t('Checks: {0}', checksWords(entry.report)) : undefined;
    case 'review':
      return t('Review: {0}', `${partName(entry.subtask)} ${verdictWords(entry.verdict)}`.trim());
    case 'proposal':
      return plural(
        entry.proposal.files.length,
        'A change of {0} file waits for your decision.',
        'A change of {0} files waits for your decision.',
      );
    case 'answer':
      return t('The answer is there.');
    case 'ending':
      return entry.ending.message;
    default:
      return undefined;
  }
}
