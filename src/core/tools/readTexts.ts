import type { Workspace } from '../ports.ts';

/** Reads many files, some at a time, and leaves out what is no text. In the order of `paths`. */
export async function readTexts(
  workspace: Workspace,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<{ path: string; text: string }[]> {
  const texts: { path: string; text: string }[] = [];
  for (let at = 0; at < paths.length; at += 32) {
    signal.throwIfAborted();
    const batch = paths.slice(at, at + 32).map(async (path) => ({ path, content: await workspace.read(path) }));
    for (const { path, content } of await Promise.all(batch)) {
      if (content.kind === 'text') texts.push({ path, text: content.text });
    }
  }
  return texts;
}
