import path from 'node:path';
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
import { complaint, inWords, type Sources, URL_EXPECTED, urlHint, valueAt, where } from './settingComplaint.ts';
import { endpointVariable, fleetVariable, nameInTerminal } from './settingNames.ts';
import { namedServers } from './toolServers/namedServers.ts';
import type { NamedToolServer } from './toolServers/openToolServers.ts';

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
  /** The user's own MCP servers. `complaint`: .vscode/mcp.json cannot be read; a sentence. */
  toolServers: { servers: NamedToolServer[]; complaint?: string };
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
  const sources = new Map<string, string>();
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
  const toolServers = await namedServers(settings, {
    workspace,
    env,
    trusted,
    sourcesBelow: (key) =>
      [...sources]
        .filter(([name]) => name === key || name.startsWith(`${key}.`))
        .map(([, source]) => ({ source, from: isForeign(source) ? 'workspace' : 'user' })),
  });
  return {
    settings,
    sources: Object.fromEntries(sources),
    ...(commandFrom === undefined
      ? {}
      : { checkCommandFrom: isFromWorkspace(commandFrom, file, editor) ? 'workspace' : 'user' }),
    ...(apiKey ? { apiKey } : {}),
    nameOf,
    toolServers,
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
function dropForeignModels(merged: Record<string, unknown>, sources: Map<string, string>): void {
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
  return Object.entries(editor).flatMap(([key, { value }]) => {
    const [above, source] = [key.split('.'), `${EDITOR}${key}`];
    return isObject(value) ? assignmentsIn(value, source, above) : [{ key: above, value, source }];
  });
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
function assign(into: Record<string, unknown>, sources: Map<string, string>, { key, value, source }: Assignment): void {
  let group = into;
  for (const name of key.slice(0, -1)) {
    const inner: unknown = Object.hasOwn(group, name) ? group[name] : {};
    if (!isObject(inner)) return;
    define(group, name, inner);
    group = inner;
  }
  const last = key.at(-1) ?? '';
  if (isObject(value) && Object.hasOwn(group, last)) return;
  // A copy: what is set in it later must not be set in the defaults.
  define(group, last, isObject(value) ? { ...value } : value);
  sources.set(key.join('.'), source);
}

/** Also for a key like "__proto__", which a plain assignment would take for something else. */
function define(group: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(group, name, { value, enumerable: true, configurable: true, writable: true });
}

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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
