import type { FileAction, ProposedFile } from '../../shared/events.ts';
import { count, plusMinus } from './measures.ts';
import type { Paint } from './paint.ts';
import { clean, oneLine } from './plainText.ts';

const DONE: Record<FileAction, string> = { create: 'new', modify: 'changed', delete: 'deleted', rename: 'renamed' };

/**
 * The unified diff of a proposal, for reading. Lines are not cut, so that they can be copied.
 * @param options.linesPerFile more lines of one file than this are counted instead of shown; all are shown where absent
 */
export function drawDiff(files: readonly ProposedFile[], options: { paint: Paint; linesPerFile?: number }): string[] {
  const { paint, linesPerFile = Number.POSITIVE_INFINITY } = options;
  return files.flatMap((file) => {
    const lines = diffLines(file.diff);
    const shown = lines.slice(0, linesPerFile);
    const more = lines.length - shown.length;
    return [
      diffHeader(file, paint),
      ...shown.map(paintedLines(paint)),
      ...(more > 0 ? [paint('faint', `… ${count(more, 'more line')} of ${oneLine(file.path)}`)] : []),
      '',
    ];
  });
}

/** For example "src/auth/jwt.js  new  +40 −0". */
export function diffHeader(file: ProposedFile, paint: Paint): string {
  return `${paint('strong', namedFile(file))}  ${DONE[file.action]}  ${paintedPlusMinus(file, paint)}`;
}

/** The path, and for a rename where it was. */
export function namedFile({ path, from }: { path: string; from?: string }): string {
  return from === undefined ? oneLine(path) : `${oneLine(from)} → ${oneLine(path)}`;
}

export function paintedPlusMinus(file: { added: number; removed: number }, paint: Paint): string {
  const [plus = '', minus = ''] = plusMinus(file).split(' ');
  return `${paint('good', plus)} ${paint('bad', minus)}`;
}

function diffLines(diff: string): string[] {
  const text = clean(diff);
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

/** Remembers whether it is inside a hunk: there, "--- x" is a removed line and no file name. */
function paintedLines(paint: Paint): (line: string) => string {
  let inHunk = false;
  return (line) => {
    if (line.startsWith('diff --git ')) inHunk = false;
    if (line.startsWith('@@')) {
      inHunk = true;
      return paint('place', line);
    }
    if (!inHunk) return paint('faint', line);
    if (line.startsWith('+')) return paint('good', line);
    if (line.startsWith('-')) return paint('bad', line);
    return line.startsWith('\\') ? paint('faint', line) : line;
  };
}
