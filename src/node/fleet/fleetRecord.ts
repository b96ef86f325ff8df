import { join } from 'node:path';
import { z } from 'zod';
import type { PlannedService } from '../../core/fleet/driver.ts';
import { ROLES } from '../../shared/events.ts';
import { fleetFolder } from '../dataFolder.ts';
import { errorCode } from '../paths.ts';
import { type Entries, openEntries } from './entries.ts';
import { bootId, isBeforeBoot } from './native/processIdentity.ts';

const serviceSchema: z.ZodType<PlannedService> = z.object({
  name: z.string(),
  kind: z.enum(['model', 'transcriber', 'store', 'app']),
  roles: z.array(z.enum([...ROLES, 'transcriber'])),
  serves: z
    .object({
      model: z.string(),
      names: z.array(z.string()),
      window: z.number(),
      options: z.record(z.string(), z.unknown()),
    })
    .optional(),
  port: z.number(),
  gpus: z.array(z.number()),
  env: z.record(z.string(), z.string()),
});

const startedSchema = z.object({
  /** Name of the profile. */
  profile: z.string(),
  driver: z.enum(['compose', 'native']),
  /** When it was written down. ISO 8601. */
  at: z.iso.datetime(),
  /** See bootId. */
  boot: z.string().optional(),
  /** With what it was, or is being, started. */
  service: serviceSchema,
});

type Started = z.infer<typeof startedSchema>;

/**
 * What is written down of the fleet, for everybody who reads settings: what the user has started and not stopped. It is
 * written before anything is started, so that a process that dies meanwhile leaves word of it.
 */
export interface FleetRecord extends Pick<Started, 'profile' | 'driver'> {
  services: readonly PlannedService[];
}

const entriesIn = (env: NodeJS.ProcessEnv): Entries<Started> =>
  openEntries(join(fleetFolder(env), 'started'), startedSchema);

/** The fleet that was started; undefined where none was, or the machine has been started anew since. */
export async function readFleetRecord(env: NodeJS.ProcessEnv): Promise<FleetRecord | undefined> {
  try {
    const started = await entriesIn(env).all();
    const isOld = await Promise.all(started.map(isBeforeBoot));
    // Neither processes nor containers outlive the machine: the engine starts none of ours anew.
    const since = started.filter((_, at) => !isOld[at]).toSorted((a, b) => (a.at < b.at ? -1 : 1));
    const newest = since.at(-1);
    if (newest === undefined) return undefined;
    const { profile, driver } = newest;
    // Those of another profile are on their way out.
    const services = since.filter((one) => one.profile === profile).map(({ service }) => service);
    return { profile, driver, services };
  } catch (error) {
    // Settings must be readable without a fleet, also where its files cannot be read.
    if (errorCode(error) !== undefined) return undefined;
    throw error;
  }
}

/** Writes down that services of a profile are being started. */
export async function noteStarted(
  env: NodeJS.ProcessEnv,
  { profile, driver }: Pick<FleetRecord, 'profile' | 'driver'>,
  services: readonly PlannedService[],
): Promise<void> {
  const boot = await bootId();
  const entries = entriesIn(env);
  for (const service of services) {
    await entries.write(service.name, { profile, driver, at: new Date().toISOString(), boot, service });
  }
}

/** Writes down no longer that services were started. */
export async function noteStopped(env: NodeJS.ProcessEnv, names: readonly string[] | 'all'): Promise<void> {
  const entries = entriesIn(env);
  const stopped = names === 'all' ? (await entries.all()).map(({ service }) => service.name) : names;
  for (const name of stopped) await entries.remove(name);
}
