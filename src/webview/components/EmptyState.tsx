import type { HostFacts } from '../../shared/protocol.ts';
import { useHost } from '../host.ts';
import { t } from '../l10n.ts';
import { roleName } from '../phrases.ts';
import { Button } from './Button.tsx';
import { Hint } from './Hint.tsx';
import { Icon, RoleIcon } from './Icon.tsx';

/** What the chat shows where there is no run: what is in the way, or how to begin. */
export function EmptyState({ facts, onExample }: { facts: HostFacts; onExample: (text: string) => void }) {
  const { act } = useHost();
  if (facts.folders.length === 0) {
    return (
      <Hint icon="folder" title={t('Open a folder to begin')}>
        <p>{t('The crew reads and changes the files of an open folder. No folder is open in this window.')}</p>
        <div class="actions">
          <Button kind="primary" onClick={() => act('command', { id: 'openFolder' })}>
            {t('Open folder…')}
          </Button>
          <Button onClick={() => act('command', { id: 'tryDemo' })}>{t('Try the demo')}</Button>
        </div>
      </Hint>
    );
  }
  if (!facts.trusted) {
    return (
      <Hint icon="shield" title={t('This folder is not trusted')}>
        <p>
          {t(
            "Conclave runs the folder's own tests, and those can run anything. Trust the folder if you know where it comes from.",
          )}
        </p>
        <div class="actions">
          <Button kind="primary" onClick={() => act('command', { id: 'trust' })}>
            {t('Manage workspace trust')}
          </Button>
        </div>
      </Hint>
    );
  }
  if (facts.silent.length > 0) return <SilentServers silent={facts.silent} />;
  return (
    <Hint icon="organization" title={t('What shall the crew do?')}>
      <p>
        {t(
          'It plans, writes, runs your tests and reviews. Nothing in your folder changes until you accept, and nothing leaves this machine.',
        )}
      </p>
      <ul class="examples" aria-label={t('Examples')}>
        {examples().map(({ icon, text }) => (
          <li key={text}>
            <button type="button" class="example" onClick={() => onExample(text)}>
              <Icon name={icon} />
              <span>{text}</span>
            </button>
          </li>
        ))}
      </ul>
      <p class="quiet tips">
        {t('@ adds files, / picks a command. From the Explorer, hold Shift while you drop files here.')}
      </p>
    </Hint>
  );
}

function examples(): { icon: string; text: string }[] {
  return [
    { icon: 'beaker', text: t('Add tests for the code that has none, and mend what they find') },
    { icon: 'eye', text: t('/review My uncommitted changes') },
    { icon: 'comment-discussion', text: t('/explain How does a request get from the route to the database?') },
  ];
}

function SilentServers({ silent }: { silent: HostFacts['silent'] }) {
  const { act } = useHost();
  return (
    <Hint icon="plug" title={t('The models do not answer yet')}>
      <ul class="silent">
        {silent.map(({ role, url, message }) => (
          <li key={role}>
            <RoleIcon of={role} />
            <div>
              <p>
                <strong>{roleName(role)}</strong> <code>{url}</code>
              </p>
              <p class="quiet">{message}</p>
            </div>
          </li>
        ))}
      </ul>
      <p>{t('Start the servers, or say in the settings where they are.')}</p>
      <div class="actions">
        <Button kind="primary" onClick={() => act('command', { id: 'openWalkthrough' })}>
          {t('Connect models')}
        </Button>
        <Button onClick={() => act('command', { id: 'openSettings' })}>{t('Open settings')}</Button>
        <Button onClick={() => act('command', { id: 'tryDemo' })}>{t('Try the demo')}</Button>
      </div>
    </Hint>
  );
}
