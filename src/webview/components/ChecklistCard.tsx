import { t } from '../l10n.ts';
import type { EntryOf } from '../transcript/entries.ts';
import { Icon } from './Icon.tsx';

const MARKS = {
  met: { icon: 'pass-filled', tone: 'good' },
  unmet: { icon: 'error', tone: 'bad' },
  unverified: { icon: 'question', tone: 'warning' },
} as const;

/** Every success criterion, with its evidence. */
export function ChecklistCard({ entry }: { entry: EntryOf<'checklist'> }) {
  const words = { met: t('met'), unmet: t('not met'), unverified: t('not verified') };
  return (
    <section class="card checklist" aria-label={t('Success criteria')}>
      <h3>
        <Icon name="checklist" tone="planner" />
        {t('Success criteria')}
      </h3>
      <ul>
        {entry.items.map(({ subtask, criterion, state, evidence }) => (
          <li key={subtask}>
            <Icon name={MARKS[state].icon} tone={MARKS[state].tone} />
            <div>
              <p>
                {criterion} <span class="visually-hidden">{words[state]}</span>
              </p>
              <p class="quiet">{evidence}</p>
            </div>
          </li>
        ))}
      </ul>
      {entry.notes.map((note) => (
        <p class="quiet" key={note}>
          {note}
        </p>
      ))}
    </section>
  );
}
