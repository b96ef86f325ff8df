import { openCrewHere } from '../support/crewHere.ts';
import { heldBefore } from '../support/heldBefore.ts';
import type { Figure } from './figure.ts';
import { countedByVllm } from './prefix/realVllm.ts';
import { FILES, SCRIPT, TASK } from './prefix/scenario.ts';

export const title =
  'How much of a request its server has had before: 3 subtasks × 3 rounds (with CONCLAVE_REAL_VLLM=1, a real vLLM counts too)';

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
    const { roles, requests } = heldBefore(crew.fleet.requests, crew.live);
    const real = process.env.CONCLAVE_REAL_VLLM === '1' ? await countedByVllm(requests, say) : undefined;
    return roles.flatMap(({ role, followUps, held, counted }) => {
      const ofVllm = real?.get(role);
      const figures = (what: string, of: 'followUps' | 'later'): Figure[] => [
        figure(`${role}: ${what}`, held[of], counted[of], "the fleet's counter"),
        ...(ofVllm ? [figure(`${role}: ${what}`, held[of], ofVllm[of], "vLLM's counters")] : []),
      ];
      return [
        ...figures(`${followUps} follow-up requests`, 'followUps'),
        ...figures('these and the beginnings of transcripts but the first', 'later'),
      ];
    });
  } finally {
    await crew.close();
  }
}

function figure(what: string, share: number, counted: number, of: string): Figure {
  return { what, value: share * 100, unit: '%', baseline: { value: counted * 100, of } };
}
