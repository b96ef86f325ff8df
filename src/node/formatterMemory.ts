import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { FormatterMemory } from '../core/ports.ts';
import { replaceFile } from './replaceFile.ts';

/** Files that are remembered, those that were saved last. */
const MOST_FILES = 3;

const memorySchema = z.array(z.object({ path: z.string(), diff: z.string() }));

/**
 * Remembers what a formatter made of accepted texts in a file for each workspace.
 * @param dir absolute; made where it is missing
 * @param workspace absolute, real path
 */
export function openFormatterMemory(dir: string, workspace: string): FormatterMemory {
  const file = join(dir, `${createHash('sha256').update(workspace).digest('hex').slice(0, 16)}.json`);

  async function recall(): Promise<z.infer<typeof memorySchema>> {
    try {
      return memorySchema.parse(JSON.parse(await readFile(file, 'utf8')));
    } catch {
      // Nothing was kept yet, or it cannot be read: it only helps, so the run goes on without it.
      return [];
    }
  }

  return {
    recall,
    async keep(files) {
      const known = await recall();
      const others = known.filter(({ path }) => !files.some((one) => one.path === path));
      const changed = files.filter(({ diff }) => diff !== '');
      const now = [...changed, ...others].slice(0, MOST_FILES);
      if (changed.length > 0 || known.length > 0) await replaceFile(file, JSON.stringify(now));
    },
  };
}
