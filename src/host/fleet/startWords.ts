import type { FleetState } from '../../shared/fleet.ts';
import { isServing, progressWords, type Say, serviceTitle } from '../../shared/fleetWords.ts';

/** How far the start of several servers is. */
export interface StartStage {
  /** "Starting Coder (2 of 3): loading weights 50 %". */
  words: string;
  /** Of all of them together, 0 to 100; a step that does not tell how far it is counts as not begun. */
  percent: number;
}

/** @param names those that are to be started, in their order */
export function startStage(state: FleetState, names: readonly string[], t: Say): StartStage {
  const wanted = names.flatMap((name) => state.services.filter((service) => service.name === name));
  const current = wanted.find((service) => !isServing(service.state));
  if (current === undefined) return { words: t('All servers are ready'), percent: 100 };
  const at = wanted.indexOf(current);
  const title = serviceTitle(current, t);
  const doing = progressWords(current.state, state, t) ?? t('being started');
  const words =
    wanted.length === 1
      ? t('Starting {0}: {1}', title, doing)
      : t('Starting {0} ({1} of {2}): {3}', title, at + 1, wanted.length, doing);
  const share = current.state.kind === 'starting' ? (current.state.percent ?? 0) / 100 : 0;
  return { words, percent: (100 * (at + share)) / wanted.length };
}
