import * as vscode from 'vscode';
import type { LoadedSettings } from '../../node/configuration.ts';
import { readFleetRecord } from '../../node/fleet/fleetRecord.ts';
import { openFleet, profilesHere } from '../../node/fleet/openFleet.ts';
import { readProfiles } from '../../node/fleet/profiles.ts';
import type { Installation } from '../../node/openCrew.ts';
import { ROLES, type Role } from '../../shared/events.ts';
import { OWN_SERVERS, type Service } from '../../shared/fleet.ts';
import { isServing, serviceTitle } from '../../shared/fleetWords.ts';
import type { CommandTable, MenuEntry } from '../commands.ts';
import { tellingContextKeys } from '../contextKeys.ts';
import type { Glance } from '../statusBar.ts';
import { openFleetAlarms } from './fleetAlarms.ts';
import { fleetActions } from './fleetCommands.ts';
import { fleetGlance } from './fleetGlance.ts';
import { openFleetPanel } from './fleetPanel.ts';
import { type OpenedFleet, openFleetWatch } from './fleetWatch.ts';
import { isUp, lookAt, openFleetWork } from './fleetWork.ts';
import { openLogTerminals } from './logTerminals.ts';

/** The fleet in the editor: status bar, menu, commands, panel, logs, alarms. */
export interface FleetPart extends vscode.Disposable {
  commands: CommandTable;
  /** What there is to say of it while there is no task; undefined where the servers are the user's own. */
  glance(): Glance | undefined;
  readonly onChange: vscode.Event<unknown>;
  /** What can be done with it now. */
  menu(): MenuEntry[];
}

