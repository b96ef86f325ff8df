import type { Activity, HostFacts } from '../../shared/protocol.ts';
import { useHost } from '../host.ts';
import { t } from '../l10n.ts';
import { Button, IconButton } from './Button.tsx';
import { Icon } from './Icon.tsx';

interface BarProps {
  facts: HostFacts | undefined;
  activity: Activity;
  isReady: boolean;
  canSend: boolean;
  canContinue: boolean;
  onAttach: () => void;
  onMention: () => void;
  onStop: () => void;
  onContinue: () => void;
}

/** What can be done with the composer's text: add to it, choose where it goes, send it, stop what runs. */
export function ComposerBar({
  facts,
  activity,
  isReady,
  canSend,
  canContinue,
  onAttach,
  onMention,
  onStop,
  onContinue,
}: BarProps) {
  const { act } = useHost();
  const folders = facts?.folders ?? [];
  return (
    <div class="composer-bar">
      <IconButton
        icon="attach"
        label={t('Attach files (or drop them here; from the Explorer hold Shift)')}
        onClick={onAttach}
        disabled={!isReady}
      />
      <IconButton
        icon="mention"
        label={t('Mention a file, a symbol, the selection, …')}
        onClick={onMention}
        disabled={!isReady}
      />
      {folders.length > 1 && (
        <select
          class="folder"
          aria-label={t('Folder to work in')}
          value={facts?.folder ?? folders[0]?.uri}
          onChange={({ currentTarget }) => act('chooseFolder', { folder: currentTarget.value })}
        >
          {folders.map(({ uri, name }) => (
            <option key={uri} value={uri}>
              {name}
            </option>
          ))}
        </select>
      )}
      <span class="spacer" />
      {canContinue && activity.kind === 'idle' && <Button onClick={onContinue}>{t('Continue')}</Button>}
      {activity.kind === 'working' || activity.kind === 'replaying' ? (
        <button type="button" class="send" title={t('Stop')} aria-label={t('Stop')} onClick={onStop}>
          <Icon name="debug-stop" />
        </button>
      ) : (
        <button type="submit" class="send" title={t('Send (Enter)')} aria-label={t('Send')} disabled={!canSend}>
          <Icon name="send" />
        </button>
      )}
    </div>
  );
}
