import { templatesKey } from '../../core/memory/planTemplates.ts';
import type { Memory } from '../../core/ports.ts';
import { type Installation, openStore } from '../../node/openCrew.ts';
import { openWorkspaceFolder } from '../../node/workspaceFolder.ts';
import { EXIT, UsageError } from '../exitStatus.ts';
import { drawMemory } from '../render/memory.ts';
import { hasColour, painter } from '../render/paint.ts';

interface MemoryOptions {
  workspace?: string;
}

/** `conclave memory`: what the runs of a workspace have taught, oldest first. */
export function memoryCommand(
  installation: Installation,
  options: MemoryOptions & { json?: boolean },
): Promise<number> {
  return withMemory(installation, options, async (memory, workspace) => {
    const entries = await memory.recall(workspace);
    const lines = options.json
      ? entries.map((entry) => JSON.stringify(entry))
      : drawMemory(entries, {
          width: process.stdout.columns ?? 120,
          paint: painter({ colour: hasColour(process.stdout) }),
        });
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  });
}

/** `conclave memory forget`: some of it, by id or the beginning of one, or all. */
export async function forgetCommand(
  installation: Installation,
  given: readonly string[],
  options: MemoryOptions & { all?: boolean },
): Promise<number> {
  if (options.all ? given.length > 0 : given.length === 0)
    throw new UsageError('Say which notes: conclave memory forget ID..., or --all for all of them.');
  return withMemory(installation, options, async (memory, workspace) => {
    const known = (await memory.recall(workspace)).map(({ id }) => id);
    const ids = options.all ? known : given.map((id) => idFrom(id, known));
    await memory.forget(workspace, options.all ? 'all' : ids);
    // Outlines of plans are what runs have taught, too.
    if (options.all) await memory.forgetPlan(templatesKey(workspace));
    process.stderr.write(`${ids.length === 1 ? '1 note is' : `${ids.length} notes are`} forgotten.\n`);
  });
}

async function withMemory(
  installation: Installation,
  options: MemoryOptions,
  work: (memory: Memory, workspace: string) => Promise<void>,
): Promise<number> {
  const folder = options.workspace ?? installation.env.CODEBASE_ROOT ?? process.cwd();
  const workspace = await openWorkspaceFolder(folder).catch((cause: Error) => {
    throw new UsageError(cause.message, { cause });
  });
  const store = await openStore(installation);
  try {
    await work(store.memory, workspace);
    return EXIT.approved;
  } finally {
    await store.close();
  }
}

function idFrom(given: string, known: readonly string[]): string {
  const meant = known.includes(given) ? [given] : known.filter((id) => id.startsWith(given));
  const [id] = meant;
  if (meant.length === 1 && id !== undefined) return id;
  throw new UsageError(
    `${meant.length === 0 ? 'There is no note' : `${meant.length} notes begin with`} "${given}": see "conclave memory" for the ids. Nothing was forgotten.`,
  );
}
