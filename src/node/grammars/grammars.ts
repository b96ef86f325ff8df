import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Parser, Tree } from 'web-tree-sitter';
import type { Grammar } from './languages.ts';

/** tree-sitter's grammars, for everything that reads code: each is loaded when a text of its language first comes. */
export interface Grammars {
  /**
   * Parses a text and has its tree read. The tree is freed when `use` returns: nothing of it may be kept. Parsing holds
   * up the process, so it is given up after `limit` milliseconds; and where the tree takes too much memory, as this is
   * never given back.
   */
  read<T>(grammar: Grammar, text: string, use: (tree: Tree) => T, limit?: number): Promise<Read<T>>;
  /** The grammars that were loaded so far, or failed to, in that order. */
  loaded(): Grammar[];
}

export type Read<T> =
  | { kind: 'read'; value: T }
  | { kind: 'slow'; limit: number }
  | { kind: 'large' }
  /** Its grammar did not load, or broke down, and is not tried again; `reason` is a clause without a full stop. */
  | { kind: 'unavailable'; reason: string };

/** Milliseconds. */
const LONGEST_PARSE = 500;
/**
 * Bytes of tree-sitter's memory: what it begins with, and no tree makes it grow. A node takes about 100, so that this is a
 * megabyte of code as people write it.
 */
const MOST_MEMORY = 32 * 1024 * 1024;

/** One for each folder: a grammar that was loaded stays in memory, so it is loaded once in a process. */
const opened = new Map<string, Grammars>();

/** @param home absolute path of the installation, where dist/grammars/ is */
export function grammarsOf(home: string): Grammars {
  const dir = join(home, 'dist', 'grammars');
  const grammars = opened.get(dir) ?? openGrammars(dir);
  opened.set(dir, grammars);
  return grammars;
}

function openGrammars(dir: string): Grammars {
  const parsers = new Map<Grammar, Promise<Loaded>>();
  return {
    loaded: () => [...parsers.keys()],
    async read(grammar, text, use, limit = LONGEST_PARSE) {
      const loading = parsers.get(grammar) ?? load(dir, grammar);
      parsers.set(grammar, loading);
      const loaded = await loading;
      if (loaded.kind === 'unavailable') return loaded;
      const parsed = parse(loaded.parser, text, limit);
      // Its memory cannot be trusted any more.
      if (parsed.kind === 'unavailable') parsers.set(grammar, Promise.resolve(parsed));
      if (parsed.kind !== 'tree') return parsed;
      try {
        return { kind: 'read', value: use(parsed.tree) };
      } finally {
        parsed.tree.delete();
      }
    },
  };
}

type Loaded = { kind: 'loaded'; parser: Parser } | Extract<Read<never>, { kind: 'unavailable' }>;

async function load(dir: string, grammar: Grammar): Promise<Loaded> {
  try {
    const [{ Language, Parser }, wasm] = await Promise.all([runtime(dir), readFile(join(dir, `${grammar}.wasm`))]);
    return { kind: 'loaded', parser: new Parser().setLanguage(await Language.load(wasm)) };
  } catch (error) {
    return unavailable(error);
  }
}

type Runtime = typeof import('web-tree-sitter');

/** Emscripten makes it the module itself: it shows its memory. */
const module: { HEAPU8?: Uint8Array } = {};
let starting: Promise<Runtime> | undefined;

/** tree-sitter itself, which is one for the process. */
async function runtime(dir: string): Promise<Runtime> {
  starting ??= start(dir);
  try {
    return await starting;
  } catch (error) {
    starting = undefined;
    throw error;
  }
}

async function start(dir: string): Promise<Runtime> {
  const [treeSitter, wasmBinary] = await Promise.all([
    import('web-tree-sitter'),
    readFile(join(dir, 'web-tree-sitter.wasm')),
  ]);
  // It would look for its own file beside the bundle.
  Object.assign(module, { wasmBinary, locateFile: (file: string) => join(dir, file) });
  await treeSitter.Parser.init(module);
  return treeSitter;
}

type Parsed = { kind: 'tree'; tree: Tree } | Exclude<Read<never>, { kind: 'read' }>;

function parse(parser: Parser, text: string, limit: number): Parsed {
  const end = performance.now() + limit;
  const memory = (): number => module.HEAPU8?.byteLength ?? 0;
  // What another one has taken is there for this one, too.
  const most = Math.max(memory(), MOST_MEMORY);
  try {
    const tree = parser.parse(text, null, { progressCallback: () => performance.now() > end || memory() > most });
    if (tree !== null) return { kind: 'tree', tree };
    // Otherwise the next text would be taken for the rest of this one.
    parser.reset();
    return memory() > most ? { kind: 'large' } : { kind: 'slow', limit };
  } catch (error) {
    return unavailable(error);
  }
}

function unavailable(error: unknown): Extract<Read<never>, { kind: 'unavailable' }> {
  return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
}
