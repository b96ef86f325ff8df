import { DriverError, type PlannedService } from '../../core/fleet/driver.ts';
import type { Fleet } from '../../core/fleet/fleet.ts';
import type { Settings } from '../../core/settings.ts';
import { loadSettings } from '../../node/configuration.ts';
import { takeFleetDown } from '../../node/fleet/drivers.ts';
import { openFleet, profilesHere } from '../../node/fleet/openFleet.ts';
import type { Installation } from '../../node/openCrew.ts';
import type { FleetState } from '../../shared/fleet.ts';
import { EXIT, UsageError } from '../exitStatus.ts';
import { openFleetView } from '../fleetView.ts';
import { drawFleet, drawProfiles } from '../render/fleet.ts';
import { hasColour, painter } from '../render/paint.ts';
import { clean } from '../render/plainText.ts';

export type FleetAction = 'up' | 'down' | 'stop' | 'restart' | 'status' | 'logs' | 'pull' | 'profiles';

export interface FleetOptions {
  profile?: string;
  json?: boolean;
  follow?: boolean;
  lines?: string;
}

/** `conclave fleet ACTION [SERVICE…]`: starts, stops and watches the model servers. */
export async function fleetCommand(
  installation: Installation,
  action: FleetAction,
  services: readonly string[],
  options: FleetOptions,
  signal: AbortSignal,
): Promise<number> {
  if (action === 'profiles') return listProfiles(installation, options, signal);
  // Nothing about the fleet comes from a workspace.
  const { settings } = await loadSettings({
    env: installation.env,
    workspace: process.cwd(),
    trusted: false,
    flags: {},
  });
  try {
    return await act(installation, settings, { action, services, options }, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof DriverError)) throw error;
    say(`conclave: ${error.message}`, error.remedy);
    return EXIT.unreachable;
  }
}

async function act(
  installation: Installation,
  settings: Settings,
  {
    action,
    services,
    options,
  }: { action: Exclude<FleetAction, 'profiles'>; services: readonly string[]; options: FleetOptions },
  signal: AbortSignal,
): Promise<number> {
  if (action === 'down') {
    // It needs no profile that fits, or is there.
    await takeFleetDown(installation, { settings, signal });
    if (!options.json) say('The fleet is down; what was fetched stays.');
    return EXIT.approved;
  }
  const purpose = action === 'status' || action === 'logs' || action === 'stop' ? 'look' : 'start';
  const opened = await openFleet(installation, { settings, profile: options.profile, purpose, signal });
  if (opened.kind === 'problem') {
    if (options.json) process.stdout.write(`${JSON.stringify({ services: [], problem: opened.problem })}\n`);
    say(`conclave: ${opened.problem.what}`, opened.problem.remedy);
    return EXIT.usage;
  }
  const { fleet, planned } = opened;
  const names = services.length === 0 ? 'all' : services.map((given) => nameOf(given, planned));
  switch (action) {
    case 'up':
    case 'restart':
      return start(fleet, action, names, options, signal);
    case 'stop':
      await fleet.stop(names, signal);
      return show(fleet, options, signal, EXIT.approved);
    case 'status':
      return options.follow ? follow(fleet, options, signal) : show(fleet, options, signal);
    case 'logs':
      return printLogs(fleet, planned, names, options, signal);
    case 'pull':
      return pull(fleet, planned, options, signal);
    default:
      return action satisfies never;
  }
}

/** By its name, or by a role that it serves. */
function nameOf(given: string, planned: readonly PlannedService[]): string {
  const found =
    planned.find(({ name }) => name === given) ?? planned.find(({ roles }) => roles.some((role) => role === given));
  if (found) return found.name;
  const known = planned.map(({ name }) => name).join(', ');
  throw new UsageError(`"${given}" is no service of this profile, and no role of one; there are ${known}`);
}

async function listProfiles(installation: Installation, { json }: FleetOptions, signal: AbortSignal): Promise<number> {
  const entries = await profilesHere(installation, signal);
  const lines = json
    ? entries.map((entry) => JSON.stringify(entry))
    : drawProfiles(entries, { width: widthOf(process.stdout), paint: painter({ colour: hasColour(process.stdout) }) });
  process.stdout.write(`${lines.join('\n')}\n`);
  return EXIT.approved;
}

