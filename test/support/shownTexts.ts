/**
 * The texts that the editor's parts show, collected from their source: the first argument of `t(…)` and `l10n.t(…)`, and
 * both forms of `plural(…)`. `npm run l10n` writes them into l10n/bundle.l10n.json; a test compares.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const FOLDERS = ['src/shared', 'src/webview', 'src/host'];
export const ENGLISH = 'l10n/bundle.l10n.json';

export interface ShownText {
  text: string;
  /** "src/webview/l10n.ts:12" */
  place: string;
}

/** @throws where a text is not written out and so cannot be translated */
export function shownTexts(): ShownText[] {
  return sourceFiles().flatMap((file) => {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const found: ShownText[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node)) {
        for (const argument of textArguments(node)) {
          for (const text of literals(argument, file, source)) {
            const { line } = source.getLineAndCharacterOfPosition(argument.getStart(source));
            found.push({ text, place: `${file}:${line + 1}` });
          }
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

/** Key and value of every text, as the editor reads it. */
export function englishBundle(): Record<string, string> {
  const texts = [...new Set(shownTexts().map(({ text }) => text))].sort();
  return Object.fromEntries(texts.map((text) => [text, text]));
}

function sourceFiles(): string[] {
  return FOLDERS.flatMap((folder) => {
    try {
      const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
      return names.filter((name) => /\.tsx?$/.test(name)).map((name) => join(folder, name).replaceAll('\\', '/'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
}

function textArguments({ expression, arguments: given }: ts.CallExpression): ts.Expression[] {
  const name = ts.isPropertyAccessExpression(expression)
    ? expression.getText()
    : ts.isIdentifier(expression)
      ? expression.text
      : '';
  if (name === 't' || /(?:^|\.)l10n\.t$/.test(name)) return given.slice(0, 1);
  return name === 'plural' ? given.slice(1, 3) : [];
}

function literals(argument: ts.Expression, file: string, source: ts.SourceFile): string[] {
  if (ts.isStringLiteralLike(argument)) return [argument.text];
  if (ts.isConditionalExpression(argument)) {
    return [argument.whenTrue, argument.whenFalse].flatMap((one) => literals(one, file, source));
  }
  // The functions that the texts pass through themselves.
  if (file === 'src/webview/l10n.ts') return [];
  const { line } = source.getLineAndCharacterOfPosition(argument.getStart(source));
  throw new Error(`${file}:${line + 1}: a text that is shown must be written out, so that it can be translated.`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(ENGLISH, `${JSON.stringify(englishBundle(), null, 2)}\n`);
}
