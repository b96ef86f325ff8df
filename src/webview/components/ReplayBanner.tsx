import type { Activity, ReplayPace } from '../../shared/protocol.ts';
import { useHost } from '../host.ts';
import { t } from '../l10n.ts';
import { Banner } from './Banner.tsx';
import { Button, IconButton } from './Button.tsx';

const SPEEDS = [1, 4, 16] as const;

/** That a recorded run is played, and how fast. */
export function ReplayBanner({ activity }: { activity: Extract<Activity, { kind: 'replaying' }> }) {
  const { act } = useHost();
  const { pace, over } = activity;
  const set = (fresh: ReplayPace): void => act('setPace', { pace: fresh });
  return (
    <Banner icon="debug-restart" tone="info">
      {over
        ? t('The recorded run was played to its end.')
        : t('A recorded run is played again. Nothing is asked or changed.')}
      {!over && (
        <fieldset class="replay" aria-label={t('Speed of the replay')}>
          {pace === 'paused' ? (
            <IconButton icon="play" label={t('Go on')} onClick={() => set(SPEEDS[1])} />
          ) : (
            <IconButton icon="debug-pause" label={t('Pause')} onClick={() => set('paused')} />
          )}
          {SPEEDS.map((speed) => (
            <button
              key={speed}
              type="button"
              class={`button secondary ${pace === speed ? 'is-on' : ''}`}
              aria-pressed={pace === speed}
              onClick={() => set(speed)}
            >
              {t('{0}×', speed)}
            </button>
          ))}
          <Button onClick={() => set('instant')}>{t('To the end')}</Button>
        </fieldset>
      )}
    </Banner>
  );
}
