import type { NamedFile } from './block.ts';
import { fence, guessedPathIn, isListItem, mentionsOtherFile, pathIn, pathInInfo } from './blockLines.ts';

export interface BlockHead {
  file?: NamedFile;
  explanation: string;
}

/**
 * The file and the explanation that the prose before a block gives.
 * @param last the file of the block before, which goes on unless another one is spoken of
 */
export function headOf(prose: readonly string[], last: NamedFile | undefined): BlockHead {
  const { infos, body } = beforeFences(prose);
  const inFence = infos.map(pathInInfo).find((path) => path !== undefined);
  if (inFence !== undefined) return { file: { path: inFence }, explanation: explanationIn(body) };
  const line = body.at(-1) ?? '';
  const named = pathIn(line);
  if (named !== undefined) return { file: { path: named }, explanation: explanationIn(body.slice(0, -1)) };
  const speaksOfAnother = last !== undefined && body.some((said) => mentionsOtherFile(said, last.path));
  const inherited = speaksOfAnother ? undefined : last;
  const guess = guessedPathIn(line);
  if (guess === undefined) return { ...(inherited && { file: inherited }), explanation: explanationIn(body) };
  const guessed = inherited === undefined ? {} : { otherwise: inherited };
  return { file: { path: guess, guessed }, explanation: explanationIn(body.slice(0, -1)) };
}

/** The path that the last line of the prose holds, and nothing else; the last item of a list of files names none. */
export function pathBefore(prose: readonly string[]): { path?: string; explanation: string } {
  const lines = prose.slice(-NEAR).filter((line) => line.trim() !== '');
  const line = lines.at(-1) ?? '';
  const isFenceOrItem = fence(line) !== undefined || (isListItem(line) && isListItem(lines.at(-2) ?? ''));
  const path = isFenceOrItem ? undefined : pathIn(line);
  if (path === undefined) return { explanation: explanationIn(lines) };
  return { path, explanation: explanationIn(lines.slice(0, -1)) };
}

/** Lines in which a path, and what is said of it, stand before a fence. */
const NEAR = 40;

/** Without the fences at its end, whose info strings are apart. */
function beforeFences(prose: readonly string[]): { infos: string[]; body: string[] } {
  const lines = prose.filter((line) => line.trim() !== '');
  const fences = lines.length - 1 - lines.findLastIndex((line) => !fence(line));
  const infos = lines.slice(lines.length - fences).map((line) => fence(line)?.info ?? '');
  return { infos, body: lines.slice(0, lines.length - fences) };
}

function explanationIn(said: readonly string[]): string {
  return said
    .filter((line) => !fence(line))
    .slice(-3)
    .map((line) => line.trim())
    .join('\n');
}
