import { z } from 'zod';
import { type FoundDocs, type FoundPassage, findDocs, headOf } from '../survey/findDocs.ts';
import { bounded, cutLine } from './bounded.ts';
import { counted } from './counted.ts';
import { givenPath } from './givenPath.ts';
import type { Tool } from './tool.ts';

const ARGS = z.object({
  query: z.string(),
  limit: z.int().min(1).max(50).optional(),
  under: z.string().optional(),
});

const RESULT = z.object({
  /** The best first. */
  passages: z.array(
    z.object({
      path: z.string(),
      line: z.int(),
      endLine: z.int(),
      headings: z.array(z.string()),
      text: z.string(),
      version: z.string().optional(),
      status: z.string().optional(),
    }),
  ),
  /** Passages that match in all. */
  matches: z.int(),
  /** Documents and files with code that were not searched. */
  unread: z.int(),
  /** Passages that were asked for are missing, or a text is cut. */
  truncated: z.boolean(),
});
type Result = z.infer<typeof RESULT>;

const LONGEST_PASSAGE = 700;
/** Of a passage with a block of code, which is shown whole. */
const LONGEST_BLOCK = 3000;
/** Milliseconds for reading what is new; what is left then is read at the next call. */
const PATIENCE = 15_000;

export const searchDocs: Tool<z.infer<typeof ARGS>, Result> = {
  name: 'search_docs',
  description:
    'Searches documentation (README, CHANGELOG, docs, decisions) and doc comments, and shows the best passages with headings and path:line. under narrows it to a folder.',
  args: ARGS,
  result: RESULT,
  run: async ({ query, limit = 8, under: given }, ctx) => {
    const under = given === undefined ? '.' : givenPath(given, ctx.workspace);
    const found = await findDocs(query, { under, limit }, ctx, {
      signal: ctx.signal,
      until: performance.now() + PATIENCE,
      ...(ctx.onProgress && { onProgress: ctx.onProgress }),
    });
    if (found.files === 0 && under !== '.') {
      return { text: 'There are no files under that path. read_file with path="." shows the folders.', isError: true };
    }
    const { passages } = found;
    const longest = Math.min(LONGEST_BLOCK, Math.floor(ctx.maxChars / 2));
    const texts = passages.map((passage) => passageText(passage, longest));
    const notes = notesOf(query, under, found, limit);
    const text = [...texts, ...notes].join('\n\n');
    const readOn = () => `search_docs with a smaller limit or other words, or read_file, shows more.`;
    return { text: bounded(text, ctx.maxChars, readOn), isError: false, data: dataOf(found, longest, ctx.maxChars) };
  },
};

function notesOf(
  query: string,
  under: string,
  { passages, matches, documents, unread }: FoundDocs,
  limit: number,
): string[] {
  const notes: string[] = [];
  const where = under === '.' ? 'This workspace' : cutLine(under, 200);
  if (documents === 0 && passages.length === 0) notes.push(`${where} has no documentation files.`);
  else if (passages.length === 0) notes.push(`No passage in the documentation matches "${cutLine(query, 200)}".`);
  if (matches > limit) notes.push(`(${matches - limit} weaker matches; a larger limit shows more.)`);
  if (unread.documents > 0)
    notes.push(`(${counted(unread.documents, 'further document')} not searched; under narrows it to a folder.)`);
  if (unread.code > 0)
    notes.push(`(Doc comments of ${counted(unread.code, 'file')} not read yet: the same call again goes on.)`);
  return notes;
}

function passageText(passage: FoundPassage, longest: number): string {
  const head = headOf(passage);
  if (passage.text === '') return head;
  return `${head}\n${bounded(passage.text, lengthOf(passage, longest), () => `read_file ${passage.path} from line ${passage.line} shows all.`)}`;
}

function lengthOf({ text }: FoundPassage, longest: number): number {
  return /^\s*(```|~~~)/m.test(text) ? longest : Math.min(LONGEST_PASSAGE, longest);
}

/** As much as the text could say, too. */
function dataOf({ passages, matches, unread }: FoundDocs, longest: number, maxChars: number): Result {
  const data: Result = { passages: [], matches, unread: unread.documents + unread.code, truncated: false };
  let room = maxChars - JSON.stringify(data).length;
  for (const passage of passages) {
    const { path, line, endLine, headings, version, status } = passage;
    const text = cutLine(passage.text, lengthOf(passage, longest));
    const one = {
      path,
      line,
      endLine,
      headings,
      text,
      ...(version !== undefined && { version }),
      ...(status !== undefined && { status }),
    };
    room -= JSON.stringify(one).length + 1;
    if (room < 0) return { ...data, truncated: true };
    data.passages.push(one);
    if (text !== passage.text) data.truncated = true;
  }
  return data;
}