async function start(
  fleet: Fleet,
  action: 'up' | 'restart',
  names: readonly string[] | 'all',
  options: FleetOptions,
  signal: AbortSignal,
): Promise<number> {
  const view = openFleetView({ json: options.json ?? false });
  let last: FleetState | undefined;
  try {
    await fleet[action](
      names,
      (state) => {
        last = state;
        view.onState(state);
      },
      signal,
    );
    view.close();
    return await show(fleet, { ...options, quiet: true }, signal);
  } catch (error) {
    view.close();
    if (signal.aborted) {
      const stopped = last?.services.filter(({ state }) => isOnItsWay(state.kind)).map(({ name }) => name) ?? [];
      const ready = last?.services.filter(({ state }) => state.kind === 'ready').map(({ name }) => name) ?? [];
      say(
        stopped.length === 0 ? 'Stopped.' : `Stopped while it was being started: ${stopped.join(', ')}.`,
        ready.length === 0 ? '' : `Still ready: ${ready.join(', ')} (conclave fleet down ends them).`,
      );
      return EXIT.aborted;
    }
    throw error;
  }
}

function isOnItsWay(kind: FleetState['services'][number]['state']['kind']): boolean {
  return kind === 'starting' || kind === 'fetching';
}

/** @param status instead of the one that says whether all is ready */
async function show(
  fleet: Fleet,
  { json, quiet }: FleetOptions & { quiet?: boolean },
  signal: AbortSignal,
  status?: number,
): Promise<number> {
  const state = await fleet.state(signal);
  if (!json) {
    const paint = painter({ colour: hasColour(process.stdout) });
    const lines = drawFleet(state, { width: widthOf(process.stdout), paint, now: Date.now() });
    process.stdout.write(`${lines.join('\n')}\n`);
  } else if (!quiet) process.stdout.write(`${JSON.stringify(state)}\n`);
  return status ?? statusOf(state);
}

/** Whether all is ready that the fleet is for. */
function statusOf({ services, problem }: FleetState): number {
  const isReady = services.every(({ state: { kind } }) => kind === 'ready');
  return problem === undefined && isReady ? EXIT.approved : EXIT.unreachable;
}

async function follow(fleet: Fleet, { json }: FleetOptions, signal: AbortSignal): Promise<number> {
  const view = openFleetView({ json: json ?? false });
  try {
    for await (const state of fleet.follow(signal)) view.onState(state);
  } finally {
    view.close();
  }
  return EXIT.aborted;
}

/** Lines of one log where nobody says how many. */
const LINES = 100;

async function printLogs(
  fleet: Fleet,
  planned: readonly PlannedService[],
  names: readonly string[] | 'all',
  options: FleetOptions,
  signal: AbortSignal,
): Promise<number> {
  const wanted = names === 'all' ? planned.map(({ name }) => name) : names;
  const lines = options.lines === undefined ? LINES : Number(options.lines);
  if (!Number.isInteger(lines) || lines < 0) throw new UsageError(`--lines: expected a number, got "${options.lines}"`);
  const read = async (name: string): Promise<void> => {
    for await (const line of fleet.logs(name, { lines, follow: options.follow ?? false }, signal)) {
      process.stdout.write(`${wanted.length === 1 ? '' : `${name} | `}${clean(line)}\n`);
    }
  };
  if (options.follow) await Promise.all(wanted.map(read));
  else for (const name of wanted) await read(name);
  return signal.aborted ? EXIT.aborted : EXIT.approved;
}

async function pull(
  fleet: Fleet,
  planned: readonly PlannedService[],
  { json }: FleetOptions,
  signal: AbortSignal,
): Promise<number> {
  const said = new Map<string, string>();
  await fleet.fetch((progress) => {
    const { service, what, percent } = progress;
    const line = json
      ? JSON.stringify(progress)
      : `${service}: ${what}${percent === undefined ? '' : ` ${Math.floor(percent / 10) * 10} %`}`;
    if (said.get(what) === line) return;
    said.set(what, line);
    (json ? process.stdout : process.stderr).write(`${clean(line)}\n`);
  }, signal);
  if (!json) {
    const models = [...new Set(planned.flatMap(({ serves }) => (serves ? [serves.model] : [])))];
    say(
      'All is there. For a machine without a network, copy the models there as ORG/NAME into one folder, and set fleet.weights to it:',
      ...models.map((model) => `  hf download ${model} --local-dir FOLDER/${model}`),
    );
  }
  return EXIT.approved;
}

function widthOf(stream: NodeJS.WriteStream): number {
  return stream.columns ?? 120;
}

function say(...lines: string[]): void {
  const text = lines.filter((line) => line !== '').join('\n');
  process.stderr.write(`${clean(text)}\n`);
}
