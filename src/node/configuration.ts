import path from 'node:path';
import { z } from 'zod';
import type { PlannedService } from '../core/fleet/driver.ts';
import { flagsOf } from '../core/fleet/flags.ts';
import { urlOf } from '../core/fleet/observer.ts';
import { DEFAULT_SETTINGS, type NameOfSetting, type Settings, settingsSchema } from '../core/settings.ts';
import { ROLES, type Role } from '../shared/events.ts';
import { ConfigurationError } from './configurationError.ts';
import { type FleetRecord, readFleetRecord } from './fleet/fleetRecord.ts';
import { parseJson } from './jsonText.ts';
import { isLoopback } from './loopback.ts';
import { readPlainFile, unreadableFile } from './plainFile.ts';
import { endpointVariable, fleetVariable, nameInTerminal } from './settingNames.ts';

export { ConfigurationError };

/** Where settings come from. */
export interface SettingsSources {
  env: NodeJS.ProcessEnv;
  /** Absolute path of the folder. */
  workspace: string;
  /** Only a trusted workspace may set anything. */
  trusted: boolean;
  flags: {
    /** A model name for all roles. */
    model?: string | undefined;
  };
  /** What the user has really set in the editor, and where: from a key ("endpoints.coder.url") to its value. */
  editor?: Record<string, { value: unknown; from: 'user' | 'workspace' }>;
  /** Sent to every endpoint; CONCLAVE_API_KEY where absent. */
  apiKey?: string | undefined;
  /** As the terminal calls them where absent. */
  nameOf?: NameOfSetting;
}

export interface LoadedSettings {
  settings: Settings;
  /** For every setting that has a value ("endpoints.coder.url"), where it came from: a file, a variable, a flag, "fleet" or "default". */
  sources: Record<string, string>;
  /** Present where a check command is set: one from a workspace file needs the user's approval. */
  checkCommandFrom?: 'workspace' | 'user';
  /** Sent to every endpoint. Kept apart, so that settings can be shown and recorded. */
  apiKey?: string;
  nameOf: NameOfSetting;
  /** Hash of the flags that a role's server was started with, where it is one of the running fleet's. */
  serverFlags?: Partial<Record<Role, string>>;
}

/**
 * Puts the settings together, each source over the ones before it, and checks the result.
 * @throws ConfigurationError for the first thing that cannot be used
 */
export async function loadSettings({
  env,
  workspace,
  trusted,
  flags,
  editor = {},
  apiKey = env.CONCLAVE_API_KEY,
  nameOf = nameInTerminal,
}: SettingsSources): Promise<LoadedSettings> {
  const file = path.join(workspace, '.conclave', 'config.json');
  const fleet = await readFleetRecord(env);
  const assignments: Assignment[] = [
    ...assignmentsIn(DEFAULT_SETTINGS, 'default'),
    ...fleetAssignments(fleet),
    ...(trusted ? assignmentsIn(await readConfigFile(file), file) : []),
    ...environmentAssignments(env),
    ...editorAssignments(editor),
    ...flagAssignments(flags),
  ];
  const merged: Record<string, unknown> = {};
  const sources: Sources = new Map();
  for (const assignment of assignments) assign(merged, sources, assignment);
  dropForeignModels(merged, sources);

  const result = settingsSchema.safeParse(merged);
  const issue = result.error?.issues[0];
  if (issue) throw new ConfigurationError(complaint(issue, merged, sources));
  const settings = withPlainUrls(settingsSchema.parse(merged), sources);
  const isForeign = (source: string): boolean => isFromWorkspace(source, file, editor);
  refuseForeignEndpoints(settings, sources, nameOf, isForeign);
  refuseForeignFleet(sources, nameOf, isForeign);
  const serverFlags = serverFlagsOf(fleet, sources);
  const commandFrom = sources.get('checks.command');
  return {
    settings,
    sources: Object.fromEntries(sources),
    ...(commandFrom === undefined
      ? {}
      : { checkCommandFrom: isFromWorkspace(commandFrom, file, editor) ? 'workspace' : 'user' }),
    ...(apiKey ? { apiKey } : {}),
    nameOf,
    ...(serverFlags === undefined ? {} : { serverFlags }),
  };
}

/**
 * A repository that somebody else wrote must not send the user's code anywhere: a workspace file may name servers on
 * this machine only. Servers elsewhere are the user's own choice, and so set in the environment.
 */
