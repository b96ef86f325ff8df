import type { CheckReport } from '../../shared/events.ts';
import { plural, t } from '../l10n.ts';
import { checksWords, partName } from '../phrases.ts';
import type { ChecksEntry } from '../transcript/entries.ts';
import { Disclosure } from './Disclosure.tsx';
import { Icon } from './Icon.tsx';
import { PlaceLink, Plain } from './Texts.tsx';

/** Names of failing tests that are shown at once. */
const SHOWN = 10;

/** The workspace's own checks: one line, with what fails beneath it and the output folded. */
export function ChecksCard({ entry }: { entry: ChecksEntry }) {
  const { report, argv, output } = entry;
  const { icon, tone } = mark(report);
  const command = argv.join(' ');
  const clip = report ? { text: report.output.trim(), dropped: 0 } : output;
  return (
    <section class="checks" aria-label={title(entry)}>
      <Disclosure
        id={entry.key}
        summary={
          <>
            <Icon name={icon} spins={report === undefined} {...(tone === undefined ? {} : { tone })} />
            <span class="words">
              {title(entry)} <span class="quiet">{report ? checksWords(report) : t('running…')}</span>
            </span>
          </>
        }
      >
        {() => (
          <>
            {command !== '' && <pre class="plain command">{command}</pre>}
            {report?.reason !== undefined && <p class="quiet">{report.reason}</p>}
            {clip.text === '' ? <p class="quiet">{t('No output.')}</p> : <Plain clip={clip} cut="start" />}
          </>
        )}
      </Disclosure>
      {report && report.failed.length > 0 && (
        <ul class="failed-tests">
          {report.failed.slice(0, SHOWN).map(({ name, message, file, line }) => (
            <li key={name}>
              <Icon name="close" tone="bad" />
              <span>
                {name} {file !== undefined && <PlaceLink path={file} line={line} />}
                {message !== undefined && <span class="message">{message}</span>}
              </span>
            </li>
          ))}
          {report.failed.length > SHOWN && (
            <li class="quiet">{plural(report.failed.length - SHOWN, '{0} more', '{0} more')}</li>
          )}
        </ul>
      )}
    </section>
  );
}

function title({ scope, subtask }: ChecksEntry): string {
  if (scope === 'base') return t('Checks before the change');
  if (scope === 'merged') return t('Checks of the whole change');
  return t('Checks of {0}', subtask === undefined ? '' : partName(subtask));
}

function mark(report: CheckReport | undefined): { icon: string; tone?: string } {
  switch (report?.status) {
    case undefined:
      return { icon: 'loading' };
    case 'passed':
      return { icon: 'pass', tone: 'good' };
    case 'none':
      return { icon: 'info' };
    case 'timed_out':
    case 'could_not_run':
      return { icon: 'warning', tone: 'warning' };
    default:
      return { icon: 'error', tone: 'bad' };
  }
}
