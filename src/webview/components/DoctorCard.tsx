import type { DoctorLine, DoctorSubject, EndpointOffer, ProbeTable } from '../../shared/protocol.ts';
import { useHost } from '../host.ts';
import { t } from '../l10n.ts';
import { roleName } from '../phrases.ts';
import { Button } from './Button.tsx';
import { Icon } from './Icon.tsx';

const MARKS = {
  ok: { icon: 'pass', tone: 'good' },
  warning: { icon: 'warning', tone: 'warning' },
  failed: { icon: 'error', tone: 'bad' },
} as const;

const SUBJECTS: readonly DoctorSubject[] = ['project', 'servers', 'fleet'];

/** What the doctor found, and what the roles' servers were seen to do. */
export function DoctorCard({ lines, probes }: { lines: DoctorLine[]; probes?: ProbeTable }) {
  const headings = { project: t('Project'), servers: t('Servers'), fleet: t('Fleet') };
  return (
    <section class="card doctor" aria-label={t('Doctor')}>
      <h3>
        <Icon name="pulse" />
        {t('Doctor')}
      </h3>
      {SUBJECTS.map((subject) => {
        const about = lines.filter((line) => line.subject === subject);
        if (about.length === 0) return null;
        return (
          <div key={subject}>
            <h4>{headings[subject]}</h4>
            <ul>
              {about.map((line) => (
                <FindingLine key={line.what} line={line} />
              ))}
            </ul>
          </div>
        );
      })}
      {probes && probes.rows.length > 0 && <Probes table={probes} />}
    </section>
  );
}

function FindingLine({ line: { state, what, detail, offers = [] } }: { line: DoctorLine }) {
  const words = { ok: t('in order'), warning: t('warning'), failed: t('failed') };
  return (
    <li>
      <Icon name={MARKS[state].icon} tone={MARKS[state].tone} />
      <div>
        <p>
          {what} <span class="visually-hidden">{words[state]}</span>
        </p>
        {detail !== '' && <p class="quiet">{detail}</p>}
        {offers.map((offer) => (
          <OfferLine key={`${offer.url} ${offer.model}`} offer={offer} />
        ))}
      </div>
    </li>
  );
}

function OfferLine({ offer: { role, what, url, model } }: { offer: EndpointOffer }) {
  const { call } = useHost();
  return (
    <p class="offer">
      <span class="words">{what}</span>
      <Button onClick={() => void call('useEndpoint', { role, url, model })}>
        {t('Use it for the {0}', roleName(role))}
      </Button>
    </p>
  );
}

/** A column a role: the card is narrow, and there are more things to be seen than roles. */
function Probes({ table: { columns, rows, remedies } }: { table: ProbeTable }) {
  const states = { good: t('good'), limited: t('limited'), missing: t('missing'), unknown: t('not known') };
  return (
    <>
      <h4>{t('What the servers were seen to do')}</h4>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: where the card is narrow, it is scrolled with the keyboard too */}
      <section class="probes" aria-label={t('What the servers were seen to do')} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <td />
              {rows.map(({ role }) => (
                <th key={role} scope="col">
                  {roleName(role)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {columns.map((title, at) => (
              <tr key={title}>
                <th scope="row">{title}</th>
                {rows.map(({ role, cells }) => {
                  const { state = 'unknown' as const, text = '' } = cells[at] ?? {};
                  return (
                    <td key={role} class={`is-${state}`} title={states[state]}>
                      {text} <span class="visually-hidden">{states[state]}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <ul>
        {remedies.map(({ roles, text }) => (
          <li key={text}>
            <Icon name="lightbulb" tone="warning" />
            <div>
              <p>{roles.map(roleName).join(', ')}</p>
              <p class="quiet">{text}</p>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}
