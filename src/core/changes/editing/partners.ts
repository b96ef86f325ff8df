/** Beyond so many, comparing each line with each would take seconds; what is rewritten at that length has no partners. */
const MOST_PAIRS = 100_000;

/** Which line of SEARCH a new one takes the place of: the next alike; in order where there are as many. */
export function partners(search: readonly string[], replace: readonly string[]): (j: number) => number | undefined {
  if (search.length === replace.length) return (j) => j;
  if (search.length * replace.length > MOST_PAIRS) return () => undefined;
  const likeness = search.map((line) => replace.map((other) => alike(line, other)));
  // The best sum over pairs in order.
  const best = Array.from({ length: search.length + 1 }, () => new Array<number>(replace.length + 1).fill(0));
  for (let i = search.length - 1; i >= 0; i--) {
    for (let j = replace.length - 1; j >= 0; j--) {
      const both = (likeness[i]?.[j] ?? 0) + (best[i + 1]?.[j + 1] ?? 0);
      (best[i] as number[])[j] = Math.max(both, best[i + 1]?.[j] ?? 0, best[i]?.[j + 1] ?? 0);
    }
  }
  const found = new Map<number, number>();
  let [i, j] = [0, 0];
  while (i < search.length && j < replace.length) {
    const like = likeness[i]?.[j] ?? 0;
    const here = best[i]?.[j] ?? 0;
    if (like > 0 && here === like + (best[i + 1]?.[j + 1] ?? 0)) {
      found.set(j, i);
      i += 1;
      j += 1;
    } else if (here === (best[i + 1]?.[j] ?? 0)) i += 1;
    else j += 1;
  }
  return (line) => found.get(line);
}

/** 0 for lines that have less than half of their words in common, up to 1. */
export function alike(one: string, other: string): number {
  const words = (line: string): string[] => line.match(/[\p{L}\p{N}_]+/gu) ?? line.match(/\S/gu) ?? [];
  const [a, b] = [words(one), words(other)];
  if (a.length === 0 || b.length === 0) return 0;
  const left = new Map<string, number>();
  for (const word of a) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of b) {
    const count = left.get(word) ?? 0;
    if (count > 0) common += 1;
    left.set(word, count - 1);
  }
  const share = (2 * common) / (a.length + b.length);
  return share >= 0.5 ? share : 0;
}
