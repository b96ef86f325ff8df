import type { PlannedSubtask } from '../../shared/wire.ts';
import { IN_BRIEF } from '../agents/brief.ts';
import type { Part } from '../agents/shareRoom.ts';

/**
 * What the agents are told of each other. All of it comes from recorded events, so that a resumed run tells the same, and
 * another window sees it in the store.
 */

/** The subtasks that other Coders work on at the same time, with the files they have claimed. */
export function besideParts(beside: readonly PlannedSubtask[]): Part[] {
  const lines = beside.map(({ id, files, description }) => {
    const claimed = files.map(({ path, action }) => `${action} ${path}`).join(', ');
    return `- ${id} (${claimed}): ${description}`;
  });
  return [
    {
      heading:
        '# Other Coders are at work at the same time. Leave their files to them, and do not count on their changes',
      text: lines.join('\n'),
      weight: 1,
      cut: IN_BRIEF,
    },
  ];
}

/** The Coder's latest words about its change, and how its rounds before went. */
export interface CoderRecord {
  /** Empty where it said nothing beside its edits. */
  said: string;
  /** One sentence a failed round, oldest first. */
  rounds: readonly string[];
}

/** @param isFirst it is the first that a transcript tells; later on, the rounds before stand in it */
export function coderRecordParts(
  { said, rounds }: CoderRecord = { said: '', rounds: [] },
  { isFirst }: { isFirst: boolean },
): Part[] {
  return [
    { heading: '# What the Coder says of it. It is no evidence', text: said, weight: 1, cut: IN_BRIEF },
    {
      heading: '# How its rounds before went',
      text: isFirst ? rounds.map((reason, index) => `- Round ${index + 1}: ${reason}`).join('\n') : '',
      weight: 1,
      cut: IN_BRIEF,
    },
  ];
}
