import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Acceptance } from '../../src/core/orchestrator/finishing.ts';
import { flowOf } from '../../src/core/orchestrator/flows.ts';
import { forkPointAt, forkRun } from '../../src/core/orchestrator/forkRun.ts';
import type { Crew } from '../../src/core/orchestrator/runContext.ts';
import { type RunEnd, resumeRun, type Session, type Store, startRun } from '../../src/core/orchestrator/session.ts';
import type { Memory } from '../../src/core/ports.ts';
import type { Settings } from '../../src/core/settings.ts';
import { loadSettings } from '../../src/node/configuration.ts';
import { withForkedModels } from '../../src/node/forkedModels.ts';
import { openCrew, openStore } from '../../src/node/openCrew.ts';
import { findRipgrep } from '../../src/node/ripgrep.ts';
import { type ForkedRole, ROLES, type RunEvent } from '../../src/shared/events.ts';
import { openTerminalUser } from '../../src/terminal/terminalUser.ts';
import { type Fleet, type FleetOptions, startFleet } from '../models/fleet.ts';
import { makeProject, type Project } from './project.ts';

/**
 * A crew in this process, for runs by the hundred: scripted models, a project and a store on disk, and the core between
 * them. It differs from the command line in nothing that a run can see.
 */
export interface CrewHere {
  fleet: Fleet;
  project: Project;
  /** Starts a run; what happens goes to `live`. */
  run(task: string, signal?: AbortSignal, what?: Partial<StartedAs>): Promise<RunEnd>;
  /** @param over what this session's crew has instead */
  resume(runId: string, signal?: AbortSignal, over?: Partial<Crew>): Promise<RunEnd>;
  /** Does a piece of work on a run that is over. */
  workOn(runId: string, work: Session['work']): Promise<RunEnd>;
  /** Begins a new run after a step of another, given by its number or its name. */
  fork(runId: string, at: string, roles?: readonly ForkedRole[]): Promise<RunEnd>;
  /** Forgets what the files held when runs began. */
  forgetContents(): void;
  /** The events of all sessions, as a front end that followed them got them. */
  live: RunEvent[];
  store: Store;
  /** The events as the store has them. */
  persisted(runId: string): Promise<RunEvent[]>;
  close(): Promise<void>;
}

type StartedAs = Parameters<typeof startRun>[3];

export interface CrewHereOptions extends FleetOptions {
  files: Record<string, string>;
  limits?: Partial<Settings['limits']>;
  timeouts?: Partial<Settings['timeouts']>;
  /** What the user says when asked, in the order of the questions. */
  answers?: string[];
  /** Sees every event as it comes. */
  onEvent?: (event: RunEvent, fleet: Fleet) => void;
  /** Where runs are kept, as CONCLAVE_STORE names it; in a folder of its own where absent. */
  store?: string;
  /** What is done with an approved change: nothing, where absent. */
  acceptance?: Acceptance;
  /** What the store has instead of its own memory. */
  memory?: (own: Memory) => Memory;
  /** What the crew has instead of its own. */
  over?: (fleet: Fleet, own: Crew) => Partial<Crew>;
}

export async function openCrewHere({
  files,
  limits,
  timeouts,
  over,
  acceptance = 'leave',
  onEvent,
  answers,
  memory = (own) => own,
  store: location = '',
  ...fleetOptions
}: CrewHereOptions): Promise<CrewHere> {
  const fleet = await startFleet(fleetOptions);
  const project = makeProject(files, { git: 'none' });
  const data = mkdtempSync(join(tmpdir(), 'conclave-data-'));
  const env = { ...process.env, CONCLAVE_DATA: data, CONCLAVE_STORE: location };
  const loaded = await loadSettings({
    env: Object.fromEntries(ROLES.map((role) => [`CONCLAVE_${role.toUpperCase()}_URL`, fleet.urls[role]])),
    workspace: project.dir,
    trusted: false,
    flags: {},
    editor: Object.fromEntries([...userSettings('limits', limits), ...userSettings('timeouts', timeouts)]),
  });
  const user = openTerminalUser({
    input: process.stdin,
    output: process.stderr,
    interactive: false,
    yes: true,
    ...(answers === undefined ? {} : { answers: { kind: 'inOrder', texts: answers } }),
    policy: 'ask',
    remembered: { has: async () => false, add: async () => {} },
    suspend: () => () => {},
  });
  const installation = { version: '0', home: resolve('.'), env };
  const crewWith = async (roles: readonly ForkedRole[]): Promise<Crew> => {
    const own = await openCrew(installation, {
      workspace: project.dir,
      user,
      loaded: withForkedModels(loaded, roles),
      ripgrep: findRipgrep(),
    });
    return { ...own, ...over?.(fleet, own) };
  };
  const crew = await crewWith([]);
  const opened = await openStore(installation);
  const store = { ...opened, memory: memory(opened.memory) };
  const live: RunEvent[] = [];
  const session = (signal: AbortSignal): Session => ({
    holder: 'test',
    signal,
    onEvent: (event) => {
      live.push(event);
      onEvent?.(event, fleet);
    },
    catchUp: () => {},
    work: (run, started) => flowOf(run, started, acceptance),
  });
  const never = new AbortController().signal;
  const persisted: CrewHere['persisted'] = async (runId) => {
    const events: RunEvent[] = [];
    for await (const event of store.log.read(runId)) events.push(event);
    return events;
  };
  return {
    fleet,
    project,
    live,
    store,
    run: (task, signal = never, what = {}) => startRun(crew, store, session(signal), { kind: 'run', task, ...what }),
    resume: (runId, signal = never, instead = {}) =>
      resumeRun({ ...crew, ...instead }, store, session(signal), runId, () => false),
    workOn: (runId, work) => resumeRun(crew, store, { ...session(never), work }, runId, () => true),
    async fork(runId, at, roles = []) {
      const events = await persisted(runId);
      return forkRun(await crewWith(roles), store, session(never), { events, point: forkPointAt(events, at), roles });
    },
    forgetContents: () => rmSync(join(data, 'contents'), { recursive: true, force: true }),
    persisted,
    close: async () => {
      await fleet.close();
      await store.close();
      project.remove();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function userSettings(
  group: string,
  values: Record<string, unknown> = {},
): [string, { value: unknown; from: 'user' }][] {
  return Object.entries(values).map(([key, value]) => [`${group}.${key}`, { value, from: 'user' }]);
}
