import { execFile } from 'node:child_process';
import { findRipgrep } from '../../../src/node/ripgrep.ts';

const ripgrep = findRipgrep() ?? '';

/** What bare ripgrep finds, with all its threads, and how long it takes in milliseconds. The files are those of our own search. */
export function searchBare(
  root: string,
  pattern: string,
  how: { regex?: boolean; word?: boolean } = {},
): Promise<{ ms: number; lines: Map<string, string> }> {
  const args = [
    '--no-config',
    '--line-number',
    '--with-filename',
    '--no-heading',
    '--color=never',
    '--hidden',
    '--crlf',
    '--glob=!.git',
    '--glob=!node_modules',
    '--max-filesize=2M',
    '--no-messages',
    '--encoding=none',
    ...(how.regex ? [] : ['--fixed-strings']),
    ...(how.word ? ['--word-regexp'] : []),
    '--null',
    '-e',
    pattern,
    '.',
  ];
  return new Promise((resolve, reject) => {
    const started = performance.now();
    execFile(ripgrep, args, { cwd: root, maxBuffer: 1024 * 1024 * 1024 }, (error, stdout) => {
      const ms = performance.now() - started;
      // 1: nothing was found.
      if (error && error.code !== 1) return reject(error);
      resolve({ ms, lines: linesIn(stdout) });
    });
  });
}

/** From "path:line" to the line. */
function linesIn(output: string): Map<string, string> {
  const lines = new Map<string, string>();
  for (const record of output.split('\n')) {
    const [, path, line, text] = /^\.\/(.*?)\0(\d+):(.*)$/s.exec(record) ?? [];
    if (path !== undefined) lines.set(`${path}:${line}`, text ?? '');
  }
  return lines;
}
