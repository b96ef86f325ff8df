import type { Activity } from '../../shared/protocol.ts';
import { useHost } from '../host.ts';
import { t } from '../l10n.ts';
import { IconButton } from './Button.tsx';
import { Icon } from './Icon.tsx';

interface TopBarProps {
  title: string;
  activity: Activity;
  panel: 'chat' | 'history';
  onPanel: (panel: 'chat' | 'history') => void;
}

/** What is shown, and the way to other runs. */
export function TopBar({ title, activity, panel, onPanel }: TopBarProps) {
  const { act } = useHost();
  const isHistory = panel === 'history';
  return (
    <header class="top-bar">
      {isHistory && <IconButton icon="arrow-left" label={t('Back to the chat')} onClick={() => onPanel('chat')} />}
      <h1 title={title}>{isHistory ? t('Runs') : title}</h1>
      {!isHistory && activity.kind === 'replaying' && (
        <span class="tag">
          <Icon name="debug-restart" /> {t('Replay')}
        </span>
      )}
      {!isHistory && <IconButton icon="history" label={t('Show runs')} onClick={() => onPanel('history')} />}
      <IconButton
        icon="add"
        label={t('New task')}
        onClick={() => {
          onPanel('chat');
          act('newTask', {});
        }}
      />
    </header>
  );
}
