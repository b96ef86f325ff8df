import type { Code, Workspace } from '../ports.ts';
import { bestOf, type Hits } from '../tools/rankByWords.ts';
import { beginningOf, stemmer, termsOf } from '../tools/words.ts';
import { eachInTurn } from './inTurn.ts';
import { fileAt, filesUnder, type KeptFile, keptOf, memoOf } from './memo.ts';
import { type Found, findIn, type Packed, pack, type Words, wordHash } from './packed.ts';
import { isDocument, type Passage, splitPassages, statusOf, versionOf } from './passages.ts';
import { type Hashed, hashOf, type ReadBounds, readNew } from './readNew.ts';
import { docsOf, MOST_WITH_DOCS, outlinesOf, readSummaries } from './summaries.ts';

/** A passage that was found, with what its document says of it. */
export interface FoundPassage extends Passage {
  /** Of a changelog. */
  version?: string;
  /** Of a record of a decision. */
  status?: string;
}

export interface FoundDocs {
  /** Files that were asked about. */
  files: number;
  /** The best first, `limit` at most. */
  passages: FoundPassage[];
  /** How many there are in all. */
  matches: number;
  documents: number;
  /** Documents, and files with code, that were not looked at. */
  unread: { documents: number; code: number };
}

/** Documents and their passages are kept in memory by their words, about as many bytes as they have. Beyond it, none is read. */
const MOST_BYTES = 48 * 1024 * 1024;
/** What a comment in code says counts less than what a document does, and least in a test. */
const IN_CODE = 0.8;
const IN_TESTS = 0.4;
const IN_PATH = 0.5;

/** The passages of documents and doc comments that match a query best. */
export async function findDocs(
  query: string,
  { under, limit }: { under: string; limit: number },
  ports: { workspace: Workspace; code: Code },
  bounds: ReadBounds,
): Promise<FoundDocs> {
  const { workspace, code } = ports;
  const kept = await keptOf(memoOf(code, workspace.root), await workspace.list(bounds.signal), bounds.signal);
  const files = filesUnder(kept.files, under);
  const { documents, tooMany } = withinBytes(files.filter(({ traits }) => traits.isDocument));
  const sources = filesUnder(kept.code, under);
  const find = async (some: readonly Hashed[]) => {
    const stems = stemmer();
    const texts = await Promise.all(some.map(async ({ path, text }) => ({ path, text: await text() })));
    return texts.map(({ path, text }) =>
      text === undefined ? undefined : pack(splitPassages(path, text).map(wordsOf), stems),
    );
  };
  const unread = await readNew(documents, 'passages', { workspace, find, saying: 'reading documents' }, bounds);
  const many = kept.code.length > MOST_WITH_DOCS;
  // Kept while there were too many.
  if (!many) for (const file of sources) if (file.summary?.docs === null) file.summary = undefined;
  const unreadCode = many ? 0 : await readSummaries(sources, ports, bounds);

  const terms = termsOf(query);
  const hashes = terms.map(wordHash);
  const patterns = terms.map(beginningOf);
  const hits: Hit[] = [];
  const among = { things: 0, words: 0 };
  const look = (file: KeptFile, words: Packed | null | undefined, share: number) => {
    if (!words) return;
    const { found, passages, words: length } = findIn(words, hashes);
    among.things += passages;
    among.words += length;
    if (found.length === 0) return;
    const inPath = patterns.map((pattern) => (pattern.test(file.entry.path) ? IN_PATH : 0));
    for (const one of found) {
      for (let at = 0; at < inPath.length; at += 1)
        one.weights[at] = ((one.weights[at] ?? 0) + (inPath[at] ?? 0)) * share;
      hits.push({ one, file, weights: one.weights, length: one.length });
    }
  };
  const lookIn = (file: KeptFile) => look(file, file.passages, file.traits.isTest ? IN_TESTS : 1);
  await eachInTurn(documents, lookIn, bounds.signal);
  const shareOf = ({ traits }: KeptFile) => (traits.isTest ? IN_TESTS : IN_CODE);
  if (many) {
    for (const { file, docs } of await docsBySearch(terms, under, sources, ports, bounds.signal))
      look(file, docs, shareOf(file));
  } else {
    await eachInTurn(sources, (file) => look(file, file.summary?.docs, shareOf(file)), bounds.signal);
  }
  return {
    passages: await readAgain(bestOf(hits, among, limit), ports, bounds.signal),
    files: files.length,
    matches: hits.length,
    documents: documents.length,
    unread: { documents: tooMany + unread, code: unreadCode },
  };
}

interface Hit extends Hits {
  one: Found;
  file: KeptFile;
}

