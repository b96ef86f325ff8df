import type { EventOf, Role, Rung } from '../../shared/events.ts';
import type { Probe } from '../../shared/probe.ts';
import type { ModelError } from '../models/modelError.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import type { ModelRequest } from '../ports.ts';
import type { Agent } from './agent.ts';
import type { Transcript } from './turn.ts';

/** From the best to the one that needs nothing of a server. Each is left at most once, so a run lowers a role three times at most. */
const LADDER: readonly Rung[] = ['native_streamed', 'native', 'json', 'text'];

/**
 * What a role begins on, by what its server was seen to do. Only the Coder uses native tool calls. Where nothing was
 * seen, a schema is worth the try.
 */
export function rungFor(role: Role, probe: Probe | undefined): Rung {
  return LADDER.find((rung) => isPossible(rung, role, probe)) ?? 'text';
}

function isPossible(rung: Rung, role: Role, probe: Probe | undefined): boolean {
  switch (rung) {
    case 'native_streamed':
      return role === 'coder' && probe?.tools.streamed === 'works';
    case 'native':
      return role === 'coder' && probe?.tools.whole === 'works';
    case 'json':
      return probe === undefined || probe.schema === 'held' || probe.schema === 'untried';
    case 'text':
      return true;
    default:
      return rung satisfies never;
  }
}

/** What a role is on now, in all its lanes: what it began on, or what it was lowered to in this run. */
export function currentRung(run: RunContext, role: Role): Rung {
  const outcomes = run.journal.outcomes();
  const lowered = outcomes.findLast(
    (event): event is typeof event & EventOf<'protocol.lowered'> =>
      event.type === 'protocol.lowered' && event.role === role,
  );
  return lowered?.to ?? rungFor(role, probeOf(run, role));
}

/**
 * Takes a role to the next lower rung that its server may be able for, as a recorded step. Where another lane has done
 * that since the transcript began, there is nothing to do.
 * @param reason what the server did, as the end of a sentence that begins with "because"
 * @returns `lowest` where there is none below
 */
export async function lower(
  run: RunContext,
  { role, rung }: Pick<Transcript, 'role' | 'rung'>,
  reason: string,
): Promise<'lowered' | 'lowest'> {
  if (currentRung(run, role) !== rung) return 'lowered';
  const probe = probeOf(run, role);
  const to = LADDER.slice(LADDER.indexOf(rung) + 1).find((one) => isPossible(one, role, probe));
  if (to === undefined) return 'lowest';
  await run.journal.step(`protocol/${role}/${to}`, async () => {
    // It saw what does not hold: the next run looks again.
    await run.forgetProbe(role);
    return { type: 'protocol.lowered', role, from: rung, to, reason };
  });
  return 'lowered';
}

/** What a server did that speaks against the rung. `reason` is a clause without a full stop. */
export interface Doubt {
  kind: 'call' | 'arguments' | 'schema' | 'runaway';
  reason: string;
}

/** How often each may be, on one rung of one agent, before a lower one is taken. */
const BEARABLE: Record<Doubt['kind'], number> = { call: 0, arguments: 1, runaway: 1, schema: 2 };

/** Counts what speaks against the rung of an agent's last turn, and takes a lower one where it is too much. */
export async function weigh(run: RunContext, { transcript, doubts }: Agent, { kind, reason }: Doubt): Promise<void> {
  // What another model did says nothing about this one.
  if (transcript.answeredBy !== transcript.modelName) return;
  if (doubts.rung !== transcript.rung) Object.assign(doubts, { rung: transcript.rung, times: {} });
  const times = (doubts.times[kind] ?? 0) + 1;
  doubts.times[kind] = times;
  if (times > BEARABLE[kind]) await lower(run, transcript, reason);
}

/** The server does not take, or does not manage, what the transcript's rung needs. The caller takes a lower one. */
export class ProtocolFailed extends Error {
  override readonly name = 'ProtocolFailed';
  /** What it did, a clause without a full stop. */
  readonly reason: string;
  override readonly cause: ModelError;
  constructor(reason: string, cause: ModelError) {
    super(`The server did not do what it was asked for: ${reason}.`, { cause });
    this.reason = reason;
    this.cause = cause;
  }
}

/**
 * Whether a failure speaks against how the request was made and not against the server: then it is not repeated, and
 * the server is not called lost.
 * @param malformed how often the answer to this request was no chat completion
 * @throws ProtocolFailed where it does
 */
export function refuseProtocol(request: ModelRequest, error: ModelError, malformed: number): void {
  const { failure } = error;
  if (failure.kind === 'badRequest' && (request.tools || (request.schema && failure.about === 'schema'))) {
    throw new ProtocolFailed(`the server ${error.words}`, error);
  }
  if (failure.kind === 'malformed' && request.tools && malformed > 1) {
    throw new ProtocolFailed('the server broke its stream twice where tools were offered', error);
  }
}

export function isNative(rung: Rung): boolean {
  return rung === 'native_streamed' || rung === 'native';
}

function probeOf(run: RunContext, role: Role): Probe | undefined {
  return run.journal
    .outcomes()
    .findLast(
      (event): event is typeof event & EventOf<'server.probed'> =>
        event.type === 'server.probed' && event.role === role,
    )?.probe;
}
