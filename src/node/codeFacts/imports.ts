import type { Node } from 'web-tree-sitter';
import type { CodeImport } from '../../core/ports.ts';
import type { Grammar } from '../grammars/languages.ts';
import { lastLine } from './places.ts';

export interface ImportNode {
  node: Node;
  from: Node;
}

/** More are generated. */
const MOST = 2000;

/** @param names what was captured of the names that imports bring in; each belongs to the import that it stands in */
export function importsOf(grammar: Grammar, nodes: readonly ImportNode[], names: readonly Node[]): CodeImport[] {
  // One that brings in several names is captured for each of them.
  const once = new Map(nodes.map((found) => [found.node.startIndex, found]));
  const imports = [...once.values()]
    .slice(0, MOST)
    .map(({ node, from }) => ({ node, from: from.text, names: new Set<string>() }));
  imports.sort((a, b) => a.node.startIndex - b.node.startIndex);
  let at = 0;
  for (const name of [...names].sort((a, b) => a.startIndex - b.startIndex)) {
    while (at < imports.length && (imports[at]?.node.endIndex ?? 0) < name.endIndex) at += 1;
    const owner = imports[at];
    if (owner && owner.node.startIndex <= name.startIndex) owner.names.add(name.text);
  }
  return imports.map(({ node, from, names }) => ({
    ...asWritten(grammar, node, from, [...names]),
    line: node.startPosition.row + 1,
    endLine: lastLine(node),
  }));
}

/** What is imported, and by which names, as each language means it. */
function asWritten(grammar: Grammar, node: Node, from: string, names: string[]): Pick<CodeImport, 'from' | 'names'> {
  switch (grammar) {
    case 'python':
      // `import a.b` brings in `a`.
      if (node.type === 'dotted_name') return { from, names: [from.split('.')[0] ?? from] };
      return { from, names };
    case 'go': {
      const path = from.replace(/^["`]|["`]$/g, '');
      const own = path.split('/').findLast((part) => !/^v\d+$/.test(part)) ?? path;
      return { from: path, names: names.length > 0 ? names : [own] };
    }
    case 'rust':
      return ofUse(from);
    case 'java':
      if (node.namedChildren.some((child) => child?.type === 'asterisk')) return { from, names: [] };
      return { from, names: [from.slice(from.lastIndexOf('.') + 1)] };
    case 'csharp':
      return { from, names: names.length > 0 ? names : [from.slice(from.lastIndexOf('.') + 1)] };
    case 'c':
    case 'cpp':
      if (node.type === 'using_declaration') return { from, names: [from.slice(from.lastIndexOf(':') + 1)] };
      return { from: from.replace(/^[<"]|[>"]$/g, ''), names: [] };
    default:
      return { from, names };
  }
}

/** `a::b::{c, d as e}`: from `a::b`, names c, d and e. */
function ofUse(written: string): Pick<CodeImport, 'from' | 'names'> {
  const text = written.replace(/\s+/g, ' ');
  const list = text.indexOf('{');
  const end = list >= 0 ? text.lastIndexOf('::', list) : text.lastIndexOf('::');
  const names = (end < 0 ? text : text.slice(end)).match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? [];
  return {
    from: end < 0 ? text.replace(/ as .*/, '') : text.slice(0, end),
    names: [...new Set(names.filter((name) => !/^(self|crate|super|as)$/.test(name)))],
  };
}
