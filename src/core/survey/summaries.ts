import type { Code, CodeSymbol, Workspace } from '../ports.ts';
import { lineCount } from '../tools/bounded.ts';
import { type Stems, stemmer } from '../tools/words.ts';
import type { KeptFile, Summary } from './memo.ts';
import { type Packed, pack, wordHash } from './packed.ts';
import { type Outline, patternOutline } from './patternOutline.ts';
import { type Hashed, type ReadBounds, readNew } from './readNew.ts';
import { traitsOf } from './traits.ts';

/** Of more files with code, the words of their doc comments are not kept: they would take more memory than all the rest. */
export const MOST_WITH_DOCS = 25_000;
const MOST_NAMES = 60;
const MOST_DOCS = 60;
const LONGEST_DOC = 400;

/** The words of the doc comments of code. */
export function docsOf({ symbols }: Outline, stems: Stems): Packed {
  return pack(
    symbols
      .filter(({ doc }) => doc !== undefined)
      .slice(0, MOST_DOCS)
      .map(wordsOf),
    stems,
  );
}

/**
 * Has the summaries of files, as `readNew` does, where we know their language; what tells most is read first, as there may be
 * no time for all.
 */
export function readSummaries(
  files: readonly KeptFile[],
  { workspace, code }: { workspace: Workspace; code: Code },
  bounds: ReadBounds,
): Promise<number> {
  const withDocs = countCode(files) <= MOST_WITH_DOCS;
  const shared = sharing();
  const find = async (some: readonly Hashed[]): Promise<(Summary | undefined)[]> => {
    const isCode = new Map(some.map((file) => [file, traitsOf(file.path).isCode]));
    const outlines = await outlinesOf(
      some.filter((file) => isCode.get(file)),
      code,
      bounds.signal,
    );
    const stems = withDocs ? stemmer() : undefined;
    return Promise.all(
      some.map(async (file) => {
        const outline = outlines.get(file);
        // It is put into words once, and those are much.
        outlines.delete(file);
        const summary = isCode.get(file) ? outline && summaryOf(outline, stems) : await summaryOfText(file);
        return summary && shared(summary);
      }),
    );
  };
  const first = ({ traits: { isCode, isTest } }: KeptFile) => (isCode ? (isTest ? 1 : 0) : 2);
  const isMeant = ({ traits }: KeptFile): boolean => traits.language !== undefined;
  return readNew(files, 'summary', { workspace, find, isMeant, first, saying: 'reading code' }, bounds);
}

function countCode(files: readonly KeptFile[]): number {
  return files.reduce((count, { traits }) => (traits.isCode ? count + 1 : count), 0);
}

/** Texts, and summaries, that others may share: those of a package and its other builds, which are read one after another. */
const MOST_SHARED = 4096;

/**
 * Gives the same strings for the same texts, and the same summary where all of it is the same: packages come in several
 * builds, and many files define the same names.
 */
function sharing(): (summary: Summary) => Summary {
  const texts = new Map<string, string>();
  const known = new Map<number, Summary>();
  const sharedText = (text: string): string => {
    const same = texts.get(text);
    if (same !== undefined) return same;
    if (texts.size >= MOST_SHARED) texts.clear();
    texts.set(text, text);
    return text;
  };
  return (summary) => {
    const key = wordHash(summary.names) + summary.lines * 2 ** 32;
    const alike = known.get(key);
    if (alike && isSame(alike, summary)) return alike;
    summary.names = sharedText(summary.names);
    summary.imports = sharedText(summary.imports);
    if (known.size >= MOST_SHARED) known.clear();
    known.set(key, summary);
    return summary;
  };
}

function isSame(a: Summary, b: Summary): boolean {
  return (
    a.lines === b.lines &&
    a.symbols === b.symbols &&
    a.names === b.names &&
    a.offered === b.offered &&
    a.imports === b.imports &&
    a.docs === b.docs
  );
}

/** By its grammar; where that does not tell, by patterns. */
export async function outlinesOf(
  files: readonly Hashed[],
  code: Code,
  signal: AbortSignal,
): Promise<Map<Hashed, Outline>> {
  const outlines = new Map<Hashed, Outline>();
  const facts = files.length === 0 ? [] : await code.facts(files, signal);
  for (const [at, file] of files.entries()) {
    const known = facts[at];
    const text = known ? undefined : await file.text();
    const outline = known ?? (text === undefined ? undefined : patternOutline(file.path, text));
    if (outline) outlines.set(file, outline);
  }
  return outlines;
}

function summaryOf(outline: Outline, stems: Stems | undefined): Summary {
  const { lines, symbols, imports } = outline;
  const exported = symbols.filter((symbol) => symbol.exported && symbol.container === undefined);
  const offered = [...new Set(exported.map(({ name }) => name))].slice(0, MOST_NAMES);
  const names = new Set([...offered, ...symbols.map(({ name }) => name)]);
  return {
    lines,
    symbols: symbols.length,
    names: onLines([...names]),
    offered: onLines(offered).length,
    imports: onLines(imports.map((one) => (one.names.length === 0 ? one.from : `${one.from}\t${one.names.join(' ')}`))),
    docs: symbols.some(({ doc }) => doc !== undefined) ? (stems ? docsOf(outline, stems) : null) : undefined,
  };
}

/** A string of its own: a text alone, as `join` gives it back, may be a part of a file's whole text, and keep that in memory. */
function onLines(texts: readonly string[]): string {
  return texts.length === 0 ? '' : [...texts, ''].join('\n');
}

async function summaryOfText(file: Hashed): Promise<Summary | undefined> {
  const text = await file.text();
  if (text === undefined) return undefined;
  return { lines: lineCount(text), symbols: 0, names: '', offered: 0, imports: '', docs: undefined };
}

function wordsOf({ name, container, line, endLine, doc = '' }: CodeSymbol) {
  return { line, endLine, heading: name, around: container ?? '', text: doc.slice(0, LONGEST_DOC) };
}
