import type { Node, Query, QueryMatch, Tree } from 'web-tree-sitter';
import type { CodeFacts, CodeSymbol, Span, SymbolKind } from '../../core/ports.ts';
import { cutLine, lineCount } from '../../core/tools/bounded.ts';
import type { Grammar } from '../grammars/languages.ts';
import { nameIn } from './declarators.ts';
import { type Comment, commentsAbove, docstringOf, firstLines } from './docs.ts';
import { isExported } from './exported.ts';
import { type ImportNode, importsOf } from './imports.ts';
import { lastLine, spanOf } from './places.ts';

/** More of them are generated, and nobody asks for them. */
const MOST_SYMBOLS = 5000;
const MOST_SPANS = 20_000;
/** Characters. */
const LONGEST_SIGNATURE = 200;
const LONGEST_NAME = 200;

/**
 * Reads the facts out of a tree, by the captures of our queries (queries/*.scm).
 * @param until by `performance.now()`; undefined where it takes longer
 */
export function readFacts(
  tree: Tree,
  grammar: Grammar,
  query: Query,
  text: string,
  until: number,
): CodeFacts | undefined {
  let isLate = false;
  const matches = query.matches(tree.rootNode, {
    // A value that says whether to stop, whatever its type says.
    progressCallback: () => {
      isLate = performance.now() > until;
      return isLate;
    },
  });
  if (isLate) return undefined;
  const found = capturesOf(matches);
  const lines = text.split('\n');
  const imported = new Set(found.importedNames.map(({ startIndex }) => startIndex));
  const definitions = found.definitions.filter(({ nameNode }) => !imported.has(nameNode.startIndex));
  return {
    lines: lineCount(text),
    symbols: symbolsOf([...unique(definitions), ...found.scopes], {
      grammar,
      lines,
      exportedNames: new Set(found.exported.map((node) => node.text)),
      comments: found.comments.slice(0, MOST_SPANS).map(commentOf),
      length: text.length,
    }),
    imports: importsOf(grammar, found.imports, found.importedNames),
    comments: spansOf(found.comments),
    strings: spansOf(found.strings),
  };
}

/** Something that has a name and may have others in it. */
interface Definition {
  node: Node;
  nameNode: Node;
  name: string;
  /** `scope`: the members of something that is defined elsewhere. */
  kind: SymbolKind | 'scope';
  /** Where the text says what it belongs to, though it does not stand in it. */
  container?: string;
  pattern: number;
}

interface Captured {
  definitions: Definition[];
  scopes: Definition[];
  imports: ImportNode[];
  importedNames: Node[];
  exported: Node[];
  comments: Node[];
  strings: Node[];
}

function capturesOf(matches: readonly QueryMatch[]): Captured {
  const found: Captured = {
    definitions: [],
    scopes: [],
    imports: [],
    importedNames: [],
    exported: [],
    comments: [],
    strings: [],
  };
  for (const { captures, patternIndex: pattern } of matches) {
    const of = (name: string): Node | undefined => captures.find((capture) => capture.name === name)?.node;
    const named = of('name') ?? of('scope.name');
    const [importNode, from] = [of('import'), of('import.from')];
    if (importNode && from) found.imports.push({ node: importNode, from });
    for (const { name, node } of captures) {
      if (name.startsWith('definition.')) {
        const kind = name.slice('definition.'.length) as SymbolKind;
        const definition = definitionOf(node, kind, {
          named,
          declarator: of('declarator'),
          container: of('container'),
        });
        if (definition) found.definitions.push({ ...definition, pattern });
      } else if (name === 'scope' && named) {
        found.scopes.push({ node, nameNode: named, name: typeName(named), kind: 'scope', pattern });
      } else if (name === 'import.name') found.importedNames.push(node);
      else if (name === 'exported') found.exported.push(node);
      else if (name === 'comment') found.comments.push(node);
      else if (name === 'string') found.strings.push(node);
    }
  }
  return found;
}

function definitionOf(
  node: Node,
  kind: SymbolKind,
  by: { named?: Node | undefined; declarator?: Node | undefined; container?: Node | undefined },
): Omit<Definition, 'pattern'> | undefined {
  if (by.declarator) {
    const declared = nameIn(by.declarator);
    if (!declared) return undefined;
    const { nameNode, isFunction, container } = declared;
    return {
      node,
      nameNode,
      name: nameNode.text,
      kind: isFunction && kind !== 'type' ? (kind === 'property' ? 'method' : 'function') : kind,
      ...(container !== undefined && { container }),
    };
  }
  if (!by.named) return undefined;
  const receiver = by.container?.descendantsOfType('type_identifier')[0]?.text;
  const name = by.named.text;
  return { node, nameNode: by.named, name, kind, ...(receiver !== undefined && { container: receiver }) };
}

/** One for each name: the pattern that stands first in the query tells the most. */
function unique(definitions: readonly Definition[]): Definition[] {
  const byName = new Map<number, Definition>();
  for (const definition of definitions) {
    const known = byName.get(definition.nameNode.startIndex);
    if (!known || known.pattern > definition.pattern) byName.set(definition.nameNode.startIndex, definition);
  }
  return [...byName.values()];
}