/** Those nearest to the root first, as far as there is room. */
function withinBytes(documents: readonly KeptFile[]): { documents: KeptFile[]; tooMany: number } {
  if (documents.reduce((sum, { entry }) => sum + entry.bytes, 0) <= MOST_BYTES)
    return { documents: [...documents], tooMany: 0 };
  const depth = ({ entry }: KeptFile) => entry.path.split('/').length;
  const kept: KeptFile[] = [];
  let room = MOST_BYTES;
  for (const file of [...documents].sort((a, b) => depth(a) - depth(b))) {
    if (file.entry.bytes > room) continue;
    room -= file.entry.bytes;
    kept.push(file);
  }
  return { documents: kept, tooMany: documents.length - kept.length };
}

function wordsOf({ line, endLine, headings, text }: Passage): Words {
  return { line, endLine, heading: headings.at(-1) ?? '', around: headings.slice(0, -1).join(' '), text };
}

const MOST_SEARCHES = 4;
const MOST_MATCHES = 500;
const MOST_SEARCHED = 80;
/** A line that is no comment, as far as the line tells, may be in one all the same. */
const NO_COMMENT = 0.3;

/** The doc comments of the files in which a search finds most of the terms. The longest are looked for, as they are rare. */
async function docsBySearch(
  terms: readonly string[],
  under: string,
  sources: readonly KeptFile[],
  { workspace, code }: { workspace: Workspace; code: Code },
  signal: AbortSignal,
): Promise<{ file: KeptFile; docs: Packed }[]> {
  const scores = new Map<KeptFile, number>();
  for (const pattern of [...terms].sort((a, b) => b.length - a.length).slice(0, MOST_SEARCHES)) {
    const query = { pattern, regex: false, caseSensitive: false, wholeWord: false, limit: MOST_MATCHES };
    const best = new Map<KeptFile, number>();
    for (const { path, text } of await workspace.search({ ...query, under: under === '.' ? [] : [under] }, signal)) {
      const file = fileAt(sources, path);
      const score = /^\s*(\/\/|\/?\*|#|--|["']{3})/.test(text) ? 1 : NO_COMMENT;
      if (file) best.set(file, Math.max(best.get(file) ?? 0, score));
    }
    for (const [file, score] of best) scores.set(file, (scores.get(file) ?? 0) + score);
  }
  const files = [...scores]
    .sort((a, b) => b[1] - a[1] || (a[0].entry.path < b[0].entry.path ? -1 : 1))
    .slice(0, MOST_SEARCHED)
    .map(([file]) => file);
  const hashed = await Promise.all(files.map(({ entry }) => hashOf(workspace, entry)));
  const outlines = await outlinesOf(
    hashed.filter((one) => one !== undefined),
    code,
    signal,
  );
  const stems = stemmer();
  return files.flatMap((file, at) => {
    const one = hashed[at];
    const outline = one && outlines.get(one);
    return outline ? [{ file, docs: docsOf(outline, stems) }] : [];
  });
}

/** What was found, as it stands in the files. What has changed in this moment is left out. */
async function readAgain(
  hits: readonly Hit[],
  { workspace, code }: { workspace: Workspace; code: Code },
  signal: AbortSignal,
): Promise<FoundPassage[]> {
  const passages = new Map<string, FoundPassage[]>();
  for (const { path } of new Set(hits.map(({ file }) => file.entry))) {
    signal.throwIfAborted();
    const content = await workspace.read(path);
    if (content.kind !== 'text') continue;
    const { text, hash } = content;
    passages.set(
      path,
      isDocument(path)
        ? splitPassages(path, text).map((passage) => withTraits(passage, text))
        : await docComments({ path, hash, text: async () => text }, code, signal),
    );
  }
  return hits.flatMap(({ file, one: { line, endLine } }) => {
    const here = passages.get(file.entry.path) ?? [];
    return here.find((passage) => passage.line === line && passage.endLine === endLine) ?? [];
  });
}

function withTraits(passage: Passage, text: string): FoundPassage {
  const version = versionOf(passage);
  const status = statusOf(passage.path, text);
  return { ...passage, ...(version !== undefined && { version }), ...(status !== undefined && { status }) };
}

async function docComments(
  file: { path: string; hash: string; text: () => Promise<string> },
  code: Code,
  signal: AbortSignal,
): Promise<FoundPassage[]> {
  const outline = (await outlinesOf([file], code, signal)).get(file);
  return (outline?.symbols ?? []).flatMap(({ name, kind, container, line, endLine, doc }) => {
    const headings = [...(container === undefined ? [] : [container]), `${kind} ${name}`];
    return doc === undefined ? [] : [{ path: file.path, line, endLine, headings, text: doc }];
  });
}

/** The heading of a passage, as it is shown. */
export function headOf({ path, line, headings, version, status }: FoundPassage): string {
  const place = headings.length > 0 ? `${path}:${line} — ${headings.join(' › ')}` : `${path}:${line}`;
  const said =
    version !== undefined && !headings.some((heading) => heading.includes(version)) ? `version ${version}` : undefined;
  const traits = [said, status === undefined ? undefined : `status: ${status}`].filter((one) => one !== undefined);
  return traits.length > 0 ? `${place} (${traits.join(', ')})` : place;
}
