/** For `node --require`: writes down the name of every .wasm file that this process reads, a line each, in the file that CONCLAVE_TEST_GRAMMARS names. */
const { appendFileSync } = require('node:fs');
const files = require('node:fs/promises');
const { syncBuiltinESMExports } = require('node:module');
const { basename } = require('node:path');

const { readFile } = files;
files.readFile = (path, ...rest) => {
  if (String(path).endsWith('.wasm')) appendFileSync(process.env.CONCLAVE_TEST_GRAMMARS, `${basename(String(path))}\n`);
  return readFile(path, ...rest);
};
syncBuiltinESMExports();
