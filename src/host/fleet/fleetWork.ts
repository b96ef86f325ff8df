import * as vscode from 'vscode';
import { DriverError } from '../../core/fleet/driver.ts';
import type { Fleet } from '../../core/fleet/fleet.ts';
import type { FleetState, Service, ServiceState } from '../../shared/fleet.ts';
import { isBroken, isComing, isServing, serviceTitle } from '../../shared/fleetWords.ts';
import type { FleetAlarms } from './fleetAlarms.ts';
import type { FleetWatch } from './fleetWatch.ts';
import { startStage } from './startWords.ts';

/** Milliseconds that a look at the servers may take before anything is done to them. */
const LOOK_LIMIT = 20_000;

type Names = readonly string[] | 'all';

/** Starts and stops servers, one piece of work at a time, with progress that can be cancelled. */
export interface FleetWork {
  /** Each resolves when it is over, however that was; what went wrong is told to the user. @throws Error in words where it may not begin */
  start(names: Names): Promise<void>;
  stop(names: Names): Promise<void>;
  restart(names: Names): Promise<void>;
  /** Ends everything of the fleet, also what another profile has left. */
  down(fleet: Fleet): Promise<void>;
  /** Stops what is being done; what is ready stays. */
  cancel(): void;
}

export function openFleetWork(parts: {
  watch: FleetWatch;
  alarms: FleetAlarms;
  /** Tells of a server that failed. */
  alarm: (service: Service) => void;
}): FleetWork {
  const { watch, alarms, alarm } = parts;
  const { t } = vscode.l10n;
  let atWork: AbortController | undefined;

  /** Does one piece of work beside a notification. */
  async function during(
    kind: 'starting' | 'stopping' | 'restarting',
    title: string,
    work: (report: (message: string, percent?: number) => void, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    if (atWork !== undefined) throw new Error(t('The servers are being started or stopped already.'));
    const mine = new AbortController();
    atWork = mine;
    watch.works(kind);
    try {
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title, cancellable: true },
        async (progress, token) => {
          token.onCancellationRequested(() => mine.abort());
          let shown = 0;
          await work((message, percent) => {
            const increment = percent === undefined ? 0 : Math.max(0, percent - shown);
            shown += increment;
            progress.report({ message, increment });
          }, mine.signal);
        },
      );
    } catch (error) {
      if (!mine.signal.aborted) tellFailure(error);
    } finally {
      atWork = undefined;
      watch.works(undefined);
    }
  }

  /** A server that failed is told as such; anything else in its own words. */
  function tellFailure(error: unknown): void {
    const { view } = watch;
    const broken = view.kind === 'fleet' ? view.state.services.some(({ state }) => isBroken(state)) : false;
    if (broken) {
      for (const service of alarms.look(view)) alarm(service);
      return;
    }
    const words = error instanceof DriverError ? `${error.message} ${error.remedy}` : undefined;
    void vscode.window.showErrorMessage(
      `Conclave: ${words ?? (error instanceof Error ? error.message : String(error))}`,
    );
  }

  async function look(fleet: Fleet): Promise<FleetState> {
    const state = await lookAt(fleet);
    watch.take(state);
    return state;
  }

  async function bringUp(kind: 'starting' | 'restarting', names: Names): Promise<void> {
    assertMayStart();
    const fleet = await theFleet(watch);
    const { services } = await look(fleet);
    const chosen = services.filter(({ name }) => names === 'all' || names.includes(name));
    const wanted = chosen.filter(({ state }) => kind === 'restarting' || !isServing(state)).map(({ name }) => name);
    alarms.forget(wanted);
    await during(kind, 'Conclave', (report, signal) => {
      const onState = (state: FleetState): void => {
        watch.take(state);
        const { words, percent } = startStage(state, wanted, t);
        report(words, percent);
      };
      return kind === 'starting' ? fleet.up(names, onState, signal) : fleet.restart(names, onState, signal);
    });
  }

  return {
    start: (names) => bringUp('starting', names),
    restart: (names) => bringUp('restarting', names),
    async stop(names) {
      const fleet = await theFleet(watch);
      const { services } = await look(fleet);
      const [only] = names === 'all' ? [] : services.filter(({ name }) => names.includes(name));
      await during('stopping', 'Conclave', async (report, signal) => {
        report(only === undefined ? t('Stopping all servers') : t('Stopping {0}', serviceTitle(only, t)));
        await fleet.stop(names, signal);
        watch.take(await fleet.state(signal));
      });
    },
    down: (fleet) =>
      during('stopping', 'Conclave', async (report, signal) => {
        report(t('Stopping all servers'));
        await fleet.down(signal);
      }),
    cancel: () => atWork?.abort(),
  };
}

/** @throws Error in words: a workspace that is not trusted may not have programs started */
export function assertMayStart({ isTrusted }: Pick<typeof vscode.workspace, 'isTrusted'> = vscode.workspace): void {
  if (isTrusted) return;
  throw new Error(
    vscode.l10n.t(
      'Servers are started in trusted workspaces only. Trust this one first (Workspaces: Manage Workspace Trust).',
    ),
  );
}

/** How a fleet is now. @throws Error in words where whoever runs it does not answer */
export async function lookAt(fleet: Fleet): Promise<FleetState> {
  const limit = AbortSignal.timeout(LOOK_LIMIT);
  try {
    return await fleet.state(limit);
  } catch (cause) {
    if (!limit.aborted) throw cause;
    const said = vscode.l10n.t(
      'The servers could not be looked at within {0} seconds. Where they are containers, restart Docker; then try again.',
      LOOK_LIMIT / 1000,
    );
    throw new Error(said, { cause });
  }
}

/** Whether there is something to stop. */
export function isUp(state: ServiceState): boolean {
  return isServing(state) || isComing(state) || state.kind === 'unhealthy' || state.kind === 'crashing';
}

/** The fleet that is in use. @throws Error in words where there is none */
export async function theFleet(watch: FleetWatch): Promise<Fleet> {
  const opened = await watch.opened();
  switch (opened.kind) {
    case 'fleet':
      return opened.fleet;
    case 'unusable':
      throw new Error(`${opened.problem.what} ${opened.problem.remedy}`.trim());
    case 'own':
      throw new Error(
        vscode.l10n.t('You use your own servers, which Conclave does not start. Choose a profile first.'),
      );
    case 'none':
      throw new Error(vscode.l10n.t('No profile is chosen yet. Choose a profile first.'));
    default:
      return opened satisfies never;
  }
}
