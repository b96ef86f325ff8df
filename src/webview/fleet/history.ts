/** What the charts show: how each server was at past looks, as far back as they reach. */

import type { Vitals } from '../../shared/fleet.ts';
import type { FleetInUse } from '../../shared/fleetProtocol.ts';

/** One look at a server. A part that it did not tell is absent. */
export type Sample = Vitals & {
  /** Milliseconds since 1970. */
  at: number;
};

/** By the service's name; oldest first. */
export type History = Readonly<Record<string, readonly Sample[]>>;

/** Milliseconds that a chart reaches back. */
export const REACH = 120_000;
/** Milliseconds without a look from which on a line is broken: nobody knows what was between. */
const GAP = 7000;

/** The history with what is known now. A server that is not up has no past that says anything. */
export function withLook(history: History, { state, at }: FleetInUse): History {
  const now = Date.parse(at);
  return Object.fromEntries(
    state.services.flatMap(({ name, vitals, state: { kind } }) => {
      if (kind !== 'ready') return [];
      const kept = (history[name] ?? []).filter((sample) => now - sample.at <= REACH && sample.at < now);
      const samples = vitals === undefined ? kept : [...kept, { ...vitals, at: now }];
      return samples.length === 0 ? [] : [[name, samples] as const];
    }),
  );
}

/** What was kept from an earlier life of the page, if it is a history. */
export function historyFrom(kept: unknown): History {
  if (typeof kept !== 'object' || kept === null) return {};
  const isSample = (one: unknown): one is Sample =>
    typeof one === 'object' && one !== null && typeof (one as Sample).at === 'number';
  return Object.fromEntries(
    Object.entries(kept).filter(([, samples]) => Array.isArray(samples) && samples.every(isSample)),
  ) as History;
}

/** A point of a chart: both from 0 to 1, the newest at the right, the largest at the top. */
export interface Point {
  x: number;
  y: number;
}

/**
 * The lines of a chart: one for each stretch without a gap.
 * @param now milliseconds since 1970: the right edge
 * @param ceiling the value at the top; absent: the largest there is
 */
export function linesOf(
  samples: readonly Sample[],
  key: keyof Vitals,
  now: number,
  ceiling?: number,
): { lines: Point[][]; top: number } {
  const known = samples.flatMap((sample) => {
    const value = sample[key];
    return value === undefined || now - sample.at > REACH ? [] : [{ at: sample.at, value }];
  });
  const top = ceiling ?? Math.max(0, ...known.map(({ value }) => value));
  const lines: Point[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const { at, value } of known) {
    const point = { x: 1 - (now - at) / REACH, y: top === 0 ? 0 : Math.min(1, value / top) };
    const line = at - last > GAP ? undefined : lines.at(-1);
    if (line === undefined) lines.push([point]);
    else line.push(point);
    last = at;
  }
  return { lines, top };
}
