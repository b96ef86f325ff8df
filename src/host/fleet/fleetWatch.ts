import * as vscode from 'vscode';
import type { Fleet } from '../../core/fleet/fleet.ts';
import type { FleetProblem, FleetState } from '../../shared/fleet.ts';
import type { FleetInUse, FleetView } from '../../shared/fleetProtocol.ts';

/** What the settings and the record of what was started come to. */
export type OpenedFleet =
  | { kind: 'none' }
  | { kind: 'own' }
  | { kind: 'unusable'; profile: string; problem: FleetProblem }
  | { kind: 'fleet'; profile: string; title: string; fleet: Fleet };

/** Follows the fleet that is in use. Its figures are only asked for while somebody looks. */
export interface FleetWatch extends vscode.Disposable {
  readonly view: FleetView;
  readonly onChange: vscode.Event<FleetView>;
  /** What is in use now; opened at the first call. */
  opened(): Promise<OpenedFleet>;
  /** Another profile may be in use; looked at once no work goes on. */
  reopen(): Promise<void>;
  /** Has its figures asked for until it is disposed of. */
  lookCloser(): vscode.Disposable;
  /** Takes in what somebody who works on the fleet was told. */
  take(state: FleetState): void;
  /** This window has begun to work on the fleet, or has ended that. */
  works(work: FleetInUse['work']): void;
}

/** Milliseconds between two changes that are told. */
const APART = 500;
const AGAIN = 15_000;

export function openFleetWatch(options: {
  open: () => Promise<OpenedFleet>;
  /** What decides which is in use, read anew: another text, another fleet. */
  basis: () => Promise<string>;
  /** Milliseconds until a fleet that could not be followed is followed again. */
  again?: number;
  report: (error: unknown) => void;
}): FleetWatch {
  const { open, basis, again = AGAIN, report } = options;
  const onChange = new vscode.EventEmitter<FleetView>();
  let opening: Promise<OpenedFleet> | undefined;
  /** Of what was opened last. */
  let openedFrom: string | undefined;
  let view: FleetView = { kind: 'looking' };
  /** Of the profile of the fleet that is followed. */
  let title: string | undefined;
  let work: FleetInUse['work'];
  /** Something else is in use since the work began that still goes on. */
  let isStale = false;
  let lookers = 0;
  let following: AbortController | undefined;
  let telling: NodeJS.Timeout | undefined;
  let retrying: NodeJS.Timeout | undefined;
  /** Why it could not be followed, as long as it cannot: told once. */
  let failure: string | undefined;

  function show(next: FleetView): void {
    view = next;
    telling ??= setTimeout(() => {
      telling = undefined;
      onChange.fire(view);
    }, APART);
  }

  function take(state: FleetState): void {
    if (title === undefined) return;
    const at = new Date().toISOString();
    show({ kind: 'fleet', title, state, at, ...(work === undefined ? {} : { work }) });
  }

  /** From now on, as closely as somebody looks. */
  function follow(): void {
    following?.abort();
    clearTimeout(retrying);
    const mine = new AbortController();
    following = mine;
    void (async () => {
      const found = await opened();
      if (mine.signal.aborted) return;
      title = found.kind === 'fleet' ? found.title : undefined;
      if (found.kind !== 'fleet') {
        following = undefined;
        return show(found);
      }
      for await (const state of found.fleet.follow(mine.signal, lookers > 0 ? 'closely' : 'changes')) {
        if (mine.signal.aborted) return;
        failure = undefined;
        take(state);
        // While nothing runs there is nothing to follow: whoever starts something has us follow again.
        if (lookers === 0 && state.services.every(({ state: { kind } }) => kind === 'absent' || kind === 'stopped'))
          break;
      }
      following = undefined;
    })().catch((error: unknown) => {
      if (mine.signal.aborted) return;
      following = undefined;
      const what = error instanceof Error ? error.message : String(error);
      if (what !== failure) report(error);
      failure = what;
      const remedy = vscode.l10n.t('It is looked at again from time to time; what it was about stands in the log.');
      show({ kind: 'unusable', profile: title ?? 'Conclave', problem: { what, remedy } });
      retrying = setTimeout(follow, again);
    });
  }

  function opened(): Promise<OpenedFleet> {
    opening ??= openNow().catch((error: unknown) => {
      report(error);
      const what = error instanceof Error ? error.message : String(error);
      return { kind: 'unusable', profile: 'Conclave', problem: { what, remedy: '' } };
    });
    return opening;
  }

  async function openNow(): Promise<OpenedFleet> {
    openedFrom = undefined;
    // Read before: what changes while it is opened is seen at the next look.
    openedFrom = await basis();
    return open();
  }

  async function reopen(): Promise<void> {
    isStale = work !== undefined;
    if (isStale) return;
    opening = undefined;
    title = undefined;
    show({ kind: 'looking' });
    follow();
    await opened();
  }

  follow();
  /** Somebody may have started it, or another, in a terminal meanwhile. */
  async function lookAgain(): Promise<void> {
    await opened();
    if ((await basis()) === openedFrom) follow();
    else await reopen();
  }
  const focus = vscode.window.onDidChangeWindowState(({ focused }) => {
    if (focused && following === undefined) void lookAgain().catch(report);
  });
  return {
    get view() {
      return view;
    },
    onChange: onChange.event,
    opened,
    reopen,
    lookCloser() {
      lookers += 1;
      if (lookers === 1) follow();
      let isOver = false;
      return {
        dispose() {
          if (isOver) return;
          isOver = true;
          lookers -= 1;
          if (lookers === 0) follow();
        },
      };
    },
    take,
    works(begun) {
      work = begun;
      if (view.kind === 'fleet') take(view.state);
      if (begun !== undefined) return;
      if (isStale) void reopen().catch(report);
      else if (following === undefined) follow();
    },
    dispose() {
      following?.abort();
      focus.dispose();
      clearTimeout(telling);
      clearTimeout(retrying);
      onChange.dispose();
    },
  };
}
