import type { Service } from '../../shared/fleet.ts';
import type { FleetView } from '../../shared/fleetProtocol.ts';

/** Finds the failures that the user has to be told of: each once, however often it is seen. */
export interface FleetAlarms {
  /** @returns the services that have failed since the last look and were not told of */
  look(view: FleetView): Service[];
  /** The user has something started anew: that it fails again is news. */
  forget(services: readonly string[]): void;
}

export function openFleetAlarms(): FleetAlarms {
  /** Told, or known from before this window looked first. */
  const told = new Set<string>();
  let profile: string | undefined;
  return {
    look(view) {
      if (view.kind !== 'fleet' || view.state.problem !== undefined) return [];
      const isFirst = profile !== view.state.profile;
      if (isFirst) told.clear();
      profile = view.state.profile;
      const fresh: Service[] = [];
      for (const service of view.state.services) {
        const { kind } = service.state;
        // One that crashes again and again is starting in between.
        if (kind === 'ready' || kind === 'stopped' || kind === 'absent') told.delete(service.name);
        if (kind !== 'failed' && kind !== 'crashing') continue;
        if (!told.has(service.name) && !isFirst) fresh.push(service);
        told.add(service.name);
      }
      return fresh;
    },
    forget(services) {
      for (const name of services) told.delete(name);
    },
  };
}
