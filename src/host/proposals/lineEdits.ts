import * as vscode from 'vscode';
import { rawLines, stretches } from '../../core/changes/textLines.ts';

/** Whether a document, which knows one line end only, holds this text of a file. */
export function holds(document: vscode.TextDocument, text: string): boolean {
  return plain(document.getText()) === plain(text);
}

/** Whether a document, which knows one line end only, would be saved with other line ends than the text has. */
export function mixesLineEnds(text: string): boolean {
  const ends = new Set(text.match(/\r\n|\r|\n/g));
  return ends.size > 1 || ends.has('\r');
}

/**
 * The edits that make the document's text this one, line by line: cursors, folds and undo stay where nothing changes.
 * Line ends become the document's, unless the text has another one throughout.
 */
export function lineEdits(document: vscode.TextDocument, text: string): vscode.TextEdit[] {
  const now = rawLines(plain(document.getText()));
  const wanted = rawLines(plain(text));
  const edits = stretches(now, wanted).flatMap((part): vscode.TextEdit[] => {
    if (part.kind === 'shared') return [];
    const range = new vscode.Range(
      placeOf(document, now, part.from),
      placeOf(document, now, part.from + part.replaced),
    );
    return [vscode.TextEdit.replace(range, wanted.slice(part.to, part.to + part.added).join(''))];
  });
  const ends = new Set(text.match(/\r?\n/g));
  const end = ends.has('\r\n') ? vscode.EndOfLine.CRLF : vscode.EndOfLine.LF;
  if (ends.size === 1 && end !== document.eol) edits.push(vscode.TextEdit.setEndOfLine(end));
  return edits;
}

/** Before the line; behind the last one there may be no other, where the file does not end in a newline. */
function placeOf(document: vscode.TextDocument, lines: readonly string[], line: number): vscode.Position {
  const isBehindAll = line >= lines.length && lines.at(-1)?.endsWith('\n') === false;
  return isBehindAll ? document.lineAt(document.lineCount - 1).range.end : new vscode.Position(line, 0);
}

/** As a document compares: without a byte order mark, with one kind of line end. */
function plain(text: string): string {
  return text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
}
