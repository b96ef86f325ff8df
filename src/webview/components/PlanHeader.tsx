import type { RunState } from '../../shared/runState.ts';
import { t } from '../l10n.ts';
import { doing, partName, phaseName, rate, roleName } from '../phrases.ts';
import type { Entry, EntryOf, Stretch } from '../transcript/entries.ts';
import { useUnfolded } from './Disclosure.tsx';
import { Icon, RoleIcon } from './Icon.tsx';
import { SubtaskList } from './PlanCard.tsx';

/** Where the run stands, always in sight: how much of the plan is done, and what each agent does now. */
export function PlanHeader({ run, entries, isLive }: { run: RunState; entries: readonly Entry[]; isLive: boolean }) {
  const [isOpen, toggle] = useUnfolded('plan-header');
  const subtasks = run.subtasks.filter(({ phase }) => phase !== 'replaced');
  const done = subtasks.filter(({ phase }) => phase === 'approved' || phase === 'waived').length;
  const phase = phaseName(run);
  return (
    <div class="plan-header">
      {subtasks.length > 0 ? (
        <>
          <button type="button" class="plan-line" aria-expanded={isOpen} onClick={toggle}>
            <Icon name={isOpen ? 'chevron-down' : 'chevron-right'} />
            <span class="words">{phase}</span>
            <span class="count">{t('{0} of {1}', done, subtasks.length)}</span>
            <progress value={done} max={subtasks.length} aria-label={t('Subtasks done')} />
          </button>
          {isOpen && (
            <div class="plan-header-list">
              <SubtaskList
                subtasks={run.subtasks}
                prefix="plan-header"
                {...(run.checklist === undefined ? {} : { checklist: run.checklist })}
              />
            </div>
          )}
        </>
      ) : (
        <p class="plan-line">
          <span class="words">{phase}</span>
        </p>
      )}
      {isLive && <Lanes entries={entries} />}
    </div>
  );
}

/** What each agent is doing now; nothing where nobody does anything. */
function Lanes({ entries }: { entries: readonly Entry[] }) {
  const active = entries.filter(
    (entry): entry is Stretch | EntryOf<'checks'> =>
      (entry.kind === 'stretch' && entry.state === 'active') || (entry.kind === 'checks' && entry.report === undefined),
  );
  if (active.length === 0) return null;
  return (
    <ul class="lanes" aria-label={t('At work now')}>
      {active.map((entry) =>
        entry.kind === 'stretch' ? (
          <li key={entry.key} class="lane">
            <RoleIcon of={entry.role} />
            <span class="words">
              <span class="visually-hidden">{roleName(entry.role)}</span>{' '}
              {entry.subtask !== undefined && <span class="part">{partName(entry.subtask)}</span>} {doing(entry)}
            </span>
            {rate(entry) > 0 && <span class="measures">{t('{0} tok/s', Math.round(rate(entry)))}</span>}
          </li>
        ) : (
          <li key={entry.key} class="lane">
            <Icon name="beaker" />
            <span class="words">
              {entry.subtask !== undefined && <span class="part">{partName(entry.subtask)}</span>}{' '}
              {t('running the checks')}
            </span>
          </li>
        ),
      )}
    </ul>
  );
}
