import path from 'node:path';
import { DriverError, type FleetDriver, type PlannedService } from '../../core/fleet/driver.ts';
import type { Settings } from '../../core/settings.ts';
import { fleetFolder } from '../dataFolder.ts';
import type { Installation } from '../openCrew.ts';
import { composeDriver } from './compose/composeDriver.ts';
import { FLEET_PROJECT } from './compose/containers.ts';
import { noteStopped, readFleetRecord } from './fleetRecord.ts';
import { nativeCommands } from './native/nativeCommand.ts';
import { openNativeDriver } from './native/nativeDriver.ts';

/** What can run the services of a profile. */
export const DRIVERS = ['native', 'compose'] as const;
export type DriverKind = (typeof DRIVERS)[number];

type Place = Pick<Installation, 'home' | 'env'>;

/** @param planned everything that the profile starts */
export function openDriver(
  kind: DriverKind,
  { env, home }: Place,
  { fleet }: Settings,
  planned: readonly PlannedService[],
): FleetDriver {
  const dir = fleetFolder(env);
  const weights = fleet.weights === undefined ? {} : { weights: path.resolve(fleet.weights) };
  switch (kind) {
    case 'native':
      return openNativeDriver({ dir, ...nativeCommands({ vllm: fleet.vllm, ...weights, env, cwd: dir }) });
    case 'compose':
      return composeDriver({
        files: [path.join(home, 'docker-compose.yml')],
        project: FLEET_PROJECT,
        folder: dir,
        env,
        planned,
        ...weights,
      });
    default:
      return kind satisfies never;
  }
}

/**
 * Ends everything of the fleet, of whatever profile, written down or not; what was fetched stays. That an engine cannot be
 * reached of which nothing is written down is no failure: then nothing runs there.
 * @throws DriverError
 */
export async function takeFleetDown(
  place: Place,
  { settings, signal }: { settings: Settings; signal: AbortSignal },
): Promise<void> {
  const record = await readFleetRecord(place.env);
  for (const kind of DRIVERS) {
    try {
      await openDriver(kind, place, settings, []).down(signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof DriverError) || kind === record?.driver) throw error;
    }
  }
  await noteStopped(place.env, 'all');
}
