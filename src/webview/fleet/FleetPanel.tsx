import type { FleetInUse, FleetView } from '../../shared/fleetProtocol.ts';
import { isComing, isServing, progressWords, servedRoles, serviceTitle } from '../../shared/fleetWords.ts';
import { Banner } from '../components/Banner.tsx';
import { Button, IconButton } from '../components/Button.tsx';
import { Icon } from '../components/Icon.tsx';
import { t } from '../l10n.ts';
import { NoFleet, OwnServers } from './FleetEmpty.tsx';
import type { History } from './history.ts';
import type { PanelHost } from './panelHost.ts';
import { ServiceCard } from './ServiceCard.tsx';

interface PanelProps {
  view: FleetView;
  trusted: boolean;
  history: History;
  /** What went wrong with what the user asked for. */
  complaint: string | undefined;
  host: PanelHost;
}

export function FleetPanel({ view, trusted, history, complaint, host }: PanelProps) {
  return (
    <main class="fleet">
      {complaint !== undefined && (
        <Banner icon="error" tone="bad" onClose={() => host.complain(undefined)}>
          {complaint}
        </Banner>
      )}
      {!trusted && (
        <Banner icon="shield" tone="info">
          {t('Servers are started in trusted workspaces only.')}{' '}
          <button type="button" class="link" onClick={() => host.act('command', { id: 'trust' })}>
            {t('Manage workspace trust')}
          </button>
        </Banner>
      )}
      <Shown {...{ view, trusted, history, host }} />
    </main>
  );
}

function Shown({ view, trusted, history, host }: Omit<PanelProps, 'complaint'>) {
  switch (view.kind) {
    case 'looking':
      return <p class="quiet looking">{t('Looking at the servers…')}</p>;
    case 'none':
      return <NoFleet host={host} />;
    case 'own':
      return <OwnServers host={host} />;
    case 'unusable':
      return (
        <>
          <h1 class="title">{view.profile}</h1>
          <Problem {...view.problem} host={host} />
        </>
      );
    case 'fleet':
      return <Fleet {...{ view, trusted, history, host }} />;
    default:
      return view satisfies never;
  }
}

function Fleet({ view, trusted, history, host }: Omit<PanelProps, 'complaint' | 'view'> & { view: FleetInUse }) {
  const { state, work } = view;
  const { services, problem } = state;
  const isDown = services.every(({ state: { kind } }) => kind === 'absent' || kind === 'stopped');
  const isUp = services.every(({ state: one }) => isServing(one));
  const blocked = !trusted || work !== undefined;
  return (
    <>
      <header class="head">
        <div class="words">
          <h1 class="title">{view.title}</h1>
          <p class="quiet" role="status">
            {summary(view)}
          </p>
        </div>
        {work !== undefined && (
          <Button onClick={() => host.act('command', { id: 'cancel' })}>
            {work === 'stopping' ? t('Leave it') : t('Cancel')}
          </Button>
        )}
        {work === undefined && isDown && problem === undefined && (
          <Button kind="primary" disabled={blocked} onClick={() => host.act('start', { services: 'all' })}>
            {t('Start')}
          </Button>
        )}
        {work === undefined && !isDown && (
          <span class="tools">
            {!isUp && (
              <IconButton
                icon="play"
                label={t('Start what is not running')}
                disabled={blocked}
                onClick={() => host.act('start', { services: 'all' })}
              />
            )}
            <IconButton
              icon="debug-restart"
              label={t('Restart all servers')}
              disabled={blocked}
              onClick={() => host.act('restart', { services: 'all' })}
            />
            <IconButton
              icon="debug-stop"
              label={t('Stop all servers')}
              disabled={blocked}
              onClick={() => host.act('stop', { services: 'all' })}
            />
          </span>
        )}
      </header>
      {problem !== undefined && <Problem {...problem} host={host} />}
      <ul class="services" aria-label={t('Servers')}>
        {services.map((service) => (
          <ServiceCard
            key={service.name}
            service={service}
            fleet={state}
            samples={history[service.name] ?? []}
            now={Date.parse(view.at)}
            isBlocked={blocked}
            host={host}
          />
        ))}
      </ul>
    </>
  );
}

/** What keeps the fleet from being seen or started, and what can be done. */
function Problem({ what, remedy, host }: { what: string; remedy: string; host: PanelHost }) {
  return (
    <section class="card problem" aria-label={t('Problem')}>
      <p class="problem-what">
        <Icon name="warning" tone="warning" />
        <strong class="words">{what}</strong>
      </p>
      <p class="words">{remedy}</p>
      <div class="actions">
        <Button onClick={() => host.act('command', { id: 'doctor' })}>{t('Open Doctor')}</Button>
        <Button onClick={() => host.act('command', { id: 'chooseProfile' })}>{t('Choose a profile')}</Button>
      </div>
    </section>
  );
}

/** "4 of 4 roles ready", or what is being started and how far it is. */
function summary({ state, work }: FleetInUse): string {
  const roles = servedRoles(state);
  const ready = roles.filter(({ service }) => isServing(service.state)).length;
  const counted = t('{0} of {1} roles ready', ready, roles.length);
  if (work === 'stopping') return t('Stopping…');
  const moving = state.services.filter(({ state: one }) => isComing(one));
  const [first] = moving.filter(({ state: { kind } }) => kind !== 'queued');
  if (first === undefined) return counted;
  const doing = `${serviceTitle(first, t)}: ${progressWords(first.state, state, t) ?? ''}`;
  return `${counted} · ${doing}`;
}
