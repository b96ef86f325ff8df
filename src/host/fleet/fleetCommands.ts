import * as vscode from 'vscode';
import { OWN_SERVERS, type ProfileEntry, type Service, type ServiceState } from '../../shared/fleet.ts';
import { progressWords, serviceTitle, stateMark } from '../../shared/fleetWords.ts';
import type { CommandTable } from '../commands.ts';
import type { FleetWatch } from './fleetWatch.ts';
import { assertMayStart, type FleetWork, isUp, lookAt, theFleet } from './fleetWork.ts';
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
  /** Name of the profile that is set; undefined where none is. */
  chosen: () => Promise<string | undefined>;
  /** Whether it is written down that a fleet was started. */
  isNoted: () => Promise<boolean>;
  /** Has the profile used from now on, in the user's settings. */
  useProfile: (name: string) => Promise<void>;
}): FleetActions {
  const { watch, work, logs, profiles, chosen: chosenNow, isNoted, useProfile } = parts;
  const { t } = vscode.l10n;

  async function start(): Promise<void> {
    assertMayStart();
    const opened = await watch.opened();
    if (opened.kind === 'none' || opened.kind === 'own') return chooseProfile();
    const chosen = await chosenNow();
    if (opened.kind === 'fleet' && chosen !== undefined && chosen !== opened.profile) {
      const entry = (await profiles()).find(({ name }) => name === chosen);
      // What still runs is not what was chosen: that takes its place, if the user wants so.
      if (entry !== undefined) return offerStart(entry, opened.fleet);
    }
    await work.start('all');
  }

  async function chooseProfile(): Promise<void> {
    const before = await watch.opened();
    const inUse = before.kind === 'fleet' || before.kind === 'unusable' ? before.profile : undefined;
    const chosen = await pickProfile(profiles(), before.kind === 'own' ? OWN_SERVERS : inUse);
    if (chosen === undefined) return;
    if (chosen.name === inUse) {
      if ((await chosenNow()) !== inUse) await useProfile(chosen.name);
      return;
    }
    const seen = before.kind === 'fleet' ? await lookAt(before.fleet) : undefined;
    const runs = seen?.services.some(({ state }) => isUp(state)) ?? false;
    const running = before.kind === 'fleet' && runs ? before.fleet : undefined;
    // What is left of one that does not run, were it only a note of it, would have the roles ask it.
    const isLeft = (await isNoted()) || (seen?.services.some(({ state }) => state.kind !== 'absent') ?? false);
    if (before.kind === 'fleet' && !runs && seen?.problem === undefined && isLeft) await work.down(before.fleet);
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
    const state = await lookAt(fleet);
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
