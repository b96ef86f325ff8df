/** What the fleet's panel (webview) and the editor's side (host) say to each other; over shared/rpc.ts, as the chat's. */
import type { FleetProblem, FleetState } from './fleet.ts';

/** What there is to show of a fleet. */
export type FleetView =
  /** It is not known yet. */
  | { kind: 'looking' }
  /** No profile was chosen, and nothing was started. */
  | { kind: 'none' }
  /** The user has said that the roles' servers are their own. */
  | { kind: 'own' }
  | FleetInUse
  /** The profile that is in use cannot be used here. */
  | { kind: 'unusable'; profile: string; problem: FleetProblem };

export interface FleetInUse {
  kind: 'fleet';
  /** "One card with 24 GB". */
  title: string;
  state: FleetState;
  /** ISO 8601: when it was so. */
  at: string;
  /** What this window is doing with it. It can be stopped. */
  work?: 'starting' | 'stopping' | 'restarting';
}

/** What the panel offers beside what is done with servers. */
export type FleetPanelCommand = 'chooseProfile' | 'ownServers' | 'doctor' | 'openSettings' | 'trust' | 'cancel';

/** Methods of the host, called by the panel. A failure's message is for the user, and is shown. */
export interface FleetHostMethods {
  /** The panel is (again) there: the host answers with `show`. */
  ready: (params: Record<string, never>) => { locale: string; strings: Record<string, string> };
  /** Returns once it has begun: what comes of it is shown. */
  start: (params: { services: readonly string[] | 'all' }) => void;
  stop: (params: { services: readonly string[] | 'all' }) => void;
  restart: (params: { services: readonly string[] | 'all' }) => void;
  showLog: (params: { service: string }) => void;
  command: (params: { id: FleetPanelCommand }) => void;
}

/** Methods of the panel, called by the host at most twice a second. */
export interface FleetPanelMethods {
  show: (params: { view: FleetView; trusted: boolean }) => void;
}
