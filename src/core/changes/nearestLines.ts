/** The part of a file that looks most like a SEARCH that was not found. For messages only, never to apply anything. */
export interface Nearest {
  /** 1-based. */
  startLine: number;
  /** The file's own lines, as they are. */
  lines: string[];
}

/** More lines than these help no model. */
const SHOWN = 40;

/** Finds the stretch of the file that shares most with `search`; nothing where nothing is alike. */
export function nearestLines(file: readonly string[], search: readonly string[]): Nearest | undefined {
  const start = startByEqualLines(file, search) ?? startByLikeLine(file, search);
  if (start === undefined) return undefined;
  const from = Math.max(0, Math.min(start, file.length - 1));
  const to = Math.max(from + 1, Math.min(start + search.length, file.length));
  return { startLine: from + 1, lines: file.slice(from, Math.min(to, from + SHOWN)) };
}

/** Letters and digits only: what is left of a line when its layout is gone. */
function substance(line: string): string {
  return line.replace(/[^\p{L}\p{N}_]+/gu, ' ').trim();
}

/** Every line that both have votes for the place it implies, with the weight of its substance. */
function startByEqualLines(file: readonly string[], search: readonly string[]): number | undefined {
  const wanted = new Map<string, number[]>();
  search.forEach((line, i) => {
    const key = substance(line);
    if (key !== '') wanted.set(key, [...(wanted.get(key) ?? []), i]);
  });
  const votes = new Map<number, number>();
  file.forEach((line, at) => {
    const key = substance(line);
    for (const i of wanted.get(key) ?? []) votes.set(at - i, (votes.get(at - i) ?? 0) + key.length);
  });
  let best: { start: number; weight: number } | undefined;
  for (const [start, weight] of votes) if (!best || weight > best.weight) best = { start, weight };
  return best?.start;
}

/** The line most like the longest one wanted, by pairs of letters; half of them must agree. */
function startByLikeLine(file: readonly string[], search: readonly string[]): number | undefined {
  const [longest] = search.map((line, i) => ({ i, key: substance(line) })).sort((a, b) => b.key.length - a.key.length);
  if (!longest || longest.key.length < 4) return undefined;
  const wanted = pairsOf(longest.key);
  let best: { at: number; likeness: number } | undefined;
  file.forEach((line, at) => {
    const pairs = pairsOf(substance(line));
    let common = 0;
    for (const pair of pairs) if (wanted.has(pair)) common++;
    const likeness = (2 * common) / (pairs.size + wanted.size);
    if (likeness >= 0.5 && (!best || likeness > best.likeness)) best = { at, likeness };
  });
  return best && best.at - longest.i;
}

function pairsOf(text: string): Set<string> {
  const bounded = text.slice(0, 200);
  const pairs = new Set<string>();
  for (let i = 0; i + 1 < bounded.length; i++) pairs.add(bounded.slice(i, i + 2));
  return pairs;
}
