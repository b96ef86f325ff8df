import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dice } from '../../edits/dice.ts';

/** Somebody at work beside us: each call changes one file of the repository. */
export interface Changes {
  /** @returns the file that is otherwise now, and a word on a line of it that was not there before */
  next(): { path: string; word: string };
}

/** @param paths of files with text, relative to `root`: none of them is ever deleted */
export function changesIn(root: string, paths: readonly string[], dice: Dice): Changes {
  const made: string[] = [];
  let count = 0;
  return {
    next() {
      count += 1;
      const word = `zq${dice.int(2 ** 31).toString(36)}x${count}`;
      const kind = dice.int(4);
      if (kind === 0) {
        const path = `${folderOf(dice.pick(paths))}zq_${count}.js`;
        writeFileSync(join(root, path), `export function ${word}() {\n  return ${word};\n}\n`);
        made.push(path);
        return { path, word };
      }
      const gone = kind === 1 ? made.shift() : undefined;
      if (gone !== undefined) rmSync(join(root, gone));
      const path = dice.pick(paths);
      const file = join(root, path);
      // The same size within the same moment is what a look at sizes and times does not see.
      if (kind === 2) {
        appendFileSync(file, `\n// ${'a'.repeat(word.length)}\n`);
        const text = readFileSync(file, 'utf8');
        writeFileSync(file, text.replace(`// ${'a'.repeat(word.length)}\n`, `// ${word}\n`));
      } else appendFileSync(file, `\n// ${word}\n`);
      return { path, word };
    },
  };
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}
