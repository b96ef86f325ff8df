import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { PlannedService } from '../../core/fleet/driver.ts';
import { flagsOf } from '../../core/fleet/flags.ts';
import { urlOf } from '../../core/fleet/observer.ts';
import { fleetFolder } from '../dataFolder.ts';
import { errorCode } from '../paths.ts';
import { replaceFile } from '../replaceFile.ts';
import { bootId, isBeforeBoot } from './native/processIdentity.ts';

const recordSchema = z.object({
  /** Name of the profile. */
  profile: z.string(),
  driver: z.enum(['compose', 'native']),
  /** When it was last written. ISO 8601. */
  at: z.iso.datetime(),
  /** See bootId. */
  boot: z.string().optional(),
  /** The model servers that the user has started and not stopped. */
  services: z.array(
    z.object({
      name: z.string(),
      roles: z.array(z.string()),
      /** Base URL that ends in /v1. */
      url: z.string(),
      /** As it is asked for. */
      model: z.string(),
      /** Hash of all that it was started with. */
      flags: z.string(),
    }),
  ),
});

/** What is written down of the fleet that runs, for everybody who reads settings. */
export type FleetRecord = z.infer<typeof recordSchema>;

const fileIn = (env: NodeJS.ProcessEnv): string => join(fleetFolder(env), 'fleet.json');

/** The fleet that runs, or that starts anew by itself with the machine; undefined where there is none. */
export async function readFleetRecord(env: NodeJS.ProcessEnv): Promise<FleetRecord | undefined> {
  try {
    const record = recordSchema.safeParse(JSON.parse(await readFile(fileIn(env), 'utf8'))).data;
    // Processes do not outlive the machine; containers are started anew with their engine.
    return record?.driver === 'native' && (await isBeforeBoot(record)) ? undefined : record;
  } catch (error) {
    // Settings must be readable without a fleet, also where its file cannot be read.
    if (error instanceof SyntaxError || errorCode(error) !== undefined) return undefined;
    throw error;
  }
}

/** @param services those of the profile that are to be written down; without any, nothing is left written down */
export async function writeFleetRecord(
  env: NodeJS.ProcessEnv,
  { profile, driver }: Pick<FleetRecord, 'profile' | 'driver'>,
  services: readonly PlannedService[],
): Promise<void> {
  const file = fileIn(env);
  const records = services.flatMap((service) => {
    const { name, roles, serves } = service;
    const model = serves?.names[0];
    return model === undefined
      ? []
      : [{ name, roles: [...roles], url: urlOf(service), model, flags: flagsOf(service) }];
  });
  if (records.length === 0) return rm(file, { force: true });
  const record: FleetRecord = {
    profile,
    driver,
    at: new Date().toISOString(),
    boot: await bootId(),
    services: records,
  };
  await replaceFile(file, `${JSON.stringify(record, null, 2)}\n`);
}
