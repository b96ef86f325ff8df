import type { FleetHostMethods } from '../../shared/fleetProtocol.ts';
import type { Params } from '../../shared/rpc.ts';

/** The editor's side, as the panel's parts see it. */
export interface PanelHost {
  /** Calls, and shows the failure to the user. */
  act<K extends keyof FleetHostMethods & string>(method: K, params: Params<FleetHostMethods, K>): void;
  /** Shows what went wrong; undefined: nothing does any more. */
  complain(message: string | undefined): void;
}
