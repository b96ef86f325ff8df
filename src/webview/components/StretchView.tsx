import { duration, plural, short, t } from '../l10n.ts';
import { doing, partName, rate, roleName } from '../phrases.ts';
import type { Step, Stretch } from '../transcript/entries.ts';
import { useUnfolded } from './Disclosure.tsx';
import { Icon, RoleIcon } from './Icon.tsx';
import { StepView } from './StepView.tsx';

/** Steps that are shown at once; earlier ones are a press away. */
const SHOWN = 8;

/** One agent's stretch of work: who, on what, what it is doing now, and its steps. */
export function StretchView({ stretch }: { stretch: Stretch }) {
  const { role, subtask, round, steps, state } = stretch;
  const [isWhole, toggle] = useUnfolded(`${stretch.key}/all`);
  const hidden = isWhole ? 0 : Math.max(0, steps.length - SHOWN);
  const part = subtask === undefined ? '' : partName(subtask);
  return (
    <section class="stretch" aria-label={`${roleName(role)} ${part}`.trim()}>
      <header class="stretch-head">
        <RoleIcon of={role} />
        <span class="who">{roleName(role)}</span>
        {part !== '' && <span class="part">{part}</span>}
        {round && round.round > 1 && <span class="round">{t('round {0}/{1}', round.round, round.rounds)}</span>}
        {state === 'active' && <span class="doing">{doing(stretch)}…</span>}
        <span class="measures">
          <Measures stretch={stretch} />
        </span>
      </header>
      <div class="steps">
        {hidden > 0 && (
          <button type="button" class="link earlier" onClick={toggle}>
            {plural(hidden + stretch.dropped, 'Show {0} earlier step', 'Show {0} earlier steps')}
          </button>
        )}
        {isWhole && stretch.dropped > 0 && (
          <p class="cut">
            {plural(
              stretch.dropped,
              '{0} earlier step is only in the export.',
              '{0} earlier steps are only in the export.',
            )}
          </p>
        )}
        {steps.slice(hidden).map((step, at, shown) => (
          <StepView key={step.key} step={step} isNow={state === 'active' && at === shown.length - 1} of={stretch} />
        ))}
      </div>
    </section>
  );
}

function Measures({ stretch }: { stretch: Stretch }) {
  const { state, startedAt, endedAt, steps } = stretch;
  if (state === 'active') {
    const perSecond = rate(stretch);
    return (
      <>
        {perSecond > 0 && <span>{t('{0} tok/s', Math.round(perSecond))}</span>}
        <Icon name="loading" spins />
      </>
    );
  }
  const edits = steps.filter((step: Step) => step.kind === 'code').length;
  return (
    <>
      {edits > 0 && <span>{plural(edits, '{0} edit', '{0} edits')}</span>}
      {stretch.completionTokens > 0 && <span class="tokens">{t('{0} tokens', short(stretch.completionTokens))}</span>}
      <span>{duration(Date.parse(endedAt) - Date.parse(startedAt))}</span>
    </>
  );
}
