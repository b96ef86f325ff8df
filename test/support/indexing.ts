import { resolve } from 'node:path';
import { openCodeIndexes } from '../../src/node/codeIndex/codeIndex.ts';

// A process that builds the index of a folder, to be killed meanwhile.
const [dir = '', root = ''] = process.argv.slice(2);
const indexes = openCodeIndexes({ dir, where: 'thread', thread: resolve('dist/indexWorker.js') });
const ready = indexes.of(root, ['own']).ready();
process.stdout.write('begun\n');
await ready;
