import type { EventOf, RunEvent } from '../../shared/events.ts';

/**
 * The version of the shapes in src/shared/events.ts. It rises when what an event of a known kind holds changes, so that
 * the code could not go on with the old one; new kinds and new optional fields are no new version.
 *
 * 1 → 2: `subtask.started` tells `answers`, `subtask.finished` tells `start`, and the merged change is the subtask
 * "merged", which had an end and step keys of its own.
 */
export const EVENT_VERSION = 2;

/**
 * Brings what older versions have written into today's shapes. A new one for each reading of a run, which gives it the
 * run's events in order, from the first on; those of an older version come before those of a newer one.
 */
export function openUpgrade(): (event: RunEvent, version: number) => RunEvent {
  const steps = [fromVersion1()];
  return (event, version) => steps.slice(version - 1).reduce((upgraded, step) => step(upgraded), event);
}

type MergedFinished = Omit<EventOf<'subtask.finished'>, 'type' | 'subtask' | 'start'> & { type: 'merged.finished' };

function fromVersion1(): (event: RunEvent) => RunEvent {
  /** Answers of the user that a subtask which starts now knows of. */
  let known = 0;
  /** Answers to what was asked about a failed subtask, by its start: known once it begins again. */
  const answered = new Map<string, number>();

  return (event) => {
    const old = event as RunEvent | (MergedFinished & Pick<RunEvent, 'runId' | 'seq' | 'at' | 'step'>);
    const step = old.step?.replace(/^merged\//, 'subtask/merged/start-1/');
    const kept = step === undefined ? {} : { step };
    switch (old.type) {
      case 'plan.answered': {
        const about = /^(subtask\/.*)\/question$/.exec(step ?? '')?.[1];
        if (about === undefined) known += old.answers.length;
        else answered.set(about, old.answers.length);
        return { ...old, ...kept };
      }
      case 'subtask.started':
        return { ...old, ...kept, answers: old.answers ?? known };
      case 'subtask.finished': {
        if (old.outcome === 'restarted') known += answered.get((step ?? '').replace(/\/finished$/, '')) ?? 0;
        return { ...old, ...kept, start: old.start ?? Number(/\/start-(\d+)\/finished$/.exec(step ?? '')?.[1] ?? 1) };
      }
      case 'merged.finished':
        return { ...old, ...kept, type: 'subtask.finished', subtask: 'merged', start: 1 };
      default:
        return { ...old, ...kept };
    }
  };
}
