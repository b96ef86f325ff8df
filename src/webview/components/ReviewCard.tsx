import type { Finding } from '../../shared/events.ts';
import { useHost } from '../host.ts';
import { t } from '../l10n.ts';
import { partName, severityName, verdictWords } from '../phrases.ts';
import type { ReviewEntry } from '../transcript/entries.ts';
import type { View } from '../view.ts';
import { Button } from './Button.tsx';
import { Icon, RoleIcon } from './Icon.tsx';
import { PlaceLink } from './Texts.tsx';

interface ReviewProps {
  entry: ReviewEntry;
  /** The crew is at rest: the user can have findings mended. */
  canFix: boolean;
  settled: View['settled'];
}

/** What the Reviewer found, and what code made of it. */
export function ReviewCard({ entry, canFix, settled }: ReviewProps) {
  const { subtask, verdict, feedback, stands } = entry;
  const { findings, failingChecks, notes } = verdict;
  const part = partName(subtask);
  const sorted = [...findings].sort((a, b) => Number(b.blocking) - Number(a.blocking));
  return (
    <section class={`review is-${verdict.status}`} aria-label={part === '' ? t('Review') : t('Review of {0}', part)}>
      <p class="verdict">
        <RoleIcon of="reviewer" />
        <span class="words">
          {part !== '' && <span class="part">{part}</span>} <strong>{verdictWords(verdict)}</strong>
        </span>
        <Icon
          name={verdict.status === 'approved' ? 'pass' : 'error'}
          tone={verdict.status === 'approved' ? 'good' : 'bad'}
        />
      </p>
      {failingChecks.length > 0 && findings.length === 0 && (
        <ul class="failed-tests">
          {failingChecks.map(({ name }) => (
            <li key={name}>
              <Icon name="close" tone="bad" />
              <span>{name}</span>
            </li>
          ))}
        </ul>
      )}
      {sorted.length > 0 && (
        <ul class="findings">
          {sorted.map((finding) => (
            <FindingView
              key={finding.fingerprint}
              finding={finding}
              canFix={canFix && stands}
              settled={settled.get(finding.fingerprint)}
            />
          ))}
        </ul>
      )}
      {feedback !== '' && <p class="feedback">{feedback}</p>}
      {notes.map((note) => (
        <p class="feedback" key={note}>
          {note}
        </p>
      ))}
    </section>
  );
}

const SEVERITY_ICONS = { critical: 'error', high: 'error', medium: 'warning', low: 'info' } as const;
const SEVERITY_TONES = { critical: 'bad', high: 'bad', medium: 'warning', low: 'info' } as const;

interface FindingProps {
  finding: Finding;
  canFix: boolean;
  settled: 'waived' | 'mended' | undefined;
}

function FindingView({ finding, canFix, settled }: FindingProps) {
  const { actOnRun } = useHost();
  const { severity, type, message, path, line, fingerprint, blocking, because, evidence } = finding;
  return (
    <li class={`finding ${settled === undefined ? '' : 'is-settled'}`}>
      <Icon name={SEVERITY_ICONS[severity]} tone={SEVERITY_TONES[severity]} />
      <div class="finding-text">
        <p>
          <span class="severity">{severityName(severity)}</span> <span class="quiet">{type}</span>{' '}
          <PlaceLink path={path} line={line} />
          {!blocking && (
            <span class="tag" title={because}>
              {t('does not block')}
            </span>
          )}
        </p>
        <p>{message}</p>
        {evidence !== undefined && evidence !== '' && <p class="quiet">{t('Evidence: {0}', evidence)}</p>}
        {settled !== undefined && <p class="quiet">{settled === 'waived' ? t('Waived') : t('Mended')}</p>}
        {canFix && settled === undefined && (
          <div class="actions">
            <Button onClick={() => actOnRun('fixFinding', { fingerprint })}>{t('Fix')}</Button>
            <Button onClick={() => actOnRun('waiveFinding', { fingerprint })}>{t('Waive…')}</Button>
          </div>
        )}
      </div>
    </li>
  );
}
