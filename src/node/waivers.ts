import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { RunStop } from '../core/orchestrator/runStop.ts';
import type { Waiver } from '../core/orchestrator/waivers.ts';
import { parseJson } from './jsonText.ts';
import { errorCode } from './paths.ts';

/** Findings that a workspace waives for good: `.conclave/waived.json`, which people share and may edit. */
export function waiversFile(workspace: string): string {
  return join(workspace, '.conclave', 'waived.json');
}

/** What a later version, or a person, adds to an entry stays. */
const waiverSchema = z.looseObject({
  fingerprint: z.string().min(1),
  type: z.string(),
  path: z.string().min(1),
  quote: z.string().optional(),
  reason: z.string(),
  date: z.string(),
});

type Entry = z.infer<typeof waiverSchema>;

/**
 * The waivers of a workspace; none where there is no such file.
 * @throws RunStop that names the file and what is wrong in it
 */
export async function readWaivers(workspace: string): Promise<Waiver[]> {
  return (await readEntries(workspace)).map(({ fingerprint, type, path, quote, reason, date }) => ({
    fingerprint,
    type,
    path,
    ...(quote === undefined ? {} : { quote }),
    reason,
    date,
  }));
}

/**
 * Adds a waiver, in the place of an older one of the same fingerprint.
 * @throws RunStop where the file cannot be understood or written; it is left as it is
 */
export async function addWaiver(workspace: string, waiver: Waiver): Promise<void> {
  const others = (await readEntries(workspace)).filter(({ fingerprint }) => fingerprint !== waiver.fingerprint);
  await writeEntries(workspace, [...others, { ...waiver }]);
}

async function readEntries(workspace: string): Promise<Entry[]> {
  const file = waiversFile(workspace);
  await refuseLinks(workspace);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    // Most workspaces have none.
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw unusable(file, `could not be read (${errorCode(error) ?? error})`, error);
  }
  const parsed = parseJson(text);
  if (parsed.kind === 'broken') {
    throw unusable(
      file,
      `line ${parsed.line}, column ${parsed.column}: this is not valid JSON (comments and trailing commas are not allowed)`,
    );
  }
  if (!Array.isArray(parsed.value)) throw unusable(file, 'line 1: expected an array of waivers');
  return parsed.value.map((value, index) => {
    const entry = waiverSchema.safeParse(value);
    if (entry.success) return entry.data;
    const [issue] = entry.error.issues;
    const key = issue?.path.map(String).join('.') ?? '';
    const line = lineOfElement(text, index);
    throw unusable(file, `line ${line}: ${key === '' ? '' : `"${key}": `}${issue?.message ?? 'not a waiver'}`);
  });
}

/** Sorted, and always laid out the same, so that a diff shows just what was waived. Written in one go. */
async function writeEntries(workspace: string, entries: readonly Entry[]): Promise<void> {
  const file = waiversFile(workspace);
  const sorted = entries.toSorted((a, b) => compare(a.path, b.path) || compare(a.fingerprint, b.fingerprint));
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(join(workspace, '.conclave'), { recursive: true });
    await writeFile(temporary, `${JSON.stringify(sorted.map(inOrder), null, 2)}\n`);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw unusable(file, `could not be written (${errorCode(error) ?? error})`, error);
  }
}

function inOrder({ fingerprint, type, path, quote, reason, date, ...more }: Entry): Entry {
  return { fingerprint, type, path, ...(quote === undefined ? {} : { quote }), reason, date, ...more };
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** A link in somebody else's repository must not lead us to write elsewhere. */
async function refuseLinks(workspace: string): Promise<void> {
  for (const path of [join(workspace, '.conclave'), waiversFile(workspace)]) {
    const found = await lstat(path).catch(() => undefined);
    if (found?.isSymbolicLink()) throw unusable(path, 'is a symbolic link, which is not followed');
  }
}

/** 1-based line on which an element of the top-level array begins. The text is valid JSON. */
function lineOfElement(text: string, index: number): number {
  let depth = 0;
  let element = 0;
  let line = 1;
  let awaits = false;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|\n|[^\s"]/g)) {
    if (token === '\n') {
      line += 1;
      continue;
    }
    if (awaits && element === index) return line;
    awaits = false;
    if (token === '[' || token === '{') {
      depth += 1;
      awaits = depth === 1;
    } else if (token === ']' || token === '}') depth -= 1;
    else if (token === ',' && depth === 1) {
      element += 1;
      awaits = true;
    }
  }
  return line;
}

function unusable(file: string, what: string, cause?: unknown): RunStop {
  return new RunStop(
    {
      code: 'configuration',
      message: `${file}: ${what}`,
      remedy:
        'Mend that (the file is left as it is), then go on. Each entry has fingerprint, type, path, reason and date.',
    },
    { cause },
  );
}
