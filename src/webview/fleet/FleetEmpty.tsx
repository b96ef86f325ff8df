import { Button } from '../components/Button.tsx';
import { Hint } from '../components/Hint.tsx';
import { t } from '../l10n.ts';
import type { PanelHost } from './panelHost.ts';

/** Nothing was chosen: what a profile is, and the two ways to go on. */
export function NoFleet({ host }: { host: PanelHost }) {
  return (
    <Hint level={1} icon="server-process" title={t('Run the models from here')}>
      <p>
        {t(
          'Conclave can start the crew’s model servers, one after another, and watch them. A profile says which models, and how they share the memory of this machine.',
        )}
      </p>
      <p class="quiet">
        {t('Nothing is downloaded before you start it. The servers are reached from this machine only.')}
      </p>
      <div class="actions">
        <Button kind="primary" onClick={() => host.act('command', { id: 'chooseProfile' })}>
          {t('Choose a profile')}
        </Button>
        <Button onClick={() => host.act('command', { id: 'ownServers' })}>{t('I have my own servers')}</Button>
      </div>
    </Hint>
  );
}

/** The user's servers are their own business: where to say where they are, and whether they can do what is needed. */
export function OwnServers({ host }: { host: PanelHost }) {
  return (
    <Hint level={1} icon="plug" title={t('You use your own servers')}>
      <p>
        {t(
          'Ollama, LM Studio, llama.cpp, vLLM: the settings say where each role’s server is, and the Doctor tells what it can do.',
        )}
      </p>
      <div class="actions">
        <Button kind="primary" onClick={() => host.act('command', { id: 'doctor' })}>
          {t('Open Doctor')}
        </Button>
        <Button onClick={() => host.act('command', { id: 'openSettings' })}>{t('Open settings')}</Button>
        <Button onClick={() => host.act('command', { id: 'chooseProfile' })}>{t('Choose a profile')}</Button>
      </div>
    </Hint>
  );
}
