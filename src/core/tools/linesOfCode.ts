import type { CodeFacts, CodeFile, FileEntry, SearchMatch } from '../ports.ts';
import type { ToolContext } from './tool.ts';

/** Lines of a file, and what its code says. */
export interface CodeLines {
  path: string;
  /** 1-based, to the whole line, without its end. */
  lines: ReadonlyMap<number, string>;
  /** Undefined where there is no grammar for it, or it cannot be parsed. */
  facts: CodeFacts | undefined;
}

/** Files at a time. */
const BATCH = 64;
/** A line that was found may be cut after so many characters. */
const CUT = 500;

/**
 * Lines that were found, with what the code around them says. A file itself is only read where that is not known of its
 * content, or a line is not here as a whole.
 * @param found by path
 */
export async function* linesOfCode(
  found: ReadonlyMap<string, readonly SearchMatch[]>,
  { workspace, code, signal }: Pick<ToolContext, 'workspace' | 'code' | 'signal'>,
): AsyncGenerator<CodeLines[]> {
  const listed = await workspace.list(signal);
  const files = [...found];
  for (let at = 0; at < files.length; at += BATCH) {
    signal.throwIfAborted();
    const batch = files.slice(at, at + BATCH).map(async ([path, matches]) => {
      const hash = hashIn(listed, path);
      const isWhole = matches.every(({ text }) => text.length < CUT);
      if (hash !== undefined && isWhole) return { path, hash, lines: linesOf(matches), text: () => textOf(path) };
      const content = await workspace.read(path);
      if (content.kind !== 'text') return undefined;
      const texts = content.text.split('\n');
      const lines = new Map(matches.map(({ line }) => [line, (texts[line - 1] ?? '').replace(/\r$/, '')]));
      return { path, hash: content.hash, lines, text: async () => content.text };
    });
    const read = (await Promise.all(batch)).filter((file) => file !== undefined);
    const facts = await code.facts(read satisfies CodeFile[], signal);
    yield read.map(({ path, lines }, index) => ({ path, lines, facts: facts[index] }));
  }

  async function textOf(path: string): Promise<string | undefined> {
    const content = await workspace.read(path);
    return content.kind === 'text' ? content.text : undefined;
  }
}

function linesOf(matches: readonly SearchMatch[]): Map<number, string> {
  return new Map(matches.map(({ line, text }) => [line, text]));
}

/** @param entries sorted by path */
function hashIn(entries: readonly FileEntry[], path: string): string | undefined {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.path ?? '') < path) low = middle + 1;
    else high = middle;
  }
  const entry = entries[low];
  return entry?.path === path ? entry.hash : undefined;
}
