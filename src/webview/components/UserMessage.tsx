import { t } from '../l10n.ts';
import type { EntryOf } from '../transcript/entries.ts';
import { useUnfolded } from './Disclosure.tsx';
import { Icon } from './Icon.tsx';

/** Characters of a message that are shown at once. */
const SHOWN = 1_200;

export function UserMessage({ entry }: { entry: EntryOf<'user'> }) {
  const [isWhole, toggle] = useUnfolded('user');
  const { text, attachments } = entry;
  const isLong = text.length > SHOWN;
  return (
    <section class="user-message" aria-label={t('Your message')}>
      <p class="said">{isLong && !isWhole ? `${text.slice(0, SHOWN)}…` : text}</p>
      {isLong && (
        <button type="button" class="link" aria-expanded={isWhole} onClick={toggle}>
          {isWhole ? t('Show less') : t('Show all')}
        </button>
      )}
      {attachments.length > 0 && (
        <ul class="chips" aria-label={t('Attached')}>
          {attachments.map((name) => (
            <li class="chip" key={name}>
              <Icon name="file" />
              <span class="chip-label">{name}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