export function openFleetPart(options: {
  extensionUri: vscode.Uri;
  installation: Installation;
  /** Of the user alone: nothing about the fleet comes from a workspace. */
  settings: () => Promise<LoadedSettings>;
  /** Of the folder that tasks go to, or the user's where there is none: what its roles use. */
  folderSettings: () => Promise<LoadedSettings>;
  openDoctor: () => unknown;
  openSettings: () => unknown;
  report: (error: unknown) => void;
}): FleetPart {
  const { installation, settings, folderSettings, report } = options;
  const { env, home } = installation;
  const { t } = vscode.l10n;
  let elsewhere: Partial<Record<Role, string>> = {};

  async function open(): Promise<OpenedFleet> {
    const loaded = await settings();
    // A folder whose settings cannot be used is told of where they are used: it has no say in what runs.
    elsewhere = setByUser(await folderSettings().catch(() => loaded));
    const chosen = loaded.settings.fleet.profile;
    const started = (await readFleetRecord(env))?.profile;
    if (started !== undefined) {
      const found = await openProfile(started, loaded);
      // What runs comes before what is set: it is what the roles use. What is only written down does not.
      if (chosen === undefined || chosen === started || (await runs(found))) return found;
    }
    if (chosen === undefined) return { kind: 'none' };
    return chosen === OWN_SERVERS ? { kind: 'own' } : openProfile(chosen, loaded);
  }

  async function openProfile(profile: string, { settings: set }: LoadedSettings): Promise<OpenedFleet> {
    const opened = await openFleet(installation, { settings: set, profile });
    if (opened.kind === 'problem') return { kind: 'unusable', profile, problem: opened.problem };
    const found = (await readProfiles(home)).find(({ name }) => name === profile);
    return { kind: 'fleet', profile, title: found?.title ?? profile, fleet: opened.fleet };
  }

  /** What was started, and what is chosen. */
  async function basis(): Promise<string> {
    const [started, chosen] = await Promise.all([readFleetRecord(env), settings()]);
    return JSON.stringify([started?.profile, chosen.settings.fleet.profile]);
  }

  const watch = openFleetWatch({ open, basis, report });
  const alarms = openFleetAlarms();
  const logs = openLogTerminals();
  const work = openFleetWork({ watch, alarms, alarm: (service) => void alarm(service).catch(report) });
  const actions = fleetActions({
    watch,
    work,
    logs,
    profiles: () => profilesHere(installation, AbortSignal.timeout(30_000)),
    isNoted: async () => (await readFleetRecord(env)) !== undefined,
    chosen: async () => (await settings()).settings.fleet.profile,
    useProfile: async (name) =>
      vscode.workspace.getConfiguration('conclave').update('fleet.profile', name, vscode.ConfigurationTarget.Global),
  });

  /** One notification for a failure. */
  async function alarm({ name, state, ...service }: Service): Promise<void> {
    if (state.kind !== 'failed' && state.kind !== 'crashing') return;
    const title = serviceTitle({ ...service, name, state }, t);
    const [showLog, restart] = [t('Show Log'), t('Restart')];
    const said =
      state.kind === 'failed'
        ? t('{0} has failed: {1}', title, state.why)
        : t('{0} keeps crashing: {1}', title, state.why);
    const choice = await vscode.window.showErrorMessage(`Conclave: ${said}`, showLog, restart);
    if (choice === showLog) await actions.showLog(name);
    if (choice === restart) await work.restart([name]);
  }

  const panel = openFleetPanel({
    extensionUri: options.extensionUri,
    watch,
    actions: {
      start: ({ services }) => begin(services === 'all' ? actions.start() : work.start(services)),
      stop: ({ services }) => begin(work.stop(services)),
      restart: ({ services }) => begin(work.restart(services)),
      showLog: ({ service }) => actions.showLog(service),
      command({ id }) {
        switch (id) {
          case 'chooseProfile':
            return void actions.chooseProfile().catch(report);
          case 'ownServers':
            return actions.useOwnServers();
          case 'doctor':
            return void options.openDoctor();
          case 'openSettings':
            return void options.openSettings();
          case 'trust':
            return void vscode.commands.executeCommand('workbench.trust.manage');
          case 'cancel':
            return work.cancel();
          default:
            return id satisfies never;
        }
      },
    },
  });

  const tell = tellingContextKeys();
  const listeners = [
    watch.onChange((view) => {
      for (const service of alarms.look(view)) void alarm(service).catch(report);
      tell('hasFleet', view.kind === 'fleet');
      tell('fleetAtWork', view.kind === 'fleet' && view.work !== undefined);
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('conclave.fleet') || event.affectsConfiguration('conclave.endpoints'))
        void watch.reopen().catch(report);
    }),
  ];

  return {
    commands: actions.table,
    glance: () => fleetGlance(watch.view, elsewhere, t),
    onChange: watch.onChange,
    menu() {
      const run = (id: string) => () => vscode.commands.executeCommand(`conclave.${id}`);
      const { view } = watch;
      const profiles = { label: `$(server-process) ${t('Choose a profile')}`, run: run('chooseProfile') };
      if (view.kind !== 'fleet') return [profiles];
      const { services } = view.state;
      const isAllUp = services.every(({ state }) => isServing(state));
      const isAnyUp = services.some(({ state: { kind } }) => kind !== 'absent' && kind !== 'stopped');
      return [
        { label: `$(dashboard) ${t('Show the fleet')}`, run: run('showFleet') },
        ...(view.work !== undefined
          ? [{ label: `$(close) ${t('Cancel what the fleet is doing')}`, run: () => work.cancel() }]
          : []),
        ...(view.work === undefined && !isAllUp
          ? [{ label: `$(play) ${t('Start the fleet')}`, run: run('startFleet') }]
          : []),
        ...(view.work === undefined && isAnyUp
          ? [{ label: `$(debug-stop) ${t('Stop the fleet')}`, run: run('stopFleet') }]
          : []),
        ...(view.work === undefined && isAnyUp
          ? [{ label: `$(output) ${t('Show a server’s log')}`, run: run('showServerLog') }]
          : []),
        profiles,
      ];
    },
    dispose: () => vscode.Disposable.from(...listeners, panel, logs, watch).dispose(),
  };
}

/** Milliseconds after which work counts as begun. */
const BEGUN = 500;

/** The panel's buttons return once the work has begun; what keeps it from that is shown in the panel, or, if it is late, as a message. */
async function begin(work: Promise<void>): Promise<void> {
  let isBegun = false;
  const told = work.catch((error: Error) => {
    if (!isBegun) throw error;
    void vscode.window.showErrorMessage(`Conclave: ${error.message}`);
  });
  await Promise.race([told, new Promise<void>((go) => setTimeout(go, BEGUN))]);
  isBegun = true;
}

/** Whether there is a server of it to use, or to stop. Where nothing answers for it, there is none to use. */
async function runs(opened: OpenedFleet): Promise<boolean> {
  if (opened.kind !== 'fleet') return false;
  const state = await lookAt(opened.fleet).catch(() => undefined);
  return state?.services.some((service) => isUp(service.state)) ?? false;
}

/** Roles whose server the user has set. */
function setByUser({ settings, sources }: LoadedSettings): Partial<Record<Role, string>> {
  const own = ROLES.filter((role) => {
    const source = sources[`endpoints.${role}.url`];
    return source !== undefined && source !== 'fleet' && source !== 'default';
  });
  return Object.fromEntries(own.map((role) => [role, settings.endpoints[role].url]));
}
