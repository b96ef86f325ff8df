import type { DoctorLine } from '../../shared/protocol.ts';
import { t } from '../l10n.ts';
import { Icon } from './Icon.tsx';

const MARKS = {
  ok: { icon: 'pass', tone: 'good' },
  warning: { icon: 'warning', tone: 'warning' },
  failed: { icon: 'error', tone: 'bad' },
} as const;

/** What the doctor found. */
export function DoctorCard({ lines }: { lines: DoctorLine[] }) {
  const words = { ok: t('in order'), warning: t('warning'), failed: t('failed') };
  return (
    <section class="card doctor" aria-label={t('Doctor')}>
      <h3>
        <Icon name="pulse" />
        {t('Doctor')}
      </h3>
      <ul>
        {lines.map(({ state, what, detail }) => (
          <li key={what}>
            <Icon name={MARKS[state].icon} tone={MARKS[state].tone} />
            <div>
              <p>
                {what} <span class="visually-hidden">{words[state]}</span>
              </p>
              {detail !== '' && <p class="quiet">{detail}</p>}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
