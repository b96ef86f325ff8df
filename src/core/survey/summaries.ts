import { posix } from 'node:path';
import type { Code, CodeSymbol, FileEntry, Workspace } from '../ports.ts';
import { lineCount } from '../tools/bounded.ts';
import { languageOf } from '../tools/languages.ts';
import { memoOf, type Summary } from './memo.ts';
import { pack } from './packed.ts';
import { type Outline, patternOutline } from './patternOutline.ts';
import { type Hashed, type ReadBounds, readKnown } from './readKnown.ts';

/** Languages of data and texts: only their lines are counted. */
const NO_CODE = new Set(['HTML', 'CSS', 'Markdown', 'reStructuredText', 'JSON', 'YAML', 'TOML', 'XML', 'SQL']);

const MOST_NAMES = 60;
const MOST_DOCS = 60;
const LONGEST_DOC = 400;

/** By its name, whether a file is a program's. */
export function isCode(path: string): boolean {
  const language = languageOf(path);
  return language !== undefined && !NO_CODE.has(language);
}

/** Summaries of files, as `readKnown` has them. */
export function summariesOf(
  files: readonly FileEntry[],
  { workspace, code }: { workspace: Workspace; code: Code },
  bounds: ReadBounds,
) {
  return readKnown(
    files,
    {
      workspace,
      known: memoOf(code).code,
      kind: (path) => posix.extname(path),
      saying: 'reading code',
      learn: async (some) => {
        const found: (Summary | undefined)[] = [];
        const outlines = await outlinesOf(
          some.filter(({ path }) => isCode(path)),
          code,
          bounds.signal,
        );
        for (const file of some) {
          if (isCode(file.path)) {
            const outline = outlines.get(file);
            found.push(outline && summaryOf(outline));
          } else {
            const text = await file.text();
            found.push(text === undefined ? undefined : { lines: lineCount(text), symbols: 0, text: '' });
          }
        }
        return found;
      },
    },
    bounds,
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

function summaryOf({ lines, symbols, imports }: Outline): Summary {
  const names = symbols.filter(({ exported, container }) => exported && container === undefined);
  const docs = symbols.filter((symbol) => symbol.doc !== undefined).slice(0, MOST_DOCS);
  const text = [
    [...new Set(names.map(({ name }) => name))].slice(0, MOST_NAMES).join(' '),
    ...imports.map((one) => (one.names.length === 0 ? one.from : `${one.from}\t${one.names.join(' ')}`)),
  ].join('\n');
  return { lines, symbols: symbols.length, text, ...(docs.length > 0 && { docs: pack(docs.map(wordsOf)) }) };
}

function wordsOf({ name, container, line, endLine, doc = '' }: CodeSymbol) {
  return { line, endLine, heading: name, around: container ?? '', text: doc.slice(0, LONGEST_DOC) };
}
