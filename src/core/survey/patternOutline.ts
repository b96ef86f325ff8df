import type { CodeFacts, CodeImport, CodeSymbol, SymbolKind } from '../ports.ts';
import { lineCount } from '../tools/bounded.ts';
import { exportMatches, languageOf } from '../tools/languages.ts';

/** What code offers and needs. */
export type Outline = Pick<CodeFacts, 'lines' | 'symbols' | 'imports'>;

/** The outline as far as patterns can tell: for languages without a grammar, and for what cannot be parsed. */
export function patternOutline(path: string, text: string): Outline {
  const lines = text.split('\n');
  const lineAt = lineFinder(text);
  const symbols = exportMatches(path, text).map(({ name, index }): CodeSymbol => {
    const line = lineAt(index);
    const signature = (lines[line - 1] ?? '').trim().slice(0, 200);
    const doc = commentAbove(lines, line);
    return {
      name,
      kind: kindOf(signature),
      line,
      endLine: line,
      column: 1,
      exported: true,
      signature,
      ...(doc && { doc }),
    };
  });
  return { lines: lineCount(text), symbols, imports: importsIn(path, text, lineAt) };
}

function kindOf(signature: string): SymbolKind {
  const word =
    /\b(class|interface|trait|protocol|enum|type|struct|record|module|namespace|mod|object|const|let|var|val)\b/.exec(
      signature.replace(/\(.*/, ''),
    )?.[1];
  switch (word) {
    case 'class':
    case 'struct':
    case 'record':
    case 'object':
      return 'class';
    case 'interface':
    case 'trait':
    case 'protocol':
      return 'interface';
    case 'enum':
    case 'type':
      return word;
    case 'module':
    case 'namespace':
    case 'mod':
      return 'module';
    case 'const':
    case 'val':
      return /=>|\bfunction\b/.test(signature) ? 'function' : 'constant';
    case 'let':
    case 'var':
      return 'variable';
    default:
      return 'function';
  }
}

/** The lines of a comment that stands right above, without the marks. */
function commentAbove(lines: readonly string[], line: number): string | undefined {
  const comment: string[] = [];
  for (let at = line - 2; at >= 0 && comment.length < 12; at -= 1) {
    const text = (lines[at] ?? '').trim();
    if (!/^(\/\/|\/\*|\*|#(?!include|\[|!)|--)/.test(text)) break;
    comment.unshift(
      text
        .replace(/^(\/\/[/!]?|\/\*+|\*\/|\*|#+|--+)\s?|\s*\*+\/$/g, '')
        .replace(/\*\/$/, '')
        .trim(),
    );
    if (text.startsWith('/*')) break;
  }
  return comment.join('\n').trim() || undefined;
}

const JAVASCRIPT = /\b(?:from|import|require\()\s*\(?\s*(["'])([^"'\n]+)\1/g;
const DOTTED = /^\s*import\s+(?:static\s+)?([\w.]+)/gm;

/** Each finds what is imported in its last group. */
const IMPORTS: Readonly<Record<string, RegExp>> = {
  TypeScript: JAVASCRIPT,
  JavaScript: JAVASCRIPT,
  Vue: JAVASCRIPT,
  Svelte: JAVASCRIPT,
  Python: /^\s*(?:from|import)\s+([\w.]+)/gm,
  Go: /^\s*(?:import\s+)?(?:[\w.]+\s+)?"([\w./-]+)"\s*$/gm,
  Rust: /^\s*(?:pub(?:\([^)]*\))?\s+)?(?:use\s+([\w:]*\w)|mod\s+\w+(?=\s*;))/gm,
  Java: DOTTED,
  Kotlin: DOTTED,
  Scala: DOTTED,
  Ruby: /^\s*require(?:_relative)?[\s(]+(["'])([^"'\n]+)\1/gm,
  PHP: /^\s*(?:use\s+(?:function\s+)?([\w\\]+)|(?:require|include)(?:_once)?[\s(]+(?:__DIR__\s*\.\s*)?["']([^"'\n]+))/gm,
  'C#': /^\s*using\s+(?:static\s+)?([\w.]+)\s*;/gm,
  C: /^\s*#\s*include\s+[<"]([^>"\n]+)/gm,
  'C++': /^\s*#\s*include\s+[<"]([^>"\n]+)/gm,
  Lua: /\brequire[\s(]+(["'])([^"'\n]+)\1/g,
  CSS: /@(?:import|use)\s+(?:url\()?(["'])([^"'\n]+)\1/g,
  Shell: /^\s*(?:source|\.)\s+["']?([\w./-]+)/gm,
};

function importsIn(path: string, text: string, lineAt: (index: number) => number): CodeImport[] {
  const pattern = IMPORTS[languageOf(path) ?? ''];
  if (!pattern) return [];
  return [...text.matchAll(pattern)].slice(0, 500).flatMap((match) => {
    const from = match.slice(1).findLast((group) => group !== undefined && !/^["']$/.test(group));
    const line = lineAt(match.index);
    return from === undefined ? [] : [{ from, names: namesOf(path, from), line, endLine: line }];
  });
}

/** Where a whole name is imported, its last part is what it is called. */
function namesOf(path: string, from: string): string[] {
  if (!/\.(java|kts?|scala|php|rs)$/.test(path)) return [];
  const last = from.split(/[.\\]|::/).at(-1);
  return last === undefined || last === '*' ? [] : [last];
}

/** @returns the 1-based line of a place, or of the first that is no white space behind it */
function lineFinder(text: string): (index: number) => number {
  const ends: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends.push(at);
  return (index) => {
    const place = index + (/^\s*/.exec(text.slice(index, index + 1000))?.[0].length ?? 0);
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}
