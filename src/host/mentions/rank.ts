/** A path that fits what was typed, the best first. */
export interface Ranked {
  path: string;
  score: number;
}

/**
 * The paths that hold the letters of the query in their order, the best fits first: a name before a path, a beginning
 * before a middle, letters in a row before scattered ones, short before long. White space in the query counts for nothing.
 */
export function rank(query: string, paths: readonly string[], limit: number): Ranked[] {
  const wanted = query.toLowerCase().replace(/\s+/g, '').replaceAll('\\', '/');
  const ranked = paths.flatMap((path) => {
    const score = scoreOf(wanted, path.toLowerCase());
    return score === undefined ? [] : [{ path, score }];
  });
  return ranked
    .sort((a, b) => b.score - a.score || a.path.length - b.path.length || (a.path < b.path ? -1 : 1))
    .slice(0, limit);
}

function scoreOf(wanted: string, path: string): number | undefined {
  if (wanted === '') return 0;
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === wanted) return 1000;
  if (name.startsWith(wanted)) return 900;
  if (name.includes(wanted)) return 800;
  if (path.includes(wanted)) return 700;
  const inName = fitOf(wanted, name);
  if (inName !== undefined) return 400 + inName;
  const inPath = fitOf(wanted, path);
  return inPath === undefined ? undefined : inPath;
}

/** From 0 to 200: how many letters follow another one or begin a word. Undefined where they are not all there, in order. */
function fitOf(wanted: string, text: string): number | undefined {
  let at = -1;
  let good = 0;
  for (const letter of wanted) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return undefined;
    if (next === at + 1 || /[/._-]/.test(text[next - 1] ?? '/')) good += 1;
    at = next;
  }
  return (200 * good) / wanted.length;
}
