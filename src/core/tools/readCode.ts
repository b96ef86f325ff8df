import type { CodeFacts } from '../ports.ts';
import type { ToolContext } from './tool.ts';

export interface CodeText {
  path: string;
  text: string;
  /** Undefined where there is no grammar for it, or it cannot be parsed. */
  facts: CodeFacts | undefined;
}

/** Files at a time. */
const BATCH = 64;

/** Texts with what their code says, as they are now, in the order of `paths`; what is no text is left out. */
export async function* readCode(
  paths: readonly string[],
  { workspace, code, signal }: Pick<ToolContext, 'workspace' | 'code' | 'signal'>,
): AsyncGenerator<CodeText[]> {
  for (let at = 0; at < paths.length; at += BATCH) {
    signal.throwIfAborted();
    const batch = paths.slice(at, at + BATCH).map(async (path) => ({ path, content: await workspace.read(path) }));
    const read = (await Promise.all(batch)).flatMap(({ path, content }) =>
      content.kind === 'text' ? [{ path, hash: content.hash, content: content.text }] : [],
    );
    const facts = await code.facts(
      read.map(({ path, hash, content }) => ({ path, hash, text: async () => content })),
      signal,
    );
    yield read.map(({ path, content }, index) => ({ path, text: content, facts: facts[index] }));
  }
}
