import { useState } from 'preact/hooks';
import { useHost } from '../host.ts';
import { t } from '../l10n.ts';
import type { EntryOf } from '../transcript/entries.ts';
import { Button } from './Button.tsx';
import { Icon } from './Icon.tsx';

/** What exactly will happen, and whether it may. */
export function ApprovalCard({ entry, canAnswer }: { entry: EntryOf<'approval'>; canAnswer: boolean }) {
  const { actOnRun } = useHost();
  const [isSent, setSent] = useState(false);
  const { id, about, what, answer } = entry;
  const title = about === 'command' ? t('May this command run?') : t('May this be written?');
  const decide = (approved: boolean): void => {
    setSent(true);
    actOnRun('approve', { id, approved });
  };
  return (
    <section class={`card approval ${answer ? 'is-answered' : 'needs-you'}`} aria-label={title}>
      <h3>
        <Icon name="shield" {...(answer ? {} : { tone: 'warning' })} />
        {title}
      </h3>
      <pre class="what">{what}</pre>
      {answer ? (
        <p class="quiet">
          {answer.approved ? t('Allowed') : t('Denied')}
          {answer.by === 'policy' && ` · ${t('by your policy')}`}
          {answer.by === 'remembered' && ` · ${t('as you answered before')}`}
        </p>
      ) : (
        canAnswer && (
          <div class="actions">
            <Button kind="primary" disabled={isSent} onClick={() => decide(true)}>
              {t('Allow')}
            </Button>
            <Button disabled={isSent} onClick={() => decide(false)}>
              {t('Deny')}
            </Button>
          </div>
        )
      )}
    </section>
  );
}
