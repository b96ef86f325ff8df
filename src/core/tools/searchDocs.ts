import { posix } from 'node:path';
import { z } from 'zod';
import type { Workspace } from '../ports.ts';
import { bounded, cutLine } from './bounded.ts';
import { rankByWords } from './rankByWords.ts';
import { readTexts } from './readTexts.ts';
import type { Tool } from './tool.ts';

const ARGS = z.object({ query: z.string(), limit: z.int().min(1).max(50).optional() });

/** A paragraph of a document. */
export interface Passage {
  path: string;
  /** 1-based line where it begins. */
  line: number;
  /** The headings it stands below, outermost first. */
  headings: string[];
  text: string;
}

const MOST_DOCUMENTS = 2000;
const LONGEST_PASSAGE = 700;

export const searchDocs: Tool<z.infer<typeof ARGS>> = {
  name: 'search_docs',
  description:
    'Searches the documentation (README, CHANGELOG, docs/, *.md, *.rst, *.txt) and shows the passages that match most words of the query, with heading and path:line.',
  args: ARGS,
  run: async (args, ctx) => {
    const { passages, skipped } = await readPassages(ctx.workspace, ctx.signal);
    if (passages.length === 0) return { text: 'This workspace has no documentation files.', isError: false };
    const ranked = rankPassages(passages, args.query);
    const limit = args.limit ?? 8;
    const note = skipped > 0 ? `\n\n(${skipped} further documents were not searched.)` : '';
    if (ranked.length === 0) {
      return { text: `No passage in the documentation matches "${cutLine(args.query, 200)}".${note}`, isError: false };
    }
    const shown = ranked.slice(0, limit).map(passageText).join('\n\n');
    const rest =
      ranked.length > limit ? `\n\n(${ranked.length - limit} weaker matches; a larger limit shows more.)` : '';
    return {
      text: bounded(`${shown}${rest}${note}`, ctx.maxChars, () => 'Use read_file on one of the files, or other words.'),
      isError: false,
    };
  },
};

/** The passages with at least one word of the query: those with most different words first, then those with the rarer words. */
export function rankPassages(passages: readonly Passage[], query: string): Passage[] {
  const words = (passage: Passage) => ({
    text: passage.text,
    beside: [
      { text: passage.headings.join(' '), weight: 2 },
      { text: passage.path, weight: 0.5 },
    ],
  });
  const inOrder = (a: Passage, b: Passage) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1);
  return rankByWords([...passages].sort(inOrder), query, words);
}

/** Splits a document at headings (Markdown's and reStructuredText's) and empty lines. Code blocks stay whole. */
export function splitPassages(path: string, text: string): Passage[] {
  const passages: Passage[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  let headings: string[] = [];
  let paragraph: { line: number; lines: string[] } | undefined;
  let fence: string | undefined;
  const close = () => {
    if (paragraph) passages.push({ path, line: paragraph.line, headings, text: paragraph.lines.join('\n') });
    paragraph = undefined;
  };
  for (const [index, line] of lines.entries()) {
    const mark = /^\s*(```|~~~)/.exec(line)?.[1];
    if (mark !== undefined && (fence === undefined || fence === mark)) fence = fence === undefined ? mark : undefined;
    const heading = fence === undefined && mark === undefined ? headingOf(line, lines[index + 1]) : undefined;
    if (heading) {
      close();
      headings = [...headings.slice(0, heading.level - 1), heading.title];
      // A heading is a passage of its own, so that one without text below is found as well.
      passages.push({ path, line: index + 1, headings, text: '' });
    } else if (line.trim() === '' && fence === undefined) {
      close();
    } else if (fence !== undefined || !isUnderline(line)) {
      paragraph ??= { line: index + 1, lines: [] };
      paragraph.lines.push(line);
    }
  }
  close();
  return passages.filter((passage, at) => passage.text !== '' || isBare(passage, passages[at + 1]));
}

/** True for a heading that no text follows before the next one. */
function isBare(passage: Passage, next: Passage | undefined): boolean {
  return next === undefined || next.text === '' || next.headings.length !== passage.headings.length;
}

function headingOf(line: string, next: string | undefined): { level: number; title: string } | undefined {
  const marked = /^(#{1,6}|={1,6})\s+(.+?)\s*[#=]*$/.exec(line);
  if (marked?.[1] && marked[2]) return { level: marked[1].length, title: marked[2] };
  if (next === undefined || !isUnderline(next) || !/[\p{L}\p{N}]/u.test(line) || /^\s*[-*>|]/.test(line))
    return undefined;
  // Levels of underlines differ from document to document; these two orders are by far the commonest.
  const level = { '=': 1, '-': 2, '~': 3, '^': 4 }[next.trim().charAt(0)] ?? 2;
  return { level, title: line.trim() };
}

function isUnderline(line: string): boolean {
  return /^([=\-~^"*+#])\1{2,}\s*$/.test(line);
}

async function readPassages(
  workspace: Workspace,
  signal: AbortSignal,
): Promise<{ passages: Passage[]; skipped: number }> {
  const documents = (await workspace.list(signal)).map(({ path }) => path).filter(isDocument);
  const texts = await readTexts(workspace, documents.slice(0, MOST_DOCUMENTS), signal);
  return {
    passages: texts.flatMap(({ path, text }) => splitPassages(path, text)),
    skipped: Math.max(0, documents.length - MOST_DOCUMENTS),
  };
}

function isDocument(path: string): boolean {
  const name = posix.basename(path).toLowerCase();
  if (/^(requirements.*|cmakelists|constraints.*|robots)\.txt$/.test(name)) return false;
  if (/\.(md|mdx|markdown|rst|adoc|txt)$/.test(name)) return true;
  return /^(readme|changelog|contributing|news)(\.|$)/.test(name);
}

function passageText({ path, line, headings, text }: Passage): string {
  const place = `${path}:${line}`;
  const head = headings.length > 0 ? `${place} — ${headings.join(' › ')}` : place;
  return text === ''
    ? head
    : `${head}\n${bounded(text, LONGEST_PASSAGE, () => `read_file ${path} from line ${line} shows all.`)}`;
}
