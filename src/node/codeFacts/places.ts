import type { Node } from 'web-tree-sitter';
import type { Span } from '../../core/ports.ts';

/** The last line that a node covers, 1-based: one that ends with a line end covers no part of the next. */
export function lastLine({ startPosition, endPosition }: Node): number {
  const isWholeLines = endPosition.column === 0 && endPosition.row > startPosition.row;
  return isWholeLines ? endPosition.row : endPosition.row + 1;
}

export function spanOf({ startPosition, endPosition }: Node): Span {
  return {
    line: startPosition.row + 1,
    column: startPosition.column + 1,
    endLine: endPosition.row + 1,
    endColumn: endPosition.column + 1,
  };
}
