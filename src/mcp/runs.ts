import type { Resource, TextResourceContents } from '@modelcontextprotocol/sdk/types.js';
import { exportedRun } from '../core/export/exportRun.ts';
import type { RunSummary } from '../core/ports.ts';
import { maskFound } from '../core/secrets/maskForModels.ts';
import { StoreError } from '../core/store/storeError.ts';
import type { RunEvent } from '../shared/events.ts';
import { fold } from '../shared/fold.ts';
import type { Offer } from './offer.ts';
import { ResourceError } from './resourceError.ts';

/** What runs have left, as resources: of each its plan and its events. */
export const RUN_TEMPLATES = [
  {
    uriTemplate: 'conclave://runs/{id}/plan',
    name: 'run plan',
    description: 'The plan of a run of the crew, with what became of each subtask.',
    mimeType: 'application/json',
  },
  {
    uriTemplate: 'conclave://runs/{id}/events{?since}',
    name: 'run events',
    description: 'The events of a run, one JSON object a line; with since, those with a greater seq.',
    mimeType: 'application/x-ndjson',
  },
];

/** Runs that are listed, the newest. */
const MOST_RUNS = 50;
/** Characters of events in one answer. */
const MOST_CHARS = 1024 * 1024;

/** One of the two things that a run has left. */
export interface RunResource {
  run: string;
  part: 'plan' | 'events';
  since: number;
}

/** Undefined where the URI is none of a run's. */
export function runResourceFrom(uri: string): RunResource | undefined {
  const [, run, part, since] = /^conclave:\/\/runs\/([\w.-]+)\/(plan|events)(?:\?since=(\d+))?$/.exec(uri) ?? [];
  if (run === undefined || part === undefined) return undefined;
  return { run, part: part as RunResource['part'], since: Number(since ?? 0) };
}

/** The runs of this workspace, the newest first. */
export async function runsHere({ crew, log }: Offer): Promise<RunSummary[]> {
  return (await log.list()).filter(({ workspace }) => workspace === crew.workspace.root).slice(0, MOST_RUNS);
}

export async function listedRuns(offer: Offer): Promise<Resource[]> {
  return (await runsHere(offer)).flatMap(({ runId, task, state, startedAt }) => {
    const about = `${maskFound(task).replace(/\s+/g, ' ').slice(0, 200)} (${state}, begun ${startedAt})`;
    const base = `conclave://runs/${runId}`;
    return [
      { uri: `${base}/plan`, name: `plan of ${runId}`, description: about, mimeType: 'application/json' },
      { uri: `${base}/events`, name: `events of ${runId}`, description: about, mimeType: 'application/x-ndjson' },
    ];
  });
}

/** @throws ResourceError where there is no such run of this workspace, or no plan in it */
export async function readRunResource(
  offer: Offer,
  uri: string,
  { run, part, since }: RunResource,
): Promise<TextResourceContents[]> {
  const events = await eventsOf(offer, run, uri);
  if (part === 'plan') return [{ uri, mimeType: 'application/json', text: planOf(events, uri, offer.home) }];
  const lines = exportedRun(events, 'json', offer.home)
    .split('\n')
    .filter((line) => line !== '' && (JSON.parse(line) as RunEvent).seq > since);
  let chars = 0;
  // At least one, however long it is: else nobody would come further.
  const shown = lines.filter((line, at) => {
    chars += line.length + 1;
    return at === 0 || chars <= MOST_CHARS;
  });
  const last = shown.at(-1);
  const more =
    shown.length === lines.length || last === undefined
      ? {}
      : {
          _meta: { truncated: true, next: `conclave://runs/${run}/events?since=${(JSON.parse(last) as RunEvent).seq}` },
        };
  return [{ uri, mimeType: 'application/x-ndjson', text: shown.map((line) => `${line}\n`).join(''), ...more }];
}

async function eventsOf({ crew, log }: Offer, run: string, uri: string): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  try {
    for await (const event of log.read(run)) events.push(event);
  } catch (error) {
    if (error instanceof StoreError && error.failure === 'unknownRun') {
      throw new ResourceError(uri, 'there is no such run', { cause: error });
    }
    throw error;
  }
  const [first] = events;
  // Another workspace's run is none that this client may know of.
  if (first?.type !== 'run.started' || first.workspace !== crew.workspace.root) {
    throw new ResourceError(uri, 'there is no such run');
  }
  return events;
}

function planOf(events: readonly RunEvent[], uri: string, home: string): string {
  // By way of the export, so that secrets are masked before anything is cut or put together.
  const masked = exportedRun(events, 'json', home)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunEvent);
  const { plan, planNotes, subtasks, phase } = fold(masked);
  if (!plan) throw new ResourceError(uri, 'this run has no plan yet');
  const outcome = subtasks.map(({ plan: { id }, phase: state, round, reason }) => ({ id, state, round, reason }));
  return `${JSON.stringify({ ...plan, notes: planNotes, run: phase.kind, subtasks: outcome }, null, 2)}\n`;
}
