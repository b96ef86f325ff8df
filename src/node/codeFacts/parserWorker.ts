/** Runs in a worker: reads the facts of one text after another. Its memory goes with it, which WebAssembly never gives back. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { Query } from 'web-tree-sitter';
import { grammarsOf } from '../grammars/grammars.ts';
import type { Grammar } from '../grammars/languages.ts';
import { strictly } from '../otherEncodings.ts';
import { LARGEST_FILE, readPlainFile } from '../plainFile.ts';
import { encode, NOTHING } from './encode.ts';
import type { Parsed, ToParse } from './parser.ts';
import { readFacts } from './readFacts.ts';

/** Milliseconds that what is found in a tree may take. */
const LONGEST_QUERY = 1000;

const { home } = workerData as { home: string };
const grammars = grammarsOf(home);
const queries = new Map<Grammar, Promise<{ source: string; query?: Query }>>();

async function factsOf(grammar: Grammar, text: string): Promise<Uint8Array | undefined> {
  const { Query } = await import('web-tree-sitter');
  const known =
    queries.get(grammar) ??
    readFile(join(home, 'dist', 'grammars', `${grammar}.scm`), 'utf8').then((source) => ({ source }));
  queries.set(grammar, known);
  const found: { source: string; query?: Query } = await known;
  const read = await grammars.read(grammar, text, (tree) => {
    found.query ??= new Query(tree.language, found.source);
    return readFacts(tree, grammar, found.query, text, performance.now() + LONGEST_QUERY);
  });
  // Other grammars take a part of the memory: that it is too large for any worker is only known without them.
  if (read.kind === 'large') return grammars.loaded().length === 1 ? NOTHING : undefined;
  return read.kind === 'read' && read.value ? encode(read.value) : undefined;
}

/** By its content, it does not matter how the path leads there. @returns undefined for what is no text */
async function textOf(file: string, hash: string): Promise<string | undefined | 'gone'> {
  const found = await readPlainFile(file, LARGEST_FILE, { follow: false });
  if (found.kind !== 'bytes' || createHash('sha256').update(found.bytes).digest('hex') !== hash) return 'gone';
  return found.bytes.includes(0) ? undefined : strictly('utf-8', found.bytes);
}

parentPort?.on('message', async (asked: ToParse) => {
  const { id, grammar } = asked;
  const text = 'text' in asked ? asked.text : await textOf(asked.file, asked.hash).catch(() => 'gone' as const);
  // A text that breaks a grammar has no facts; the next one may have.
  const read = text === undefined || text === 'gone' ? text : await factsOf(grammar, text).catch(() => undefined);
  const parsed: Parsed = { id, read, length: text?.length ?? 0 };
  parentPort?.postMessage(parsed, read && read !== 'gone' && read !== NOTHING ? [read.buffer as ArrayBuffer] : []);
});
