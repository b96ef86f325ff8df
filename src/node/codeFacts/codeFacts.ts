import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Code, CodeFacts, CodeFile, FileEntry } from '../../core/ports.ts';
import { type Grammar, grammarOf } from '../grammars/languages.ts';
import { decode, FORMAT } from './encode.ts';
import { KEY_BYTES } from './packRow.ts';
import { openPacks, type Packs } from './packs.ts';
import { openParser, type Parser } from './parser.ts';

/** Bytes of the facts that are kept in memory, as they are encoded. */
const MOST_BYTES = 512 * 1024;
/** Texts that could not be read, which are not tried again by this process. */
const MOST_FAILED = 1000;
/** Texts at a time: so many are in memory. */
const BATCH = 64;
/** Files that are read ahead at a time: what is looked up for each of a whole repository would take tens of megabytes. */
const STRETCH = 1024;

/** Code, and who reads it before anybody asks. */
export interface CodeReader extends Code {
  /**
   * Finds out what is not known yet of files, as they are now, after all that somebody waits for. What cannot be kept is not
   * read; what changes meanwhile neither.
   * @param root absolute, real path
   */
  readAhead(root: string, files: readonly FileEntry[], signal: AbortSignal): Promise<void>;
}

/** One for each folder: its workers and its memory are there once in a process. */
const opened = new Map<string, CodeReader>();

/**
 * @param home absolute path of the installation
 * @param dir where what was found is kept, absolute; without it, it is kept in memory only
 */
export function openCodeFacts(home: string, dir?: string): CodeReader {
  const key = JSON.stringify([home, dir]);
  const code =
    opened.get(key) ?? codeFacts({ parser: openParser(home), packs: dir ? openPacks(dir) : undefined, home });
  opened.set(key, code);
  return code;
}

