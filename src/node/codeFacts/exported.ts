import type { Node } from 'web-tree-sitter';
import type { SymbolKind } from '../../core/ports.ts';
import type { Grammar } from '../grammars/languages.ts';

interface Defined {
  node: Node;
  name: string;
  /** With the mark of a private name. */
  spelled: string;
  container: { kind: SymbolKind | 'scope'; exported: boolean } | undefined;
  /** It stands in a function. */
  isLocal: boolean;
  /** The file has it in a list of what it exports. */
  isNamedInExports: boolean;
}

/** Whether other files can see it, by the rules of its language and what the file itself says. */
export function isExported(grammar: Grammar, defined: Defined): boolean {
  const { node, name, container, isLocal } = defined;
  if (isLocal) return false;
  const inherits = container?.kind === 'interface' || container?.kind === 'enum' || container?.kind === 'type';
  switch (grammar) {
    case 'typescript':
    case 'tsx':
    case 'javascript':
      if (container && container.kind !== 'module') return container.exported && !isPrivateMember(defined);
      return defined.isNamedInExports || isInExport(node);
    case 'python':
      return (container?.exported ?? true) && (!name.startsWith('_') || /^__\w+__$/.test(name));
    case 'go':
      return /^\p{Lu}/u.test(name);
    case 'rust':
      if (node.type === 'impl_item') return true;
      return inherits ? container.exported : childOf(node, 'visibility_modifier') !== undefined;
    case 'java':
      if (inherits && container.kind !== 'enum') return container.exported;
      if (node.type === 'enum_constant') return container?.exported ?? true;
      return /\b(public|protected)\b/.test(modifiersOf(node, 'modifiers'));
    case 'csharp':
      if (/namespace/.test(node.type)) return true;
      return inherits ? container.exported : /\b(public|protected|internal)\b/.test(modifiersOf(node, 'modifier'));
    case 'c':
    case 'cpp':
      if (container?.kind === 'class') return container.exported && isPublicSection(node);
      return childOf(node, 'storage_class_specifier')?.text !== 'static';
    default:
      return false;
  }
}

function isPrivateMember({ node, spelled }: Defined): boolean {
  return spelled.startsWith('#') || childOf(node, 'accessibility_modifier')?.text === 'private';
}

function isInExport(node: Node): boolean {
  for (let at: Node | null = node, depth = 0; at && depth < 4; at = at.parent, depth += 1) {
    if (at.type === 'export_statement') return true;
    if (at.type === 'assignment_expression') {
      return /^(module\.)?exports\b/.test(at.childForFieldName('left')?.text ?? '');
    }
  }
  return false;
}

/** A field's modifiers stand before the names that it declares. */
function modifiersOf(node: Node, type: string): string {
  for (let at: Node | null = node, depth = 0; at && depth < 3; at = at.parent, depth += 1) {
    const modifiers = at.namedChildren.filter((child) => child?.type === type);
    if (modifiers.length > 0) return modifiers.map((child) => child?.text ?? '').join(' ');
    if (!/declarat/.test(at.parent?.type ?? '')) break;
    if (/^(class|interface|struct|record|enum)_declaration$/.test(at.parent?.type ?? '')) break;
  }
  return '';
}

/** Members of a class are private until it says otherwise, those of a struct public. */
function isPublicSection(node: Node): boolean {
  const member = node.parent?.type === 'template_declaration' ? node.parent : node;
  for (let at = member.previousSibling; at; at = at.previousSibling) {
    if (at.type === 'access_specifier') return !at.text.startsWith('private');
  }
  return member.parent?.parent?.type !== 'class_specifier';
}

function childOf(node: Node, type: string): Node | undefined {
  return node.namedChildren.find((child) => child?.type === type) ?? undefined;
}
