import type { EventOf, RunEvent, Verdict } from '../../shared/events.ts';
import { MERGED } from '../../shared/runState.ts';
import type { MemoryEntry } from '../ports.ts';
import { inShort, lesson } from './lesson.ts';

/** What was not right with a subtask so far, and what was done about it since. */
interface Trouble {
  verdicts: Verdict[];
  /** Since the last failed round. */
  changed: Set<string>;
  explanations: string[];
}

/** Characters for each part of a lesson, so that all of them fit. */
const ROOM = { failed: 330, mended: 150, task: 90, one: 160 };

/** Follows a run's events, and tells what failed: with what mended it, or why it was given up. */
export function openFailures(): (event: RunEvent) => MemoryEntry | undefined {
  const troubles = new Map<string, Trouble>();
  const descriptions = new Map<string, string>();
  const troubleOf = (subtask: string): Trouble => {
    const known = troubles.get(subtask) ?? { verdicts: [], changed: new Set(), explanations: [] };
    troubles.set(subtask, known);
    return known;
  };

  function reviewed(event: RunEvent & EventOf<'review.finished'>): MemoryEntry | undefined {
    const trouble = troubleOf(event.subtask);
    if (event.verdict.status === 'failed') {
      trouble.verdicts.push(event.verdict);
      trouble.changed.clear();
      trouble.explanations = [];
      return undefined;
    }
    troubles.delete(event.subtask);
    if (wordsOf(trouble).length === 0 || trouble.changed.size === 0) return undefined;
    const changed = [...trouble.changed].sort();
    const how = [...new Set(trouble.explanations)].join(' ');
    const mended = `Mended in ${changed.join(', ')}${how === '' ? '.' : `: ${how}`}`;
    return about(event, trouble, mended, changed);
  }

  function givenUp(event: RunEvent & { subtask: string }, outcome: string, reason: string): MemoryEntry {
    const trouble = troubleOf(event.subtask);
    troubles.delete(event.subtask);
    return about(event, trouble, outcome, [], reason);
  }

  function about(
    { subtask, at, runId }: RunEvent & { subtask: string },
    trouble: Trouble,
    outcome: string,
    changed: readonly string[],
    reason = '',
  ): MemoryEntry {
    const task = descriptions.get(subtask) ?? (subtask === MERGED ? 'The changes of all subtasks together.' : subtask);
    const keys = keysOf(trouble, task);
    const failed = inShort(wordsOf(trouble).join(' '), ROOM.failed) || inShort(reason, ROOM.failed);
    return lesson({
      kind: 'failure',
      subject: keys.length > 0 ? keys : [task, reason],
      text: `Failed: ${failed}\n${inShort(outcome, ROOM.mended)}\nSubtask: ${inShort(task, ROOM.task)}`,
      paths: [...changed, ...pathsOf(trouble)],
      at,
      run: runId,
    });
  }

  return (event) => {
    switch (event.type) {
      case 'plan.proposed':
        for (const { id, description } of event.plan.plan) descriptions.set(id, description);
        return undefined;
      case 'code.chunk':
        if (event.explanation.trim() !== '') troubleOf(event.subtask).explanations.push(event.explanation.trim());
        return undefined;
      case 'edit.applied':
        troubleOf(event.subtask).changed.add(event.path);
        return undefined;
      case 'review.finished':
        return reviewed(event);
      case 'subtask.escalated':
        if (event.decision !== 'replan') return undefined;
        return givenUp(
          event,
          `Planned anew${event.replacements.length === 0 ? '' : ` as ${event.replacements.join(', ')}`}: ${event.because}`,
          event.reason,
        );
      case 'subtask.finished':
        return event.outcome === 'failed' ? givenUp(event, `Given up: ${event.reason}`, event.reason) : undefined;
      default:
        return undefined;
    }
  };
}

/**
 * What failed, so that the same trouble is known again: checks by name, findings by what they are about. A check that only
 * says that it failed is another one for each task.
 */
function keysOf({ verdicts }: Trouble, task: string): string[] {
  const keys = verdicts.flatMap((verdict) => [
    ...verdict.failingChecks.map(({ name, message, file }) => `check ${name}${message || file ? '' : ` of ${task}`}`),
    ...blockingOf(verdict).map(({ fingerprint }) => `finding ${fingerprint}`),
  ]);
  return [...new Set(keys)].sort();
}

function wordsOf({ verdicts }: Trouble): string[] {
  const words = verdicts.flatMap((verdict) => [
    ...verdict.failingChecks.map(({ name, message }) =>
      inShort(`check "${name}"${message ? `: ${message.split('\n')[0]}` : ''}.`, ROOM.one),
    ),
    ...blockingOf(verdict).map(({ type, location, message }) =>
      inShort(`${type} at ${location}: ${message}`, ROOM.one),
    ),
  ]);
  return [...new Set(words)];
}

function pathsOf({ verdicts }: Trouble): string[] {
  return verdicts.flatMap((verdict) => [
    ...verdict.failingChecks.flatMap(({ file }) => file ?? []),
    ...blockingOf(verdict).map(({ path }) => path),
  ]);
}

function blockingOf({ findings }: Verdict): Verdict['findings'] {
  return findings.filter(({ blocking }) => blocking);
}
