import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Profile, profileSchema } from '../../core/fleet/profile.ts';

/**
 * The profiles of an installation, the best first.
 * @param home folder of the installation
 * @throws Error that names the file and what is wrong with it
 */
export async function readProfiles(home: string): Promise<Profile[]> {
  const folder = join(home, 'profiles');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml'));
  const profiles = await Promise.all(names.map((name) => readProfile(join(folder, name))));
  return profiles.sort((a, b) => b.rank - a.rank);
}

async function readProfile(file: string): Promise<Profile> {
  const text = await readFile(file, 'utf8');
  const said = notYaml(() => parse(text), file);
  const { data, error } = profileSchema.safeParse(said);
  if (error) throw new Error(`${file} is not a profile: ${z.prettifyError(error)}`);
  if (!file.endsWith(`${data.name}.yaml`)) throw new Error(`${file} is named otherwise inside: ${data.name}`);
  return data;
}

function notYaml(read: () => unknown, file: string): unknown {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${file} is not YAML: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
