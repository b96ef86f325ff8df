/**
 * Puts links that lead outside in the place of a file and of a folder, and puts these back, as fast as it can, until it is
 * told to end; then it says how often. Each is there at every moment, as one or the other, but for an instant.
 */
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const [, , root, outside] = process.argv;
const at = (path) => join(root, path);
symlinkSync(join(outside, 'file.txt'), at('.file-link'));
symlinkSync(outside, at('.folder-link'));
let swaps = 0;
let isOver = false;
process.once('SIGTERM', () => {
  isOver = true;
});

function move(from, to) {
  for (;;) {
    try {
      renameSync(at(from), at(to));
      return;
    } catch {
      // Whoever writes has made the folder in the meantime, and may still write in it.
      try {
        rmSync(at(to), { recursive: true, force: true });
      } catch {}
    }
  }
}

function round() {
  for (let times = 0; times < 50; times += 1) {
    for (const [place, kind] of [
      ['swapped.txt', 'file'],
      ['swapped', 'folder'],
    ]) {
      move(place, `.${kind}-real`);
      move(`.${kind}-link`, place);
      move(place, `.${kind}-link`);
      move(`.${kind}-real`, place);
      swaps += 1;
    }
  }
  if (!isOver) return setImmediate(round);
  writeFileSync(1, `${swaps}\n`);
}
round();
