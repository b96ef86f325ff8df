import type { PlannedService } from '../../core/fleet/driver.ts';
import { portHolder } from '../fleet/portHolder.ts';
import type { Finding } from './finding.ts';

/** Whether the ports of the services are free for them; those of services that run are theirs. */
export async function portsFinding(
  services: readonly PlannedService[],
  runs: (service: PlannedService) => boolean,
): Promise<Finding> {
  const what = 'Ports';
  const held = await Promise.all(
    services.map(async (service) => ({
      service,
      holder: runs(service) ? undefined : await portHolder(service.port),
    })),
  );
  const taken = held.flatMap(({ service: { name, port }, holder }) =>
    holder === undefined ? [] : [`${port} (${name}) is taken by ${holder}`],
  );
  if (taken.length > 0) {
    return {
      what,
      state: 'missing',
      found: taken.join('; '),
      remedy: 'Stop what listens there; or, where these are model servers of yours, set the endpoints to them.',
    };
  }
  const free = services.filter((service) => !runs(service)).map(({ port }) => port);
  const own = services.filter(runs).map(({ port }) => port);
  const found = [
    ...(own.length === 0 ? [] : [`${own.join(', ')} in use by the fleet`]),
    ...(free.length === 0 ? [] : [`${free.join(', ')} free`]),
  ];
  return { what, state: 'good', found: found.join('; ') };
}
