import { createHash } from 'node:crypto';
import { normalised } from '../models/normalise.ts';
import { traitsOf } from '../models/traits.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import type { Message } from '../ports.ts';
import type { Transcript, Turn } from './turn.ts';

/** Key of the step of a transcript's next turn. */
export function nextTurnKey({ key, turns }: Transcript): string {
  return `${key}/turn-${turns + 1}`;
}

/** A transcript's next turn, where it is recorded. */
export function recordedTurn(run: RunContext, transcript: Transcript): Turn | undefined {
  const event = run.journal.recordedStep(nextTurnKey(transcript));
  return event?.type === 'turn.finished' ? event : undefined;
}

/**
 * A recorded answer is to what was asked then. Where that is not what is made up again now, the answer still stands
 * (asking again would throw the work away), but the run is told: what is said from here on does not go on, byte for
 * byte, with what was sent. Told once for a transcript, because every later request begins with the one that differs.
 */
export async function compareWithRecord(
  run: RunContext,
  transcript: Transcript,
  messages: readonly Message[],
): Promise<void> {
  const recorded = recordedTurn(run, transcript);
  if (recorded === undefined || recorded.request === hashOf(transcript, messages) || transcript.differs) return;
  // A fork takes over what another model was asked, in the form that its template needed.
  if (run.fork && recorded.model !== transcript.modelName) return;
  transcript.differs = true;
  const { lane, role, turns } = transcript;
  await run.journal.step(`${nextTurnKey(transcript)}/differs`, async () => ({
    type: 'redflag.raised',
    lane,
    role,
    flag: 'transcript_differs',
    message: `The recorded answer of turn ${turns + 1} was to another request than the one made up again now; it is used all the same. Where Conclave or its prompts were updated since, that is why; otherwise this is a defect of Conclave: please report it.`,
  }));
}

/**
 * SHA-256 (hex) of a request's messages, by which a turn names what it was asked: in the form in which the model gets
 * them, as far as its name tells that.
 */
export function hashOf(transcript: Transcript, messages: readonly Message[]): string {
  return createHash('sha256').update(sentText(transcript, messages)).digest('hex');
}

/** The messages, as JSON, in the form in which the model gets them. */
export function sentText({ modelName, root = '', thinking }: Transcript, messages: readonly Message[]): string {
  return JSON.stringify(normalised(messages, traitsOf(modelName, root), thinking));
}
