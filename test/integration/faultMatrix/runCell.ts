import { isDeepStrictEqual } from 'node:util';
import { openEndpoint } from '../../../src/core/models/endpoint.ts';
import type { Model } from '../../../src/core/ports.ts';
import { type Ending, ROLES, type Role, type RunEvent } from '../../../src/shared/events.ts';
import { fold } from '../../../src/shared/fold.ts';
import type { ChatRequest } from '../../models/chatRequest.ts';
import { SERVED_MODELS } from '../../models/fleet.ts';
import { type CrewHere, openCrewHere } from '../../support/crewHere.ts';
import { FILES, GREETED, LONG_TASK, LOOK, probeOf, purposeOf, SCRIPT, TASK } from '../../support/greetingCrew.ts';
import { instability, transcriptsOf } from '../../support/transcripts.ts';
import type { Cell } from './cells.ts';

/** What came of one cell. */
export interface CellResult {
  name: string;
  code: Ending['code'];
  message: string;
  /** What must not be, whatever the outcome. */
  problems: string[];
  ms: number;
}

/** Tokens. Answers that do not end are cut at a quarter. */
const WINDOW = 9_216;

/** Milliseconds after which a run counts as hanging, on a busy machine too. */
const HANGS = 120_000;

/** Has the crew work with the fault; where the run pauses, it is resumed without it. */
export async function runCell({ name, moment, fault, lasts, needs }: Cell): Promise<CellResult> {
  const started = performance.now();
  const isSilent = JSON.stringify(fault).includes('hang');
  const crew = await openCrewHere({
    files: FILES,
    script: SCRIPT,
    roles: Object.fromEntries(ROLES.map((role) => [role, { window: WINDOW }])),
    // Few chances, so that a fault that stays is soon at its end.
    limits: { serverMinutes: 0.005, rounds: 2, answerRepairs: 2, replans: 0 },
    answers: ['Try again.'],
    ...(isSilent ? { timeouts: { firstToken: 0.5 } } : {}),
    over: ({ urls }, { models }) => ({
      probe: async (role) => ({ ...probeOf(role, urls[role], moment.coder), model: SERVED_MODELS[role] }),
      // Only the role that falls silent: the others may be slow on a busy machine.
      ...(isSilent ? { models: { ...models, [moment.role]: impatient(moment.role, urls[moment.role]) } } : {}),
    }),
  });
  try {
    const lift = crew.fleet.inject(moment.role, fault, {
      times: lasts === 'once' ? 1 : Number.POSITIVE_INFINITY,
      at: (request) => purposeOf(request) === moment.purpose && (needs === undefined || isOf(needs, request)),
    });
    const signal = AbortSignal.timeout(HANGS);
    const { runId, state, ending } = await crew.run(moment.role === 'preprocessor' ? LONG_TASK : TASK, signal);
    const met = crew.fleet.requests.some((request) => request.fault !== undefined);
    lift();
    const resumed = state === 'paused' ? (await crew.resume(runId, signal)).ending : undefined;
    await crew.fleet.settled();
    const persisted = await crew.persisted(runId);
    const last = resumed ?? ending;
    const problems = [
      ...(met ? [] : ['the fault was never met']),
      ...(signal.aborted ? ['the run hung'] : []),
      ...(ending.message.trim() === '' ? ['it ended without a reason'] : []),
      ...(resumed && resumed.code !== 'approved' ? [`resumed, it ended with ${resumed.code}: ${resumed.message}`] : []),
      ...(last.code === 'approved' ? wrongChange(persisted) : []),
      ...lostState(crew.live, persisted),
      ...foreignCalls(persisted),
      ...unstable(crew, persisted),
    ];
    return { name, code: ending.code, message: ending.message, problems, ms: Math.round(performance.now() - started) };
  } finally {
    await crew.close();
  }
}

function impatient(role: Role, url: string): Model {
  return openEndpoint({ role, url, timeouts: { betweenTokens: 1000, whole: 1500 } });
}

function isOf(form: NonNullable<Cell['needs']>, { tools, response_format: format }: ChatRequest): boolean {
  return form === 'tools' ? (tools?.length ?? 0) > 0 : format?.type === 'json_schema';
}

/** An approved change is the whole change: nothing of a cut answer is in it. */
function wrongChange(events: readonly RunEvent[]): string[] {
  const finished = events.findLast((event) => event.type === 'subtask.finished');
  const files = finished?.type === 'subtask.finished' ? finished.files : [];
  const expected = [{ path: 'src/greet.js', text: GREETED }];
  return isDeepStrictEqual(files, expected) ? [] : [`it approved another change: ${JSON.stringify(files)}`];
}

/** What a front end has seen is what is kept. */
function lostState(live: readonly RunEvent[], persisted: readonly RunEvent[]): string[] {
  return isDeepStrictEqual(fold(live), fold(persisted)) ? [] : ['the state of the log is not the state that was shown'];
}

/** No call is made but the one that the models make, with all of its arguments. */
function foreignCalls(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'tool.called' && !isDeepStrictEqual({ tool: event.tool, args: event.args }, LOOK)
      ? [`it called ${event.tool} with ${JSON.stringify(event.args)}`]
      : [],
  );
}

function unstable({ fleet }: CrewHere, events: readonly RunEvent[]): string[] {
  try {
    return transcriptsOf(fleet.requests, events).flatMap((transcript) => instability(transcript) ?? []);
  } catch (error) {
    return [String(error)];
  }
}
