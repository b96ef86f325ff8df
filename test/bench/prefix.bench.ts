import { openCrewHere } from '../support/crewHere.ts';
import { heldBefore } from '../support/heldBefore.ts';
import type { Figure } from './figure.ts';
import { FILES, SCRIPT, TASK } from './prefix/scenario.ts';

export const title = 'How much of a request its server has had before: 3 subtasks × 3 rounds';

/**
 * Has a scripted crew do it, and works out of what was sent, request by request, how much of each an earlier one of the
 * same role and its answer held.
 */
export async function measure(say: (text: string) => void): Promise<Figure[]> {
  const crew = await openCrewHere({ files: FILES, script: SCRIPT });
  try {
    say('a run of the scripted crew');
    const { ending } = await crew.run(TASK);
    await crew.fleet.settled();
    const problems = [...crew.fleet.unmatched, ...crew.fleet.violations];
    if (ending.code !== 'approved' || problems.length > 0) throw new Error([ending.message, ...problems].join('\n'));
    return heldBefore(crew.fleet.requests, crew.live).flatMap(({ role, followUps, later }) => [
      figure(`${role}: ${followUps.requests} follow-up requests`, followUps),
      figure(`${role}: these and the beginnings of transcripts but the first`, later),
    ]);
  } finally {
    await crew.close();
  }
}

function figure(what: string, { share, counted }: { share: number; counted: number }): Figure {
  const baseline = { value: counted * 100, of: 'as the fleet counted' };
  return { what, value: share * 100, unit: '%', baseline };
}
