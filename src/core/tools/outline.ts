import type { CodeSymbol } from '../ports.ts';
import { cutLine } from './bounded.ts';

/** Characters. */
const LONGEST_SIGNATURE = 120;

/** A line for each definition, those in others indented below them. In the order of the text. */
export function outlineLines(symbols: readonly CodeSymbol[]): { symbol: CodeSymbol; depth: number; text: string }[] {
  const ends: number[] = [];
  return symbols.map((symbol) => {
    while (ends.length > 0 && (ends.at(-1) ?? 0) < symbol.line) ends.pop();
    const depth = ends.length;
    if (symbol.endLine > symbol.line) ends.push(symbol.endLine);
    return { symbol, depth, text: `${'  '.repeat(depth + 1)}${rangeOf(symbol)} ${labelOf(symbol, false)}` };
  });
}

export function rangeOf({ line, endLine }: CodeSymbol): string {
  return endLine > line ? `${line}-${endLine}` : `${line}`;
}

/** `method Shop.pay: pay(amount: number): void {` */
export function labelOf({ name, kind, container, signature }: CodeSymbol, isQualified: boolean): string {
  const full = isQualified && container !== undefined ? `${container}.${name}` : name;
  return `${kind} ${full}: ${cutLine(signature, LONGEST_SIGNATURE)}`;
}
