import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { type ExportFormat, exportedRun } from '../../core/export/exportRun.ts';
import { type Installation, openStore } from '../../node/openCrew.ts';
import type { RunEvent } from '../../shared/events.ts';
import { EXIT, UsageError } from '../exitStatus.ts';
import { hasColour, painter } from '../render/paint.ts';
import { drawRuns } from '../render/runs.ts';

/** `conclave runs`: what runs there are, newest first. */
export async function runsCommand(installation: Installation, options: { json?: boolean }): Promise<number> {
  const store = await openStore(installation);
  try {
    const runs = await store.log.list();
    const lines = options.json
      ? runs.map((run) => JSON.stringify(run))
      : drawRuns(runs, { width: process.stdout.columns ?? 120, paint: painter({ colour: hasColour(process.stdout) }) });
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
    return EXIT.approved;
  } finally {
    await store.close();
  }
}

export interface ExportOptions {
  format?: string;
  output?: string;
}

/** `conclave export RUN`: the run as one file to be handed on, without secrets; on standard output where none is named. */
export async function exportCommand(
  installation: Installation,
  runId: string,
  { format = 'markdown', output }: ExportOptions,
): Promise<number> {
  if (!isFormat(format)) throw new UsageError(`--format: expected ${FORMATS.join(' or ')}, got "${format}".`);
  const store = await openStore(installation);
  try {
    const events: RunEvent[] = [];
    for await (const event of store.log.read(runId)) events.push(event);
    const text = exportedRun(events, format, homedir());
    if (output === undefined) process.stdout.write(text);
    else await writeExport(output, text);
    return EXIT.approved;
  } finally {
    await store.close();
  }
}

const FORMATS: readonly ExportFormat[] = ['markdown', 'json'];

function isFormat(text: string): text is ExportFormat {
  return FORMATS.some((format) => format === text);
}

async function writeExport(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new UsageError(`--output: ${file} cannot be written (${cause instanceof Error ? cause.message : cause}).`, {
      cause,
    });
  }
  process.stderr.write(`Written to ${file}; secrets are masked. Look it over before you hand it on.\n`);
}
