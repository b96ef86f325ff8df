import { statSync } from 'node:fs';
import type { Figure } from '../figure.ts';

/** What users download, and what the editor reads of it. @param vsix path */
export function sizeFigures(vsix: string): Figure[] {
  const size = (what: string, path: string): Figure => ({ what, value: statSync(path).size / 1024, unit: 'kB' });
  return [
    size('.vsix', vsix),
    size('dist/extension.cjs', 'dist/extension.cjs'),
    size('dist/webview/chat.js', 'dist/webview/chat.js'),
    size('dist/cli.js', 'dist/cli.js'),
  ];
}
