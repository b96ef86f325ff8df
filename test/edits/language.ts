import { isBlank } from './fileLines.ts';

export type Language =
  | 'js'
  | 'ts'
  | 'css'
  | 'html'
  | 'markdown'
  | 'json'
  | 'yaml'
  | 'python'
  | 'go'
  | 'rust'
  | 'java'
  | 'c'
  | 'cpp'
  | 'csharp';

const BY_EXTENSION: Record<string, Language> = {
  js: 'js',
  mjs: 'js',
  cjs: 'js',
  jsx: 'js',
  ts: 'ts',
  mts: 'ts',
  tsx: 'ts',
  css: 'css',
  scss: 'css',
  html: 'html',
  htm: 'html',
  md: 'markdown',
  json: 'json',
  yml: 'yaml',
  yaml: 'yaml',
  py: 'python',
  pyi: 'python',
  go: 'go',
  rs: 'rust',
  java: 'java',
  c: 'c',
  h: 'c',
  cc: 'cpp',
  cpp: 'cpp',
  hpp: 'cpp',
  hh: 'cpp',
  cs: 'csharp',
};

export function languageOf(path: string): Language | undefined {
  return BY_EXTENSION[/\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? ''];
}

/** Languages whose blocks stand in braces, whose `//` begins a comment, and in which white space between tokens is free. */
export function hasBraces(language: Language): boolean {
  return ['js', 'ts', 'go', 'rust', 'java', 'c', 'cpp', 'csharp'].includes(language);
}

/** What opens a comment that ends with its line. */
export function lineComment(language: Language): string | undefined {
  if (hasBraces(language)) return '//';
  return language === 'python' || language === 'yaml' ? '#' : undefined;
}

/** A line that is nothing but a comment. Inner lines of block comments do not count. */
export function isCommentLine(line: string, language: Language): boolean {
  const text = line.trim();
  const mark = lineComment(language);
  if (mark !== undefined && text.startsWith(mark)) return !(mark === '#' && text.startsWith('#!'));
  if (hasBraces(language) || language === 'css')
    return /^\/\*.*\*\/$/.test(text) && text.indexOf('*/') === text.length - 2;
  return language === 'html' && /^<!--.*-->$/.test(text) && text.indexOf('-->') === text.length - 3;
}

/** For each line: whether it is code for sure, so neither blank nor (a part of) a comment or of a string over several lines. */
export function codeLines(lines: readonly string[], language: Language): boolean[] {
  let inside: string | undefined;
  return lines.map((line) => {
    const wasInside = inside;
    const text = line.trim();
    if (inside !== undefined) {
      const closes = text.lastIndexOf(inside);
      if (closes >= 0) inside = undefined;
      return false;
    }
    if (hasBraces(language) || language === 'css') {
      const open = text.lastIndexOf('/*');
      if (open >= 0 && text.indexOf('*/', open + 2) < 0) inside = '*/';
      else if (['js', 'ts', 'go'].includes(language) && (text.match(/`/g)?.length ?? 0) % 2 === 1) inside = '`';
      if (open >= 0) return false;
    }
    if (language === 'html') {
      const open = text.lastIndexOf('<!--');
      if (open >= 0 && text.indexOf('-->', open) < 0) inside = '-->';
      if (open >= 0) return false;
    }
    if (language === 'python') {
      for (const quote of ['"""', "'''"]) {
        if ((text.split(quote).length - 1) % 2 === 1) inside = quote;
      }
      if (/"""|'''/.test(text)) return false;
    }
    return wasInside === undefined && inside === undefined && !isBlank(line) && !isCommentLine(line, language);
  });
}