export function codeFacts(parts: { parser: Parser; packs: Packs | undefined; home: string }): CodeReader {
  const { parser, packs, home } = parts;
  const recent = recentFacts();
  const failed = new Set<string>();
  const versions = new Map<Grammar, Promise<string | undefined>>();

  /** By what a text is read: another query or format finds other things in it. */
  const versionOf = (grammar: Grammar): Promise<string | undefined> => {
    const known = versions.get(grammar) ?? readVersion(home, grammar);
    versions.set(grammar, known);
    return known;
  };

  async function keysOf(
    files: readonly Pick<CodeFile, 'path' | 'hash'>[],
  ): Promise<({ grammar: Grammar; key: string } | undefined)[]> {
    const grammars = files.map(({ path }) => grammarOf(path));
    const version = new Map<Grammar, string | undefined>();
    for (const grammar of new Set(grammars)) if (grammar) version.set(grammar, await versionOf(grammar));
    return files.map(({ hash }, at) => {
      const grammar = grammars[at];
      const suffix = grammar && version.get(grammar);
      if (!grammar || !suffix) return undefined;
      // As many characters as there are bytes, whatever they are.
      const prefix = Buffer.from(hash.slice(0, 2 * (KEY_BYTES - suffix.length)), 'hex').toString('latin1');
      return { grammar, key: prefix + suffix };
    });
  }

  function fail(key: string): void {
    if (failed.size < MOST_FAILED) failed.add(key);
  }

  async function parse(
    missing: readonly { file: CodeFile; grammar: Grammar; key: string }[],
    signal: AbortSignal,
  ): Promise<Map<string, CodeFacts | undefined>> {
    const texts = await Promise.all(missing.map(async (one) => ({ ...one, text: await one.file.text() })));
    const there = texts.flatMap(({ text, ...one }) => (text === undefined ? [] : [{ ...one, text }]));
    const read = await parser.parse(
      there.map(({ grammar, text }) => ({ grammar, text })),
      signal,
    );
    const found = new Map<string, CodeFacts | undefined>();
    const toKeep = new Map<string, Uint8Array>();
    for (const [at, { file, key, text }] of there.entries()) {
      const bytes = read[at];
      if (!bytes || bytes === 'gone') {
        fail(key);
        continue;
      }
      const facts = bytes.length === 0 ? undefined : decode(bytes);
      found.set(key, facts);
      // It was changed since it was hashed: these are the facts of another text.
      if (createHash('sha256').update(text).digest('hex') !== file.hash) continue;
      if (facts) recent.add(key, facts, bytes.length);
      toKeep.set(key, bytes);
    }
    await packs?.put(toKeep);
    return found;
  }

  async function readSome(
    files: readonly FileEntry[],
    { root, packs, signal }: { root: string; packs: Packs; signal: AbortSignal },
  ): Promise<void> {
    const hashed = files.flatMap(({ path, hash }) => (hash ? [{ path, hash }] : []));
    const keys = await keysOf(hashed);
    const unknown = new Set(await packs.missing(keys.flatMap((known) => (known ? [known.key] : []))));
    const missing = hashed.flatMap(({ path, hash }, at) => {
      const known = keys[at];
      if (!known || !unknown.delete(known.key) || failed.has(known.key)) return [];
      const { grammar, key } = known;
      return [{ key, source: { grammar, file: join(root, path), hash } }];
    });
    for (let at = 0; at < missing.length; at += BATCH) {
      const some = missing.slice(at, at + BATCH);
      const read = await parser.parse(
        some.map(({ source }) => source),
        signal,
        'later',
      );
      const entries = some.flatMap(({ key }, place): [string, Uint8Array][] => {
        const bytes = read[place];
        if (!bytes) fail(key);
        return bytes && bytes !== 'gone' ? [[key, bytes]] : [];
      });
      await packs.put(new Map(entries));
    }
  }

  return {
    async facts(files, signal) {
      const keys = await keysOf(files);
      /** Undefined for a text that is known to have none. */
      const facts = new Map<string, CodeFacts | undefined>();
      const wanted = [...new Set(keys.flatMap((known) => (known && !failed.has(known.key) ? [known.key] : [])))];
      const elsewhere = wanted.filter((key) => {
        const known = recent.get(key);
        if (known) facts.set(key, known);
        return !known;
      });
      signal.throwIfAborted();
      for (const [at, bytes] of ((await packs?.get(elsewhere)) ?? []).entries()) {
        const key = elsewhere[at];
        if (!bytes || key === undefined) continue;
        const known = bytes.length === 0 ? undefined : decode(bytes);
        facts.set(key, known);
        if (known) recent.add(key, known, bytes.length);
      }
      const missing = new Map<string, { file: CodeFile; grammar: Grammar; key: string }>();
      for (const [at, file] of files.entries()) {
        const known = keys[at];
        if (known && !facts.has(known.key) && !failed.has(known.key)) missing.set(known.key, { file, ...known });
      }
      const toParse = [...missing.values()];
      for (let at = 0; at < toParse.length; at += BATCH) {
        for (const [key, found] of await parse(toParse.slice(at, at + BATCH), signal)) facts.set(key, found);
      }
      return keys.map((known) => known && facts.get(known.key));
    },
    async readAhead(root, files, signal) {
      if (!packs) return;
      for (let at = 0; at < files.length; at += STRETCH)
        await readSome(files.slice(at, at + STRETCH), { root, packs, signal });
    },
  };
}

/** Undefined where there is no query for it: then nothing is known of such texts. */
async function readVersion(home: string, grammar: Grammar): Promise<string | undefined> {
  const dir = join(home, 'dist', 'grammars');
  try {
    const hash = createHash('sha256').update(String(FORMAT));
    for (const kind of ['scm', 'wasm']) hash.update(await readFile(join(dir, `${grammar}.${kind}`)));
    return hash.digest().toString('latin1', 0, 4);
  } catch {
    return undefined;
  }
}

/** Those that were asked for last, up to a bound. */
function recentFacts(): {
  get: (key: string) => CodeFacts | undefined;
  add: (key: string, facts: CodeFacts, bytes: number) => void;
} {
  const kept = new Map<string, { facts: CodeFacts; bytes: number }>();
  let total = 0;
  return {
    get(key) {
      const known = kept.get(key);
      if (!known) return undefined;
      kept.delete(key);
      kept.set(key, known);
      return known.facts;
    },
    add(key, facts, bytes) {
      if (kept.has(key)) return;
      kept.set(key, { facts, bytes });
      total += bytes;
      for (const [oldest, { bytes: size }] of kept) {
        if (total <= MOST_BYTES) break;
        kept.delete(oldest);
        total -= size;
      }
    },
  };
}
