import { literal } from './symbolName.ts';

/** What stands before a name that is defined, in any of the usual languages. */
export const DEFINING =
  'function\\*?|class|interface|type|enum|struct|trait|union|def|fn|func|fun|const|let|var|val|module|namespace|record|object|protocol|mod|macro_rules!|#define';

/** True where the line looks as if it defines the symbol. A guess, for what has no grammar. */
export function looksLikeDefinition(line: string, symbol: string): boolean {
  const name = literal(symbol);
  const patterns = [
    // `export function foo`, `func (s *Server) foo`, `def self.foo`, `const foo`
    `(?:^|[\\s(])(?:${DEFINING})\\s+(?:\\([^)]*\\)\\s*)?(?:mut\\s+|self\\.)?${name}(?![\\w$])(?!\\s*\\.)`,
    // `foo = function`, `foo: (a) =>`, `foo = class`
    `^\\s*(?:[\\w$]+\\.)*${name}\\s*[:=]\\s*(?:async\\s+)?(?:function|class|lambda|\\([^)]*\\)\\s*(?::[^=]+)?=>)`,
    // A method: `public async foo(a: string): void {`
    `^\\s*(?!return|new|await|throw|yield|else|if|for|while|switch)(?:[\\w<>[\\],?*&]+\\s+)*${name}\\s*(?:<[^>]*>)?\\([^;]*\\)[^;]*\\{\\s*$`,
  ];
  return patterns.some((pattern) => new RegExp(pattern).test(line));
}
