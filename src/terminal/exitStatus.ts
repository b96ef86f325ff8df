import type { Ending } from '../shared/events.ts';

/** The exit statuses of the command line; others build on them. */
export const EXIT = {
  approved: 0,
  notApproved: 1,
  usage: 2,
  needsUser: 3,
  unreachable: 4,
  aborted: 130,
} as const;

/** The exit status for the way a run ended. */
export function exitStatus({ code }: Ending): number {
  switch (code) {
    case 'approved':
    case 'nothing_to_do':
    case 'answered':
      return EXIT.approved;
    case 'not_approved':
    case 'proposal_rejected':
    case 'limit_reached':
    case 'plan_unusable':
    case 'conflict':
    case 'internal_error':
      return EXIT.notApproved;
    case 'configuration':
    case 'workspace_failed':
      return EXIT.usage;
    case 'question_unanswered':
    case 'approval_needed':
      return EXIT.needsUser;
    case 'server_unavailable':
    case 'store_failed':
      return EXIT.unreachable;
    case 'aborted':
    case 'taken_over':
      return EXIT.aborted;
    default:
      return code satisfies never;
  }
}

/** Something about the call itself is wrong: said in one line, exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
