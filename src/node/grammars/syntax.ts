import type { Node, Tree } from 'web-tree-sitter';
import type { ParsedText, ParseError, Syntax } from '../../core/ports.ts';
import { type Bracket, unbalanced } from './brackets.ts';
import type { Grammars } from './grammars.ts';
import { type Grammar, grammarOf } from './languages.ts';

/** Longer texts (in UTF-16 units) are generated, and nothing that a model writes. */
const LONGEST_TEXT = 1024 * 1024;
/** Errors of one text that count; a language that is none of ours makes thousands. */
const MOST = 500;

/** What does not parse, by tree-sitter's grammars. */
export function openSyntax(grammars: Grammars): Syntax {
  return {
    async errorsIn(path, text): Promise<ParsedText> {
      const grammar = grammarOf(path);
      if (grammar === undefined || text.length > LONGEST_TEXT || (grammar === 'json' && TAKES_MORE.test(path))) {
        return { kind: 'unknown' };
      }
      try {
        return await parsed(grammars, grammar, text);
      } catch (error) {
        // A defect of ours must not stop a run, and is told.
        return {
          kind: 'unavailable',
          language: grammar,
          reason: error instanceof Error ? error.message : String(error),
        };
      }
    },
  };
}

async function parsed(grammars: Grammars, grammar: Grammar, text: string): Promise<ParsedText> {
  const lines = text.split('\n');
  const read = await grammars.read(grammar, text, (tree) => {
    const errors = errorsOf(tree, grammar, lines);
    return { errors, unbalanced: errors.length === 0 ? [] : unbalanced(bracketsOf(tree), lines) };
  });
  const language = grammar;
  if (read.kind === 'slow' || read.kind === 'large') return { kind: read.kind, language };
  if (read.kind === 'unavailable') return { ...read, language };
  const { errors, unbalanced: brackets } = read.value;
  if (errors.some((error) => isOfTemplate(error, grammar, lines))) return { kind: 'unknown' };
  return {
    kind: 'parsed',
    language,
    errors: (grammar === 'yaml' ? errors.map(atItsEnd) : errors).slice(0, MOST),
    unbalanced: brackets.slice(0, MOST),
  };
}

/** JSON of those who read more than JSON: comments, and commas at the end. */
const TAKES_MORE = /(^|\/)(\.vscode\/|[tj]sconfig[^/]*$|\.?devcontainer|\.babelrc|\.eslintrc)/i;

/** Marks of template languages: not `${{`, which is a plain word in YAML. */
const TEMPLATE = /(^|[^$])\{\{|\{[%#]|<%|<\?(php|=)/;

/** What does not parse because something is to be filled in there first. */
function isOfTemplate({ line, endLine }: ParseError, grammar: Grammar, lines: readonly string[]): boolean {
  if (grammar !== 'json' && grammar !== 'yaml' && grammar !== 'css' && grammar !== 'html') return false;
  return lines.slice(line - 1, endLine).some((text) => TEMPLATE.test(text));
}

/** What does not parse as YAML begins with the block that it is in, often the whole file; where it ends is what is wrong. */
function atItsEnd(error: ParseError): ParseError {
  return error.kind === 'unexpected' && error.endLine > error.line
    ? { ...error, line: error.endLine, column: 1, text: '' }
    : error;
}

/** The outermost errors, in their order. */
function errorsOf(tree: Tree, grammar: Grammar, lines: readonly string[]): ParseError[] {
  const found: ParseError[] = [];
  const visit = (node: Node): void => {
    if (node.isError) found.push(unexpected(node, lines));
    else if (node.isMissing) found.push(missing(node));
    else if (node.hasError) for (const child of node.children) visit(child);
  };
  visit(tree.rootNode);
  if (grammar === 'html') {
    // A tag that closes nothing is no error to this grammar.
    for (const tag of tree.rootNode.descendantsOfType('erroneous_end_tag')) found.push(unexpected(tag, lines));
  }
  return found;
}

function missing(node: Node): ParseError {
  const { parent } = node;
  return {
    kind: 'missing',
    ...placeOf(node),
    text: node.type.replaceAll('_', ' '),
    ...(parent && { within: { line: parent.startPosition.row + 1, endLine: lastLine(parent) } }),
  };
}

function unexpected(node: Node, lines: readonly string[]): ParseError {
  const quotes = node.children.filter(({ type }) => /^(["'`]|"""|'''|string_(start|end))$/.test(type));
  const quote = quotes.length % 2 === 1 ? quotes.at(-1) : undefined;
  if (quote && isOpen(quote, lines))
    return { kind: 'unclosedString', ...placeOf(quote), endLine: lastLine(node), text: quote.text };
  return { kind: 'unexpected', ...placeOf(node), text: firstLine(node.text) };
}

/** Quotes of whole strings can stand in what does not parse, too. */
function isOpen({ text, startPosition }: Node, lines: readonly string[]): boolean {
  const line = (lines[startPosition.row] ?? '').replace(/\\./g, '');
  return text.length > 1 || line.split(text).length % 2 === 0;
}

function placeOf(node: Node): { line: number; column: number; endLine: number } {
  const { row, column } = node.startPosition;
  return { line: row + 1, column: column + 1, endLine: lastLine(node) };
}

function lastLine({ startPosition, endPosition }: Node): number {
  const isWholeLines = endPosition.column === 0 && endPosition.row > startPosition.row;
  return isWholeLines ? endPosition.row : endPosition.row + 1;
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.trimEnd() ?? '';
}

const BRACKET = /^(?:[$#@]?([([{])|([)\]}])|(\[\[|\]\]))$/;

/** The brackets that are tokens of the code, in their order. */
function bracketsOf(tree: Tree): Bracket[] {
  const found: Bracket[] = [];
  const cursor = tree.walk();
  for (let isInside = true; isInside; ) {
    if (cursor.gotoFirstChild()) continue;
    if (!cursor.nodeIsNamed && !cursor.nodeIsMissing) {
      const { row, column } = cursor.startPosition;
      const [, opener, closer, double] = BRACKET.exec(cursor.nodeType) ?? [];
      for (const [at, bracket] of [...(opener ?? closer ?? double ?? '')].entries()) {
        found.push({ bracket: bracket as Bracket['bracket'], line: row + 1, column: column + at + 1 });
      }
    }
    while (!cursor.gotoNextSibling()) {
      isInside = cursor.gotoParent();
      if (!isInside) break;
    }
  }
  cursor.delete();
  return found;
}
