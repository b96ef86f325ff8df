import { readdirSync, statSync } from 'node:fs';
import type { Figure } from '../figure.ts';

/** What users download, and what the editor reads of it. @param vsix path */
export function sizeFigures(vsix: string): Figure[] {
  const size = (what: string, ...paths: string[]): Figure => {
    const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0);
    return { what, value: bytes / 1024, unit: 'kB' };
  };
  const parts = readdirSync('dist/cli').flatMap((name) => (name.endsWith('.js') ? [`dist/cli/${name}`] : []));
  return [
    size('.vsix', vsix),
    size('dist/extension.cjs', 'dist/extension.cjs'),
    size('dist/webview/chat.js', 'dist/webview/chat.js'),
    size('dist/cli.js, dist/cli/', 'dist/cli.js', ...parts),
  ];
}
