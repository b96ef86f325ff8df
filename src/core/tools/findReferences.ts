import { z } from 'zod';
import type { SearchMatch } from '../ports.ts';
import { bounded, cutLine } from './bounded.ts';
import { counted } from './counted.ts';
import { givenPath } from './givenPath.ts';
import type { Tool, ToolContext } from './tool.ts';

const ARGS = z.object({ symbol: z.string(), path: z.string().optional() });

/** More matching lines than these are not looked at. */
const MOST_LINES = 500;
const LONGEST_LINE = 200;

export const findReferences: Tool<z.infer<typeof ARGS>> = {
  name: 'find_references',
  description:
    'Finds the lines where a name (function, class, variable, …) occurs as a whole word: definitions first, by file. path narrows it to a file or folder.',
  args: ARGS,
  run: async (args, ctx) => {
    const symbol = args.symbol.trim().replace(/\(\s*\)$/, '');
    const under = args.path === undefined ? [] : [givenPath(args.path, ctx.workspace)];
    const matches = await ctx.workspace.search(
      { pattern: symbol, regex: false, caseSensitive: true, wholeWord: true, under, limit: MOST_LINES },
      ctx.signal,
    );
    if (matches.length === 0) return { text: await nothingFound(symbol, under, ctx), isError: false };

    const files = groupByFile(matches, symbol);
    const lines = `${matches.length >= MOST_LINES ? 'at least ' : ''}${counted(matches.length, 'line')}`;
    const head = `${symbol}: ${lines} in ${counted(files.length, 'file')}, definitions first.`;
    const text = [head, ...files.map(({ path, lines }) => [path, ...lines].join('\n'))].join('\n\n');
    return {
      text: bounded(text, ctx.maxChars, () => 'Narrow it with path="<file or folder>".'),
      isError: false,
    };
  },
};

/** True where the line looks as if it defines the symbol, in any of the usual languages. A guess, for the order only. */
export function looksLikeDefinition(line: string, symbol: string): boolean {
  const name = symbol.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  const keywords =
    'function\\*?|class|interface|type|enum|struct|trait|union|def|fn|func|fun|const|let|var|val|module|namespace|record|object|protocol|mod|macro_rules!|#define';
  const patterns = [
    // `export function foo`, `func (s *Server) foo`, `def self.foo`, `const foo`
    `(?:^|[\\s(])(?:${keywords})\\s+(?:\\([^)]*\\)\\s*)?(?:mut\\s+|self\\.)?${name}(?![\\w$])(?!\\s*\\.)`,
    // `foo = function`, `foo: (a) =>`, `foo = class`
    `^\\s*(?:[\\w$]+\\.)*${name}\\s*[:=]\\s*(?:async\\s+)?(?:function|class|lambda|\\([^)]*\\)\\s*(?::[^=]+)?=>)`,
    // A method: `public async foo(a: string): void {`
    `^\\s*(?!return|new|await|throw|yield|else|if|for|while|switch)(?:[\\w<>[\\],?*&]+\\s+)*${name}\\s*(?:<[^>]*>)?\\([^;]*\\)[^;]*\\{\\s*$`,
  ];
  return patterns.some((pattern) => new RegExp(pattern).test(line));
}

function groupByFile(matches: readonly SearchMatch[], symbol: string): { path: string; lines: string[] }[] {
  const files = new Map<string, { definitions: string[]; uses: string[] }>();
  for (const { path, line, text } of matches) {
    const file = files.get(path) ?? { definitions: [], uses: [] };
    files.set(path, file);
    const shown = cutLine(text.trim(), LONGEST_LINE);
    if (looksLikeDefinition(text, symbol)) file.definitions.push(`  ${line} (definition): ${shown}`);
    else file.uses.push(`  ${line}: ${shown}`);
  }
  const grouped = [...files].map(([path, { definitions, uses }]) => ({
    path,
    lines: [...definitions, ...uses],
    isDefining: definitions.length > 0,
  }));
  return [...grouped.filter(({ isDefining }) => isDefining), ...grouped.filter(({ isDefining }) => !isDefining)];
}

/** A name in another case, or part of a longer one, is what was meant more often than not. */
async function nothingFound(symbol: string, under: string[], ctx: ToolContext): Promise<string> {
  const pattern = symbol.split(/[.:#]+/).at(-1) || symbol;
  const query = { pattern, regex: false, caseSensitive: false, under, limit: 5 };
  const inAnotherCase = await ctx.workspace.search({ ...query, wholeWord: true }, ctx.signal);
  const near =
    inAnotherCase.length > 0 ? inAnotherCase : await ctx.workspace.search({ ...query, wholeWord: false }, ctx.signal);
  const where = under.length > 0 ? ` under ${under.join(', ')}` : '';
  const lines = near.map((match) => `${match.path}:${match.line}: ${cutLine(match.text.trim(), LONGEST_LINE)}`);
  const hint = lines.length > 0 ? ` Similar:\n${lines.join('\n')}` : '';
  return bounded(`No line mentions ${symbol} as a whole word${where}.${hint}`, ctx.maxChars, () => '');
}