function refuseForeignEndpoints(
  settings: Settings,
  sources: Sources,
  nameOf: NameOfSetting,
  isForeign: (source: string) => boolean,
): void {
  for (const role of ROLES) {
    const { url } = settings.endpoints[role];
    const source = sources.get(`endpoints.${role}.url`) ?? 'default';
    if (!isForeign(source) || isLoopback(new URL(url).hostname)) continue;
    throw new ConfigurationError(
      `${where(['endpoints', role, 'url'], sources)}: expected a server on this machine, got "${url}". If that server is yours, set ${nameOf(`endpoints.${role}.url`)} instead.`,
    );
  }
}

/** Nor may it start programs, or have gigabytes fetched. */
function refuseForeignFleet(sources: Sources, nameOf: NameOfSetting, isForeign: (source: string) => boolean): void {
  for (const [key, source] of sources) {
    if (!key.startsWith('fleet.') || !isForeign(source)) continue;
    throw new ConfigurationError(`${where(key.split('.'), sources)}: this is for the user to set: ${nameOf(key)}`);
  }
}

/** Where the fleet's endpoints come from. */
const FLEET = 'fleet';

function fleetAssignments(fleet: FleetRecord | undefined): Assignment[] {
  return ROLES.flatMap((role) => {
    const service = serviceFor(fleet, role);
    if (service === undefined) return [];
    const endpoint = { url: urlOf(service), model: service.serves?.names[0] };
    return Object.entries(endpoint).map(([key, value]) => ({ key: ['endpoints', role, key], value, source: FLEET }));
  });
}

/** The name under which the fleet serves a model says nothing to a server that the user has set. */
function dropForeignModels(merged: Record<string, unknown>, sources: Sources): void {
  for (const role of ROLES) {
    const [url, model] = [`endpoints.${role}.url`, `endpoints.${role}.model`];
    if (sources.get(model) !== FLEET || sources.get(url) === FLEET) continue;
    const endpoint = valueAt(merged, ['endpoints', role]);
    if (isObject(endpoint)) delete endpoint.model;
    sources.delete(model);
  }
}

function serverFlagsOf(fleet: FleetRecord | undefined, sources: Sources): LoadedSettings['serverFlags'] {
  const flags = ROLES.flatMap((role) => {
    const service = sources.get(`endpoints.${role}.url`) === FLEET ? serviceFor(fleet, role) : undefined;
    return service === undefined ? [] : [[role, flagsOf(service)] as const];
  });
  return flags.length === 0 ? undefined : Object.fromEntries(flags);
}

function serviceFor(fleet: FleetRecord | undefined, role: Role): PlannedService | undefined {
  return fleet?.services.find(({ roles }) => roles.includes(role));
}

/** One value that a source sets. */
interface Assignment {
  key: readonly string[];
  value: unknown;
  source: string;
}

/** From a key ("endpoints.coder.url") to where its value came from. */
type Sources = Map<string, string>;

/** In bytes: many times what all settings together need. */
const LARGEST_CONFIGURATION = 256 * 1024;

async function readConfigFile(file: string): Promise<object> {
  const found = await readPlainFile(file, LARGEST_CONFIGURATION).catch((cause: unknown) => {
    throw new ConfigurationError(`${file}: could not be read (${String(cause)})`, { cause });
  });
  // Most workspaces have none.
  if (found.kind === 'missing') return {};
  if (found.kind !== 'bytes') {
    const expected = 'a JSON file with settings';
    throw new ConfigurationError(`${file}: ${unreadableFile(found, expected, LARGEST_CONFIGURATION)}`);
  }
  const parsed = parseJson(found.bytes.toString('utf8'));
  if (parsed.kind === 'broken') {
    throw new ConfigurationError(
      `${file}: line ${parsed.line}, column ${parsed.column}: this is not valid JSON (comments and trailing commas are not allowed)`,
    );
  }
  if (isObject(parsed.value)) return parsed.value;
  throw new ConfigurationError(`${file}: expected a JSON object, got ${inWords(parsed.value)}`);
}

function environmentAssignments(env: NodeJS.ProcessEnv): Assignment[] {
  const endpoints = ROLES.flatMap((role) =>
    (['url', 'model'] as const).map((key) => ({ key: ['endpoints', role, key], source: endpointVariable(role, key) })),
  );
  const fleet = (['profile', 'vllm', 'weights'] as const).map((key) => ({
    key: ['fleet', key],
    source: fleetVariable(key),
  }));
  return [...endpoints, ...fleet].flatMap(({ key, source }) => {
    const value = env[source];
    // An empty variable is how some shells and compose files say "not set".
    return value ? [{ key, value: key[1] === 'vllm' ? commandIn(value) : value, source }] : [];
  });
}

/** A command is written as JSON, as elsewhere: a path may have spaces. */
function commandIn(value: string): unknown {
  const parsed = value.startsWith('[') ? parseJson(value) : undefined;
  return parsed?.kind === 'value' ? parsed.value : value;
}

