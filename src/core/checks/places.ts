import type { FailedTest } from '../../shared/events.ts';

/**
 * Failures with the file's path in the workspace, where a runner tells only the end of it (Java's and Go's tell a file's name).
 * Where several files end like that, the name of the test decides ("org.example.SumTest"); else it stays as it was told.
 */
export function located(failed: readonly FailedTest[], paths: readonly string[]): FailedTest[] {
  const known = new Set(paths);
  return failed.map((test) => {
    if (test.file === undefined || known.has(test.file)) return test;
    const end = `/${test.file.replaceAll('\\', '/').replace(/^\.?\/+/, '')}`;
    const found = paths.filter((path) => `/${path}`.endsWith(end));
    const folders = (test.name.split(' > ')[0] ?? '').replaceAll('.', '/').split('/');
    const best = found.length > 1 ? likeliest(found, folders) : found[0];
    return best === undefined ? test : { ...test, file: best };
  });
}

/** The only one whose folders have the most last words in common with a package. */
function likeliest(paths: readonly string[], words: readonly string[]): string | undefined {
  const scored = paths.map((path) => ({
    path,
    score: path.split('/').filter((folder) => words.includes(folder)).length,
  }));
  const most = Math.max(...scored.map(({ score }) => score));
  const [best, other] = scored.filter(({ score }) => score === most);
  return other === undefined ? best?.path : undefined;
}
