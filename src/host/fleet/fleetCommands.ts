import * as vscode from 'vscode';
import type { ProfileEntry, Service, ServiceState } from '../../shared/fleet.ts';
import { isComing, isServing, progressWords, serviceTitle, stateMark } from '../../shared/fleetWords.ts';
import type { CommandTable } from '../commands.ts';
import { type FleetWatch, OWN_SERVERS } from './fleetWatch.ts';
import { assertMayStart, type FleetWork, theFleet } from './fleetWork.ts';
import type { LogTerminals } from './logTerminals.ts';
import { pickProfile } from './profilePick.ts';

/** What the commands and the panel's buttons do. */
export interface FleetActions {
  /** Starts what is not running; without a profile, one is chosen first. */
  start(): Promise<void>;
  chooseProfile(): Promise<void>;
  /** The user's own servers are used from now on. */
  useOwnServers(): Promise<void>;
  showLog(service: string): Promise<void>;
  table: CommandTable;
}

export function fleetActions(parts: {
  watch: FleetWatch;
  work: FleetWork;
  logs: LogTerminals;
  profiles: () => Promise<ProfileEntry[]>;
  /** Has the profile used from now on, in the user's settings. */
  useProfile: (name: string) => Promise<void>;
}): FleetActions {
  const { watch, work, logs, profiles, useProfile } = parts;
  const { t } = vscode.l10n;

  async function start(): Promise<void> {
    assertMayStart();
    const { kind } = await watch.opened();
    if (kind === 'none' || kind === 'own') return chooseProfile();
    await work.start('all');
  }

  async function chooseProfile(): Promise<void> {
    const before = await watch.opened();
    const inUse = before.kind === 'fleet' || before.kind === 'unusable' ? before.profile : undefined;
    const chosen = await pickProfile(profiles(), before.kind === 'own' ? OWN_SERVERS : inUse);
    if (chosen === undefined || chosen.name === inUse) return;
    const states = before.kind === 'fleet' ? services(watch).map(({ state }) => state) : [];
    const running = before.kind === 'fleet' && states.some(isUp) ? before.fleet : undefined;
    // What failed is not missed.
    if (before.kind === 'fleet' && !running && states.some(({ kind }) => kind === 'failed'))
      await work.down(before.fleet);
    await useProfile(chosen.name);
    await watch.reopen();
    void offerStart(chosen, running).catch((error: Error) =>
      vscode.window.showErrorMessage(`Conclave: ${error.message}`),
    );
  }

  /** What runs of the profile before would be in the way. */
  async function offerStart(
    { name, title }: ProfileEntry,
    running: Parameters<FleetWork['down']>[0] | undefined,
  ): Promise<void> {
    const isOwn = name === OWN_SERVERS;
    if (running === undefined) {
      if (isOwn || !vscode.workspace.isTrusted) return;
      const button = t('Start');
      const said = t(
        'Conclave: the profile is now “{0}”. What its servers need is downloaded when they are started.',
        title,
      );
      if ((await vscode.window.showInformationMessage(said, button)) === button) await work.start('all');
      return;
    }
    const stop = t('Stop them');
    const replace = t('Stop them and start');
    const said = t('Conclave: the profile is now “{0}”. Servers of the one before still run.', title);
    const choice = await vscode.window.showInformationMessage(said, ...(isOwn ? [stop] : [replace, stop]));
    if (choice === undefined) return;
    await work.down(running);
    await watch.reopen();
    if (choice === replace) await work.start('all');
  }

  async function showLog(name: string): Promise<void> {
    const fleet = await theFleet(watch);
    const service = services(watch).find((one) => one.name === name);
    logs.show(fleet, { name, title: service === undefined ? name : serviceTitle(service, t) });
  }

  /** Has one of the servers chosen, and does something with it. */
  async function withOne(
    title: string,
    isWanted: (state: ServiceState) => boolean,
    none: string,
    act: (name: string) => Promise<void>,
  ): Promise<void> {
    const fleet = await theFleet(watch);
    const state = await fleet.state(AbortSignal.timeout(20_000));
    watch.take(state);
    if (state.problem !== undefined) throw new Error(`${state.problem.what} ${state.problem.remedy}`);
    const items = state.services
      .filter((service) => isWanted(service.state))
      .map((service) => {
        const { icon, words } = stateMark(service.state, t);
        return {
          label: `$(${icon}) ${serviceTitle(service, t)}`,
          description: progressWords(service.state, state, t) ?? words,
          ...(service.model === undefined ? {} : { detail: service.model }),
          name: service.name,
        };
      });
    if (items.length === 0) throw new Error(none);
    const picked = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
    if (picked !== undefined) await act(picked.name);
  }

  return {
    start,
    chooseProfile,
    async useOwnServers() {
      await useProfile(OWN_SERVERS);
      await watch.reopen();
    },
    showLog,
    table: {
      'conclave.startFleet': start,
      'conclave.stopFleet': () => work.stop('all'),
      'conclave.restartFleet': () => work.restart('all'),
      'conclave.startServer': async () => {
        assertMayStart();
        await withOne(
          t('Start which server?'),
          (state) => !isUp(state),
          t('All servers run already.'),
          (name) => work.start([name]),
        );
      },
      'conclave.stopServer': () =>
        withOne(t('Stop which server?'), isUp, t('No server runs.'), (name) => work.stop([name])),
      'conclave.restartServer': async () => {
        assertMayStart();
        await withOne(
          t('Restart which server?'),
          ({ kind }) => kind !== 'absent',
          t('No server was started yet.'),
          (name) => work.restart([name]),
        );
      },
      'conclave.chooseProfile': chooseProfile,
      'conclave.showServerLog': () =>
        withOne(
          t('Show the log of which server?'),
          ({ kind }) => kind !== 'absent',
          t('No server was started yet.'),
          showLog,
        ),
      'conclave.showFleet': () => vscode.commands.executeCommand('conclave.fleet.focus'),
    },
  };
}

function services({ view }: FleetWatch): readonly Service[] {
  return view.kind === 'fleet' ? view.state.services : [];
}

/** Whether there is something to stop. */
function isUp(state: ServiceState): boolean {
  return isServing(state) || isComing(state) || state.kind === 'unhealthy' || state.kind === 'crashing';
}
