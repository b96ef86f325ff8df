import type { Code, CodeSymbol, Workspace } from '../ports.ts';
import { lineCount } from '../tools/bounded.ts';
import { type Stems, stemmer } from '../tools/words.ts';
import type { Summary } from './memo.ts';
import { type Packed, pack } from './packed.ts';
import { type Outline, patternOutline } from './patternOutline.ts';
import { type Hashed, type Listed, type ReadBounds, readKnown } from './readKnown.ts';
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

/** Summaries of files, as `readKnown` has them. */
export function summariesOf(
  files: readonly Listed[],
  { workspace, code }: { workspace: Workspace; code: Code },
  bounds: ReadBounds,
) {
  const withDocs = files.length <= MOST_WITH_DOCS;
  const find = async (some: readonly Hashed[]): Promise<(Summary | undefined)[]> => {
    const isCode = new Map(some.map((file) => [file, traitsOf(file.path).isCode]));
    const outlines = await outlinesOf(
      some.filter((file) => isCode.get(file)),
      code,
      bounds.signal,
    );
    const stems = stemmer();
    return Promise.all(
      some.map(async (file) => {
        const outline = outlines.get(file);
        if (isCode.get(file)) return outline && summaryOf(outline, withDocs ? stems : undefined);
        const text = await file.text();
        return text === undefined ? undefined : { lines: lineCount(text), symbols: 0, text: '', names: '' };
      }),
    );
  };
  return readKnown(files, 'summary', { workspace, find, saying: 'reading code' }, bounds);
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
  const names = symbols.filter(({ exported, container }) => exported && container === undefined);
  const hasDocs = symbols.some(({ doc }) => doc !== undefined);
  const text = [
    [...new Set(names.map(({ name }) => name))].slice(0, MOST_NAMES).join(' '),
    ...imports.map((one) => (one.names.length === 0 ? one.from : `${one.from}\t${one.names.join(' ')}`)),
  ].join('\n');
  const all = [...new Set(symbols.map(({ name }) => name))].join('\n');
  return {
    lines,
    symbols: symbols.length,
    text,
    names: all,
    ...(hasDocs && { docs: stems ? docsOf(outline, stems) : null }),
  };
}

function wordsOf({ name, container, line, endLine, doc = '' }: CodeSymbol) {
  return { line, endLine, heading: name, around: container ?? '', text: doc.slice(0, LONGEST_DOC) };
}
