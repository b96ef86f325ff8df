import type { FleetState, Service } from '../../shared/fleet.ts';
import {
  isBroken,
  isComing,
  isServing,
  progressWords,
  serviceTitle,
  stateMark,
  whyOf,
} from '../../shared/fleetWords.ts';
import { Button, IconButton } from '../components/Button.tsx';
import { Icon } from '../components/Icon.tsx';
import { number, t } from '../l10n.ts';
import { Gauges } from './Gauges.tsx';
import type { Sample } from './history.ts';
import type { PanelHost } from './panelHost.ts';

interface CardProps {
  service: Service;
  /** It is one of this fleet's. */
  fleet: FleetState;
  samples: readonly Sample[];
  /** Milliseconds since 1970. */
  now: number;
  /** Nothing can be started or stopped now. */
  isBlocked: boolean;
  host: PanelHost;
}

/** One server: what it is, where it stands, what can be done with it, and how it does. */
export function ServiceCard({ service, fleet, samples, now, isBlocked, host }: CardProps) {
  const { name, state, kind } = service;
  const title = serviceTitle(service, t);
  const { icon, tone, words } = stateMark(state, t);
  const why = whyOf(state, t);
  return (
    <li class={`card service is-${state.kind}`}>
      <div class="service-head">
        <Icon name={icon} tone={tone} spins={state.kind === 'starting'} />
        <h2 class="service-title">{title}</h2>
        <span class={`state ${isBroken(state) ? '' : 'quiet'}`}>{words}</span>
        <Tools {...{ service, title, isBlocked, host }} />
      </div>
      <Facts service={service} />
      <Progress {...{ service, fleet, title }} />
      {why !== undefined && <p class="why words">{why}</p>}
      {isBroken(state) && (
        <div class="actions">
          <Button onClick={() => host.act('showLog', { service: name })}>{t('Show log')}</Button>
          <Button disabled={isBlocked} onClick={() => host.act('restart', { services: [name] })}>
            {t('Restart')}
          </Button>
        </div>
      )}
      {kind === 'model' && state.kind === 'ready' && <Gauges title={title} samples={samples} now={now} />}
    </li>
  );
}

/** What a broken one is offered in words below is not said twice. */
function Tools({
  service: { name, state },
  title,
  isBlocked,
  host,
}: Pick<CardProps, 'service' | 'isBlocked' | 'host'> & { title: string }) {
  const services = [name];
  const hasLog = state.kind !== 'absent' && state.kind !== 'queued' && !isBroken(state);
  const isUp = isServing(state) || isComing(state);
  const runs = isUp || state.kind === 'unhealthy' || state.kind === 'crashing';
  return (
    <span class="tools">
      {hasLog && (
        <IconButton
          icon="output"
          label={t('Show the log of {0}', title)}
          onClick={() => host.act('showLog', { service: name })}
        />
      )}
      {isUp && (
        <IconButton
          icon="debug-restart"
          label={t('Restart {0}', title)}
          disabled={isBlocked}
          onClick={() => host.act('restart', { services })}
        />
      )}
      {runs && (
        <IconButton
          icon="debug-stop"
          label={t('Stop {0}', title)}
          disabled={isBlocked}
          onClick={() => host.act('stop', { services })}
        />
      )}
      {(state.kind === 'absent' || state.kind === 'stopped') && (
        <IconButton
          icon="play"
          label={t('Start {0}', title)}
          disabled={isBlocked}
          onClick={() => host.act('start', { services })}
        />
      )}
    </span>
  );
}

/** The model, and what it can hold. */
function Facts({ service: { model, window, url } }: { service: Service }) {
  if (model === undefined && window === undefined) return null;
  return (
    <p class="facts-line quiet" title={[model, url].filter(Boolean).join('\n')}>
      {model !== undefined && <span class="model">{model.slice(model.lastIndexOf('/') + 1)}</span>}
      {window !== undefined && <span class="facts-more">{t('window {0}', number(window))}</span>}
    </p>
  );
}

/** How far a download or a start is. */
function Progress({ service: { state }, fleet, title }: Pick<CardProps, 'service' | 'fleet'> & { title: string }) {
  const words = progressWords(state, fleet, t);
  if (words === undefined) return null;
  const percent = state.kind === 'fetching' || state.kind === 'starting' ? state.percent : undefined;
  return (
    <div class="progress-line">
      <p class="words quiet">{words}</p>
      {state.kind !== 'queued' && (
        <progress
          aria-label={t('Start of {0}', title)}
          {...(percent === undefined ? {} : { value: percent, max: 100 })}
        />
      )}
    </div>
  );
}
