import type { Node } from 'web-tree-sitter';
import { cutLine } from '../../core/tools/bounded.ts';

/** Lines are 1-based. */
export interface Comment {
  line: number;
  endLine: number;
  text: string;
  /** Nothing stands before it in its line. */
  leads: boolean;
}

const MOST_LINES = 3;
/** Characters. */
const LONGEST_DOC = 240;

/** What stands around a definition, and begins where its comment ends. */
const AROUND = new Set([
  'export_statement',
  'lexical_declaration',
  'variable_declaration',
  'ambient_declaration',
  'expression_statement',
  'template_declaration',
  'type_declaration',
  'const_declaration',
  'var_declaration',
  'field_declaration',
  'constant_declaration',
]);

/** @param comments by the line that they end in; those that were found are taken out, for they belong to nothing else */
export function commentsAbove(
  definition: Node,
  lines: readonly string[],
  comments: Map<number, Comment>,
): string | undefined {
  let top = definition;
  while (top.parent && AROUND.has(top.parent.type)) top = top.parent;
  let line = top.startPosition.row;
  while (line > 0 && /^\s*(#\[|@\w)/.test(lines[line - 1] ?? '')) line -= 1;
  const texts: string[] = [];
  for (let comment = comments.get(line); comment; comment = comments.get(comment.line - 1)) {
    texts.unshift(comment.text);
    comments.delete(comment.endLine);
    if (texts.length >= 50) break;
  }
  return texts.length === 0 ? undefined : texts.join('\n');
}

/** The string that a Python function or class begins with. */
export function docstringOf(definition: Node): string | undefined {
  const first = definition.childForFieldName('body')?.firstNamedChild;
  const text = first?.type === 'expression_statement' ? first.firstNamedChild : null;
  if (text?.type !== 'string') return undefined;
  return text.descendantsOfType('string_content')[0]?.text;
}

/** The first paragraph without the marks of comments, in one line. */
export function firstLines(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const lines = text
    .slice(0, 4000)
    .split('\n')
    .map((line) =>
      line
        .replace(/^\s*(\/\*[*!]?|\/\/[/!]?|\*(?!\/)|#+)?\s?/, '')
        .replace(/\s*\*\/\s*$/, '')
        .trim(),
    );
  const start = lines.findIndex((line) => line !== '');
  if (start < 0) return undefined;
  const end = lines.indexOf('', start);
  const paragraph = lines.slice(start, Math.min(end < 0 ? lines.length : end, start + MOST_LINES));
  return cutLine(paragraph.join(' '), LONGEST_DOC);
}