interface About {
  grammar: Grammar;
  lines: readonly string[];
  exportedNames: ReadonlySet<string>;
  comments: readonly Comment[];
  length: number;
}

interface Enclosing {
  /** Of its node. */
  id: number;
  name: string;
  kind: Definition['kind'];
  end: number;
  exported: boolean;
  /** It is a function, or stands in one. */
  isLocal: boolean;
}

function symbolsOf(definitions: Definition[], about: About): CodeSymbol[] {
  const { grammar, lines } = about;
  const docs = new Map(about.comments.filter(({ leads }) => leads).map((comment) => [comment.endLine, comment]));
  const symbols: CodeSymbol[] = [];
  const open: Enclosing[] = [];
  definitions.sort((a, b) => a.node.startIndex - b.node.startIndex || b.node.endIndex - a.node.endIndex);
  for (const { node, nameNode, kind: written, container: belongsTo, name: spelled } of definitions) {
    // Two names of one declaration are not in each other.
    const isOver = ({ end, id }: Enclosing): boolean => end <= node.startIndex || id === node.id;
    let inside = open.at(-1);
    while (inside && isOver(inside)) {
      open.pop();
      inside = open.at(-1);
    }
    const { name, column } = plainName(spelled, nameNode.startPosition.column + 1);
    if (name === '' || name.length > LONGEST_NAME) continue;
    const container = belongsTo ?? inside?.name;
    const kind = kindOf(written, { grammar, name, isMember: belongsTo !== undefined || isType(inside?.kind) });
    const isFunction = kind === 'function' || kind === 'method';
    const isLocal = inside?.isLocal === true;
    if (isLocal && !(isFunction || isType(kind))) continue;
    if (isLocal && (node.type === 'declaration' || isOption(node))) continue;
    const exported = isExported(grammar, {
      node,
      name,
      spelled,
      container: inside && { kind: inside.kind, exported: inside.exported },
      isLocal,
      isNamedInExports: about.exportedNames.has(name),
    });
    const end = node.type === 'file_scoped_namespace_declaration' ? about.length : node.endIndex;
    open.push({ id: node.id, name, kind, end, exported, isLocal: isLocal || isFunction });
    if (kind === 'scope') continue;
    if (symbols.length === MOST_SYMBOLS) break;
    const doc = firstLines(grammar === 'python' ? docstringOf(node) : commentsAbove(node, lines, docs));
    symbols.push({
      name,
      kind,
      line: nameNode.startPosition.row + 1,
      column,
      endLine: lastLine(node),
      exported,
      ...(container !== undefined && { container }),
      signature: cutLine((lines[nameNode.startPosition.row] ?? '').trim(), LONGEST_SIGNATURE),
      ...(doc !== undefined && { doc }),
    });
  }
  return symbols.sort((a, b) => a.line - b.line || a.column - b.column);
}

function kindOf(
  kind: Definition['kind'],
  about: { grammar: Grammar; name: string; isMember: boolean },
): Definition['kind'] {
  if (kind === 'function' && about.isMember) return 'method';
  if (kind === 'variable' && about.isMember) return 'property';
  if (kind === 'variable' && about.grammar === 'python' && /^[A-Z][A-Z0-9_]*$/.test(about.name)) return 'constant';
  return kind;
}

/** A function that is given to another one by a name: `f({ onEnd: () => … })`. What a function returns is more. */
function isOption(node: Node): boolean {
  if (node.type !== 'pair') return false;
  const around = node.parent?.parent?.type ?? '';
  return !/^(return_statement|parenthesized_expression|variable_declarator|as_expression|satisfies_expression)$/.test(
    around,
  );
}

/** Has members. */
function isType(kind: Definition['kind'] | undefined): boolean {
  return kind === 'class' || kind === 'interface' || kind === 'enum' || kind === 'type' || kind === 'scope';
}

/** Without quotes and the mark of a private name. */
function plainName(spelled: string, column: number): { name: string; column: number } {
  const [, mark = '', inner = spelled] = /^(["'#])(.*?)["']?$/s.exec(spelled) ?? [];
  return { name: inner, column: column + mark.length };
}

/** The name of a type, without its arguments and where it lies. */
function typeName(node: Node): string {
  return node.type === 'type_identifier'
    ? node.text
    : (node.descendantsOfType('type_identifier')[0]?.text ?? node.text);
}

function commentOf(node: Node): Comment {
  const { row, column } = node.startPosition;
  const text = node.text;
  const before = node.previousSibling;
  return { line: row + 1, endLine: lastLine(node), text, leads: column === 0 || before?.endPosition.row !== row };
}

/** In the order of the text. */
function spansOf(nodes: readonly Node[]): Span[] {
  return [...nodes]
    .sort((a, b) => a.startIndex - b.startIndex)
    .slice(0, MOST_SPANS)
    .map(spanOf);
}
