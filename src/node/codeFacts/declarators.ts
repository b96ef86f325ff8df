import type { Node } from 'web-tree-sitter';

/** The names that C and C++ declare in their declarators. */
export interface Declared {
  nameNode: Node;
  isFunction: boolean;
  /** The class or namespace before the name (`K::m`). */
  container?: string;
}

/** Deeper ones are hostile. */
const DEEPEST = 20;

const NAMES = new Set([
  'identifier',
  'field_identifier',
  'type_identifier',
  'destructor_name',
  'operator_name',
  'primitive_type',
]);

/** The name in a declarator (`*f(int)`, `names[]`, `K::m()`), and whether it is a function's. */
export function nameIn(declarator: Node): Declared | undefined {
  let isFunction = false;
  let container: string | undefined;
  let node: Node | null | undefined = declarator;
  for (let depth = 0; node && depth < DEEPEST; depth += 1) {
    if (NAMES.has(node.type)) return { nameNode: node, isFunction, ...(container !== undefined && { container }) };
    if (node.type === 'qualified_identifier') {
      container = node.childForFieldName('scope')?.text.replace(/<.*$/s, '') ?? container;
      node = node.childForFieldName('name');
      continue;
    }
    // A pointer to a function is a variable.
    if (node.type === 'function_declarator') {
      isFunction = node.childForFieldName('declarator')?.type !== 'parenthesized_declarator';
    }
    node = node.childForFieldName('declarator') ?? node.namedChildren.findLast((child) => child !== null);
  }
  return undefined;
}
