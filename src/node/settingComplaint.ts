import { z } from 'zod';
import { editDistance } from '../core/editDistance.ts';
import { settingsSchema } from '../core/settings.ts';

/** From a key ("endpoints.coder.url") to where its value came from: a file, a variable, a flag, "fleet" or "default". */
export type Sources = ReadonlyMap<string, string>;

/** What is wrong with a value, where it was set, and what is expected there. A sentence without its stop. */
export function complaint(issue: z.core.$ZodIssue, merged: unknown, sources: Sources): string {
  const key = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys[0] ?? '';
    const known = keysAt(key);
    const nearest = nearestOf(unknown, known);
    const hint =
      nearest === undefined ? `known are ${known.join(', ')}` : `did you mean ${[...key, nearest].join('.')}?`;
    return `${sourceOf([...key, unknown], sources)}: ${[...key, unknown].join('.')} is no known setting; ${hint}`;
  }
  const value = valueAt(merged, key);
  const [root, , leaf] = key;
  const expected =
    root === 'endpoints' && leaf === 'url'
      ? URL_EXPECTED
      : issue.message.replace(/^[^:]*: (?=expected)/, '').replace(/, received .*$/, '');
  return `${where(key, sources)}: ${expected}, got ${inWords(value)}${leaf === 'url' ? urlHint(value) : ''}`;
}

export const URL_EXPECTED = 'expected an http(s) URL that ends in /v1';

/** The URL that was probably meant. */
export function urlHint(value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') return '';
  const written = value.trim();
  const url = /^https?:\/\//i.test(written) ? written : `http://${written.replace(/^[a-z]+:\/\//i, '')}`;
  if (!URL.canParse(url)) return '';
  const { origin, pathname } = new URL(url);
  const base = pathname.replace(/\/v1(\/.*)?$/, '').replace(/\/+$/, '');
  return `; did you mean ${origin}${base}/v1?`;
}

/** A variable or flag speaks for itself; a key in a file is named too. */
export function where(key: readonly string[], sources: Sources): string {
  const source = sourceOf(key, sources);
  return /^(CONCLAVE_|--|conclave\.)/.test(source) ? source : `${source}: ${key.join('.')}`;
}

/** Of the key, or of a group around it, or of something inside it. */
function sourceOf(key: readonly string[], sources: Sources): string {
  const name = key.join('.');
  const inside = [...sources].findLast(([one, source]) => one.startsWith(`${name}.`) && source !== 'default');
  const around = key.map((_, at) => sources.get(key.slice(0, key.length - at).join('.')));
  return sources.get(name) ?? inside?.[1] ?? around.find((source) => source !== undefined) ?? 'default';
}

function keysAt(key: readonly string[]): string[] {
  let schema: unknown = settingsSchema;
  for (const name of key) schema = schema instanceof z.ZodObject ? schema.shape[name] : undefined;
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

export function valueAt(values: unknown, key: readonly string[]): unknown {
  return key.reduce(
    (value: unknown, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined),
    values,
  );
}

function nearestOf(name: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((one, other) => one.distance - other.distance);
  return nearest && nearest.distance <= Math.max(2, name.length / 2) ? nearest.candidate : undefined;
}

export function inWords(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}
