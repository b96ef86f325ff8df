import { useHost } from '../host.ts';
import { t } from '../l10n.ts';
import type { EndingEntry } from '../transcript/entries.ts';
import { Button } from './Button.tsx';
import { Icon } from './Icon.tsx';

interface EndingProps {
  entry: EndingEntry;
  /** Nobody works on the run, and it belongs to this window. */
  canGoOn: boolean;
  /** Findings stand that could be mended. */
  hasFindings: boolean;
  /** Puts the task back into the composer. */
  onEdit: () => void;
}

/** Why the run stopped, what to do about it, and the buttons for just that. */
export function EndingCard({ entry, canGoOn, hasFindings, onEdit }: EndingProps) {
  const { act, actOnRun } = useHost();
  const { ending, stop, outcome, over, run } = entry;
  const { icon, tone } = mark(entry);
  const isGood = outcome !== undefined && outcome !== 'not_approved';
  const needsSettings =
    ending.code === 'server_unavailable' || ending.code === 'configuration' || ending.code === 'store_failed';
  return (
    <section class={`ending ${isGood ? 'is-good' : 'card'}`} aria-label={t('End of the run')}>
      <p class="ending-message">
        <Icon name={icon} tone={tone} />
        <span class="words">{ending.message}</span>
      </p>
      {ending.remedy !== undefined && <p class="remedy">{ending.remedy}</p>}
      {canGoOn && !over && (
        <div class="actions">
          {stop !== 'finished' && (
            <Button kind="primary" onClick={() => actOnRun('resume', {})}>
              {t('Continue')}
            </Button>
          )}
          {stop === 'finished' && run === 'plan' && outcome === 'approved' && (
            <Button kind="primary" onClick={() => actOnRun('implement', {})}>
              {t('Implement this plan')}
            </Button>
          )}
          {stop === 'finished' && hasFindings && (
            <Button onClick={() => actOnRun('fixFinding', {})}>{t('Fix all findings')}</Button>
          )}
          {outcome === 'not_approved' && <Button onClick={onEdit}>{t('Edit the task and send again')}</Button>}
          {needsSettings && (
            <Button onClick={() => act('command', { id: 'openSettings' })}>{t('Open settings')}</Button>
          )}
        </div>
      )}
    </section>
  );
}

function mark({ stop, outcome }: EndingEntry): { icon: string; tone: string } {
  if (stop === 'paused') return { icon: 'debug-pause', tone: 'warning' };
  if (stop === 'aborted') return { icon: 'stop-circle', tone: 'info' };
  return outcome === 'not_approved' ? { icon: 'error', tone: 'bad' } : { icon: 'pass', tone: 'good' };
}