/** Named as the editor names them, for messages. */
function editorAssignments(editor: NonNullable<SettingsSources['editor']>): Assignment[] {
  return Object.entries(editor).map(([key, { value }]) => ({
    key: key.split('.'),
    value,
    source: `${EDITOR}${key}`,
  }));
}

const EDITOR = 'conclave.';

/** A workspace's own file, or its own editor settings: somebody else may have written both. */
function isFromWorkspace(source: string, file: string, editor: NonNullable<SettingsSources['editor']>): boolean {
  if (source === file) return true;
  return source.startsWith(EDITOR) && editor[source.slice(EDITOR.length)]?.from === 'workspace';
}

function flagAssignments({ model }: SettingsSources['flags']): Assignment[] {
  if (model === undefined) return [];
  return ROLES.map((role) => ({ key: ['endpoints', role, 'model'], value: model, source: '--model' }));
}

/** Every value inside nested objects, on its own, so that sources can be laid over each other key by key. */
function assignmentsIn(values: object, source: string, above: readonly string[] = []): Assignment[] {
  return Object.entries(values).flatMap(([name, value]: [string, unknown]) => {
    const key = [...above, name];
    return isObject(value) && Object.keys(value).length > 0
      ? assignmentsIn(value, source, key)
      : [{ key, value, source }];
  });
}

/** An empty object sets nothing; any other value in the place of a group stays there, for the schema to complain about. */
function assign(into: Record<string, unknown>, sources: Sources, { key, value, source }: Assignment): void {
  let group = into;
  for (const name of key.slice(0, -1)) {
    const inner: unknown = Object.hasOwn(group, name) ? group[name] : {};
    if (!isObject(inner)) return;
    define(group, name, inner);
    group = inner;
  }
  const last = key.at(-1) ?? '';
  if (isObject(value) && Object.hasOwn(group, last)) return;
  define(group, last, value);
  sources.set(key.join('.'), source);
}

/** Also for a key like "__proto__", which a plain assignment would take for something else. */
function define(group: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(group, name, { value, enumerable: true, configurable: true, writable: true });
}

function complaint(issue: z.core.$ZodIssue, merged: unknown, sources: Sources): string {
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

const URL_EXPECTED = 'expected an http(s) URL that ends in /v1';

/** A base URL has to end in /v1, because paths are appended to it as they are. One slash at its end is forgiven. */
function withPlainUrls(settings: Settings, sources: Sources): Settings {
  const endpoints = { ...settings.endpoints };
  for (const role of ROLES) {
    const { url } = endpoints[role];
    const plain = url.replace(/\/$/, '');
    if (!/^https?:\/\/[^?#]+\/v1$/i.test(plain)) {
      throw new ConfigurationError(
        `${where(['endpoints', role, 'url'], sources)}: ${URL_EXPECTED}, got ${inWords(url)}${urlHint(url)}`,
      );
    }
    endpoints[role] = { ...endpoints[role], url: plain };
  }
  return { ...settings, endpoints };
}

/** The URL that was probably meant. */
function urlHint(value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') return '';
  const written = value.trim();
  const url = /^https?:\/\//i.test(written) ? written : `http://${written.replace(/^[a-z]+:\/\//i, '')}`;
  if (!URL.canParse(url)) return '';
  const { origin, pathname } = new URL(url);
  const base = pathname.replace(/\/v1(\/.*)?$/, '').replace(/\/+$/, '');
  return `; did you mean ${origin}${base}/v1?`;
}

/** A variable or flag speaks for itself; a key in a file is named too. */
function where(key: readonly string[], sources: Sources): string {
  const source = sourceOf(key, sources);
  return /^(CONCLAVE_|--|conclave\.)/.test(source) ? source : `${source}: ${key.join('.')}`;
}

/** Of the key, or of a group around it, or of something inside it. */
function sourceOf(key: readonly string[], sources: Sources): string {
  for (let length = key.length; length > 0; length -= 1) {
    const source = sources.get(key.slice(0, length).join('.'));
    if (source !== undefined) return source;
  }
  const inside = [...sources].findLast(
    ([name, source]) => name.startsWith(`${key.join('.')}.`) && source !== 'default',
  );
  return inside?.[1] ?? 'default';
}

function keysAt(key: readonly string[]): string[] {
  let schema: unknown = settingsSchema;
  for (const name of key) schema = schema instanceof z.ZodObject ? schema.shape[name] : undefined;
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function valueAt(values: unknown, key: readonly string[]): unknown {
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

/** Levenshtein: characters to add, leave out or replace. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, character] of [...one].entries()) {
    const next = [at + 1];
    for (const [column, otherCharacter] of [...other].entries()) {
      const replaced = (row[column] ?? 0) + (character === otherCharacter ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function inWords(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
