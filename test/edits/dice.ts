/** Draws that a seed repeats. */
export interface Dice {
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number;
  chance(of: number): boolean;
  /** @throws where there is nothing to pick */
  pick<T>(from: readonly T[]): T;
  shuffled<T>(from: readonly T[]): T[];
}

/** @param seed any whole number; its lower 32 bits count */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  // Mulberry32: short, and good enough to draw cases by.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return {
    int,
    chance: (of) => next() < of,
    pick: <T>(from: readonly T[]): T => {
      if (from.length === 0) throw new Error('There is nothing to pick from.');
      return from[int(from.length)] as T;
    },
    shuffled: <T>(from: readonly T[]): T[] => {
      const left = [...from];
      return from.map(() => left.splice(int(left.length), 1)[0] as T);
    },
  };
}

export function freshSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
