import type { RunEvent, Rung } from '../../shared/events.ts';
import type { RunState } from '../../shared/runState.ts';
import { checksInWords } from './checks.ts';
import { namedFile } from './diff.ts';
import {
  approvalLine,
  attempt,
  cachedLine,
  cacheInWords,
  escalationLine,
  forkInWords,
  laneSubtask,
  planLines,
  restoredInWords,
  subtaskEndLine,
  syntaxLines,
  toldLines,
  toolServerLines,
  verdictLines,
  votesInWords,
} from './eventLines.ts';
import { count, plusMinus, thousands, totalLines } from './measures.ts';
import { clean, oneLine } from './plainText.ts';
import { probeInWords } from './probe.ts';
import { CRITERION_MARKS, led, remark, says } from './speaking.ts';

const RUNGS: Record<Rung, string> = {
  native_streamed: 'tool calls of the server, streamed',
  native: 'tool calls of the server, in one piece',
  json: 'answers held to a JSON schema',
  text: 'plain text',
};

/**
 * The lasting line or lines (joined by line feeds) that an event leaves behind; none for what only matters while it
 * happens. Without colours: `paintLine` adds them.
 * @param before the state of the run before the event
 */
export function lineFor(event: RunEvent, before: RunState): string | undefined {
  switch (event.type) {
    case 'run.started':
      return says(
        'crew',
        `${event.kind} ${oneLine(event.runId)}: ${remark(event.task)}`,
        `in ${oneLine(event.workspace)}`,
        ...(event.fork ? [forkInWords(event.fork)] : []),
      );
    case 'run.resumed':
      return says('crew', 'resumed: what is recorded is not done again');
    case 'run.paused':
      return says('crew', led('paused', event.ending));
    case 'run.aborted':
      return says('crew', led('stopped', event.ending));
    case 'run.finished':
      return says('crew', led(OUTCOMES[event.outcome], event.ending));
    case 'input.preprocessed':
      return event.by === 'local' ? undefined : says('preprocessor', `read the ${event.input.original_type}`);
    case 'plan.started':
      return event.replanFor === undefined
        ? undefined
        : says('planner', `thinks again about ${oneLine(event.replanFor)}`);
    case 'plan.proposed':
      return planLines(event);
    case 'plan.answered':
      return event.answers
        .map(({ question, answer }) => says('user', `${remark(question)} → ${remark(answer)}`))
        .join('\n');
    case 'plan.cached':
      return cachedLine(event);
    case 'attempt.started':
      return event.round > 1
        ? says('coder', `${oneLine(event.subtask)} round ${event.round}/${event.rounds}: mends what was found`)
        : undefined;
    case 'subtask.escalated':
      return escalationLine(event);
    case 'subtask.finished':
      return subtaskEndLine(event);
    case 'edit.applied':
      return says(
        'coder',
        `${attempt(event.subtask, before)}: ${EDITED[event.action]} ${namedFile(event)} ${plusMinus(event)}`,
      );
    case 'edit.rejected':
      return says(
        'coder',
        `${attempt(event.subtask, before)}: ! an edit of ${oneLine(event.path)} could not be applied: ${remark(event.reason)}`,
      );
    case 'syntax.checked':
      return syntaxLines(event, attempt(event.subtask, before));
    case 'checks.finished':
      if (event.scope === 'tool') return undefined;
      return says(
        'checks',
        `${event.scope === 'base' ? 'before the change' : oneLine(event.subtask ?? 'merged')} ${checksInWords(event.report)}`,
      );
    case 'review.finished':
      return says('reviewer', ...verdictLines(event.verdict, oneLine(event.subtask)));
    case 'vote.decided':
      return says('crew', `vote on ${remark(event.decision)}: ${oneLine(event.choice)} (${votesInWords(event.votes)})`);
    case 'redflag.raised':
      return says(event.role, `${laneSubtask(event.lane)}! ${remark(event.message)}`);
    case 'approval.answered':
      return approvalLine(event, before);
    case 'proposal.ready':
      return says('crew', `proposal: ${count(event.files.length, 'file')}, ${plusMinus(totalLines(event.files))}`);
    case 'proposal.accepted':
      return says(
        event.by === 'user' ? 'user' : 'crew',
        `${count(event.paths.length, 'file')} written to the workspace`,
      );
    case 'proposal.rejected':
      return says('user', `proposal rejected: ${remark(event.reason)}`);
    case 'proposal.undone':
      return says('user', `${count(event.paths.length, 'file')} put back as before the proposal`);
    case 'answer.finished':
      return says('reviewer', ...clean(event.text).split('\n'));
    case 'checklist.finished':
      return says(
        event.by === 'planner' ? 'planner' : 'crew',
        ...event.items.map(
          ({ state, criterion, evidence }) => `${CRITERION_MARKS[state]} ${remark(criterion)} – ${remark(evidence)}`,
        ),
        ...event.notes.map(remark),
      );
    case 'server.busy':
    case 'server.lost':
      return says(event.role, `! ${remark(event.message)} (${oneLine(event.url)})`);
    case 'server.recovered':
      return says(event.role, `the server answers again (${oneLine(event.url)})`);
    case 'store.lost':
      return says('crew', `! ${remark(event.message)} What happens meanwhile is kept on this machine.`);
    case 'store.recovered':
      return says('crew', `the store of runs answers again; ${count(event.added, 'event')} added`);
    case 'rules.found':
      return toldLines(event);
    case 'toolservers.found':
      return toolServerLines(event);
    case 'memory.lost':
      return says('crew', `! goes on without what earlier runs have taught: ${remark(event.message)}`);
    case 'server.probed':
      return says(event.role, remark(probeInWords(event.probe)));
    case 'protocol.lowered':
      return says(
        event.role,
        `! from here on with ${RUNGS[event.to]}, not ${RUNGS[event.from]}: ${remark(event.reason)}`,
      );
    case 'cache.missed':
      return says(event.role, `! ${cacheInWords(event)}`);
    case 'transcript.compacted':
      return says(
        event.role,
        `the window is full: goes on from the state as it is (${thousands(event.after)} of ${thousands(event.before)} tokens)`,
      );
    case 'window.learnt':
      return says(
        event.role,
        `! its server takes ${event.window} tokens, though it says ${event.served}; prompts are made to fit`,
      );
    case 'workspace.restored':
      return says('crew', ...restoredInWords(event));
    case 'workspace.kept':
    case 'plan.delta':
    case 'plan.uncached':
    case 'plan.question':
    case 'subtask.ready':
    case 'subtask.started':
    case 'agent.delta':
    case 'turn.finished':
    case 'tool.called':
    case 'tool.returned':
    case 'code.chunk':
    case 'file.based':
    case 'checks.started':
    case 'checks.output':
    case 'vote.cast':
    case 'approval.requested':
    case 'proposal.decided':
    case 'usage.reported':
      return undefined;
    default:
      event satisfies never;
      return undefined;
  }
}

const OUTCOMES = {
  approved: 'approved',
  not_approved: 'not approved',
  nothing_to_do: 'nothing to do',
  answered: 'answered',
} as const;
const EDITED = { create: 'created', modify: 'edited', delete: 'deleted', rename: 'renamed' } as const;
