import { crewScripts, edit, plan } from './scripts.ts';

/** A project whose proposal has something of everything: three hunks, a creation, a deletion and a rename. */

const LINES = Array.from({ length: 30 }, (_, i) => `export const word${i} = '${i}';`);

export const WORDS: Record<string, string> = {
  'src/words.js': `${LINES.join('\n')}\n`,
  'src/gone.sh': '#!/bin/sh\necho gone\n',
  'src/moved.js': 'export const moved = true;\n',
  'package.json': '{ "type": "module", "scripts": { "test": "node --check src/words.js" } }\n',
};

export const FIRST = `export const word2 = 'two';`;
export const SECOND = `export const word15 = 'fifteen';`;
export const THIRD = `export const word28 = 'twenty-eight';`;

/** `src/words.js` with these lines in place of those that define the same word. */
export function words(...fresh: string[]): string {
  const changed = new Map(fresh.map((line) => [line.split(' = ')[0], line]));
  return `${LINES.map((line) => changed.get(line.split(' = ')[0]) ?? line).join('\n')}\n`;
}

export const wordScripts = crewScripts({
  plan: plan([
    {
      id: 'task_1',
      files: [
        { path: 'src/words.js', action: 'modify' },
        { path: 'src/fresh.js', action: 'create' },
        { path: 'src/gone.sh', action: 'delete' },
      ],
    },
  ]),
  edits: {
    task_1: [
      edit('src/words.js', LINES[2] ?? '', FIRST) +
        edit('src/words.js', LINES[15] ?? '', SECOND) +
        edit('src/words.js', LINES[28] ?? '', THIRD) +
        edit('src/fresh.js', '', 'export const fresh = true;') +
        '\nDELETE src/gone.sh\nRENAME src/moved.js TO src/deep/renamed.js\n',
    ],
  },
});
