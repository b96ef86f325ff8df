import { SearchError } from './searchError.ts';

/** A name as models write it: `pay`, `pay()`, `Shop.pay`, `shop::Shop::pay(amount)`, `new Shop()`. */
export interface SymbolName {
  name: string;
  /** What stands before it; absent where that says nothing (`this.pay`). */
  container?: string;
}

export function symbolName(given: string): SymbolName {
  const tidy = given
    .trim()
    .replace(/^(?:new|await|async|function|class|def|fn|func|interface|type|enum|struct|const|let|var)\s+/, '')
    .replace(/^[#@&*]+/, '')
    .replace(/\s*(?:<[^<>]*>)?\s*\([\s\S]*\)?;?$/, '')
    .replace(/[;,:]+$/, '');
  const parts = tidy.split(/\?\.|::|->|[.#/\\]+/).filter((part) => part !== '');
  const name = parts.at(-1)?.trim();
  if (name === undefined || name === '')
    throw new SearchError('symbol is empty: name a function, a class, a variable.');
  if (/[\n\r\0]/.test(name))
    throw new SearchError('A symbol is one name; it has no line breaks, it is one line of text.');
  const container = parts
    .at(-2)
    ?.replace(/<.*$|\(.*$/s, '')
    .trim();
  return container === undefined || /^(this|self|super|cls|Self|crate|)$/.test(container)
    ? { name }
    : { name, container };
}

/** What a regular expression takes for these characters themselves, in both syntaxes that a search may have. */
export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
