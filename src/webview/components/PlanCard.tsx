import type { ChecklistItem } from '../../shared/events.ts';
import type { SubtaskPhase, SubtaskState } from '../../shared/runState.ts';
import { useHost } from '../host.ts';
import { moment, t } from '../l10n.ts';
import { subtaskPhaseName } from '../phrases.ts';
import type { PlanEntry } from '../transcript/entries.ts';
import { Button } from './Button.tsx';
import { Disclosure } from './Disclosure.tsx';
import { Icon } from './Icon.tsx';
import { PlaceLink } from './Texts.tsx';

/** The plan as a checklist that lives: what is done, what is going on, what waits for what. */
export function PlanCard({ entry, canPlanAfresh }: { entry: PlanEntry; canPlanAfresh: boolean }) {
  const { actOnRun } = useHost();
  const { plan, subtasks, notes, checklist, cached } = entry;
  return (
    <section class="card plan" aria-label={t('Plan')}>
      <h3>
        <Icon name="list-tree" tone="planner" />
        {t('Plan')}
      </h3>
      {plan.task_understood !== '' && <p class="lead">{plan.task_understood}</p>}
      {cached && (
        <div class="plan-source">
          <Icon name="history" />
          <span class="words">{cachedWords(cached)}</span>
          {canPlanAfresh && <Button onClick={() => actOnRun('planAfresh', {})}>{t('Plan afresh')}</Button>}
        </div>
      )}
      <SubtaskList subtasks={subtasks} {...(checklist === undefined ? {} : { checklist })} prefix={entry.key} />
      {plan.known_failures.length > 0 && (
        <Remarks title={t('Known to fail, and declared unrelated')} icon="circle-slash" texts={plan.known_failures} />
      )}
      {plan.risks.length > 0 && <Remarks title={t('Risks')} icon="warning" texts={plan.risks} />}
      {notes.length > 0 && <Remarks title={t('Notes')} icon="info" texts={notes} />}
    </section>
  );
}

function cachedWords({ kind, run, plannedAt }: NonNullable<PlanEntry['cached']>): string {
  return kind === 'exact'
    ? t('From the plan cache: planned in run {0} on {1}', run, moment(plannedAt))
    : t('Adapted from the plan cache: the outline of a plan made in run {0} on {1}', run, moment(plannedAt));
}

/** @param prefix keeps what is unfolded here apart from the same list elsewhere */
export function SubtaskList({
  subtasks,
  checklist,
  prefix,
}: {
  subtasks: readonly SubtaskState[];
  checklist?: readonly ChecklistItem[];
  prefix: string;
}) {
  return (
    <ol class="subtasks">
      {subtasks.map((subtask) => (
        <Subtask
          key={subtask.plan.id}
          subtask={subtask}
          item={checklist?.find((one) => one.subtask === subtask.plan.id)}
          prefix={prefix}
        />
      ))}
    </ol>
  );
}

function Subtask({
  subtask,
  item,
  prefix,
}: {
  subtask: SubtaskState;
  item: ChecklistItem | undefined;
  prefix: string;
}) {
  const { plan, phase, round, rounds, reason } = subtask;
  const { icon, tone, spins } = PHASE_MARKS[phase];
  return (
    <li class={`subtask is-${phase}`}>
      <Disclosure
        id={`${prefix}/${plan.id}`}
        summary={
          <>
            <Icon name={icon} spins={spins === true} {...(tone === undefined ? {} : { tone })} />
            <span class="description">
              {plan.description}
              <span class="subtask-state">
                {subtaskPhaseName(phase)}
                {round > 1 && ` · ${t('round {0}/{1}', round, rounds)}`}
                {plan.depends_on.length > 0 &&
                  phase === 'waiting' &&
                  ` · ${t('after {0}', plan.depends_on.join(', '))}`}
              </span>
            </span>
          </>
        }
      >
        {() => (
          <dl class="facts">
            <dt>{t('Subtask')}</dt>
            <dd>
              {plan.id}
              {plan.depends_on.length > 0 && ` · ${t('after {0}', plan.depends_on.join(', '))}`}
            </dd>
            <dt>{t('Done when')}</dt>
            <dd>{plan.success_criteria}</dd>
            {item && (
              <>
                <dt>{t('Evidence')}</dt>
                <dd>{item.evidence}</dd>
              </>
            )}
            {reason !== undefined && reason !== '' && (
              <>
                <dt>{t('Outcome')}</dt>
                <dd>{reason}</dd>
              </>
            )}
            {plan.files.length > 0 && (
              <>
                <dt>{t('Files')}</dt>
                <dd>
                  {plan.files.map(({ path }) => (
                    <div key={path}>
                      <PlaceLink path={path} />
                    </div>
                  ))}
                </dd>
              </>
            )}
          </dl>
        )}
      </Disclosure>
    </li>
  );
}

const PHASE_MARKS: Record<SubtaskPhase, { icon: string; tone?: string; spins?: true }> = {
  waiting: { icon: 'circle-large' },
  ready: { icon: 'circle-large' },
  coding: { icon: 'loading', tone: 'coder', spins: true },
  checking: { icon: 'loading', spins: true },
  reviewing: { icon: 'loading', tone: 'reviewer', spins: true },
  escalated: { icon: 'arrow-circle-right', tone: 'warning' },
  approved: { icon: 'pass-filled', tone: 'good' },
  waived: { icon: 'circle-slash', tone: 'warning' },
  failed: { icon: 'error', tone: 'bad' },
  replaced: { icon: 'circle-slash' },
};

export function Remarks({ title, icon, texts }: { title: string; icon: string; texts: readonly string[] }) {
  return (
    <div class="remarks">
      <h4>
        <Icon name={icon} />
        {title}
      </h4>
      <ul>
        {texts.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </div>
  );
}
