import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Query } from 'web-tree-sitter';
import type { Code, CodeFacts, CodeFile } from '../../core/ports.ts';
import type { Grammars } from '../grammars/grammars.ts';
import { type Grammar, grammarOf } from '../grammars/languages.ts';
import { readFacts } from './readFacts.ts';

export function openCodeFacts(grammars: Grammars, home: string): Code {
  const queries = new Map<Grammar, Query>();
  const known = new Map<string, CodeFacts | undefined>();
  const queryFor = async (grammar: Grammar): Promise<string | undefined> =>
    readFile(join(home, 'dist', 'grammars', `${grammar}.scm`), 'utf8').catch(() => undefined);

  async function factsOf({ path, hash, text }: CodeFile): Promise<CodeFacts | undefined> {
    const grammar = grammarOf(path);
    if (grammar === undefined) return undefined;
    const key = `${grammar} ${hash}`;
    if (known.has(key)) return known.get(key);
    const source = await queryFor(grammar);
    const written = source === undefined ? undefined : await text();
    if (source === undefined || written === undefined) return undefined;
    const { Query } = await import('web-tree-sitter');
    const read = await grammars.read(grammar, written, (tree) => {
      const query = queries.get(grammar) ?? new Query(tree.language, source);
      queries.set(grammar, query);
      return readFacts(tree, grammar, query, written);
    });
    const facts = read.kind === 'read' ? read.value : undefined;
    known.set(key, facts);
    return facts;
  }

  return {
    async facts(files, signal) {
      const found: (CodeFacts | undefined)[] = [];
      for (const file of files) {
        signal.throwIfAborted();
        found.push(await factsOf(file));
      }
      return found;
    },
  };
}
