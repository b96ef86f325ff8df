import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { GRAMMAR_FILES } from './grammarFiles.mjs';
import { thirdPartyNotices } from './thirdPartyNotices.mjs';

// The bundles of our own code. The headless one is built without `vscode` as an external: if the core ever imported
// it, this build would fail.
await rm('dist', { recursive: true, force: true });

const shared = { bundle: true, sourcemap: true, metafile: true, logLevel: 'warning', legalComments: 'none' };
const node = {
  ...shared,
  platform: 'node',
  target: 'node20.19',
  // Smaller, and quicker to load; names stay, so that a stack trace can be read without the source map, which is not shipped.
  minifyWhitespace: true,
  minifySyntax: true,
};
/** Some libraries want require() and __filename, which an ES module does not have by itself. */
const banner = {
  js: `import { createRequire as conclaveRequire } from 'node:module';
import { fileURLToPath as conclavePath } from 'node:url';
const require = conclaveRequire(import.meta.url);
const __filename = conclavePath(import.meta.url);`,
};

const bundles = await Promise.all([
  build({
    ...node,
    entryPoints: { cli: 'src/cli.ts' },
    outdir: 'dist',
    format: 'esm',
    // What is imported while it runs is loaded by commands that need it: a server has half of all in memory.
    splitting: true,
    chunkNames: 'cli/[name]-[hash]',
    banner,
    external: ['@vscode/ripgrep'],
  }),
  // Threads of their own, of the command line and of the extension.
  build({
    ...node,
    entryPoints: {
      parserWorker: 'src/node/codeFacts/parserWorker.ts',
      indexWorker: 'src/node/codeIndex/indexWorker.ts',
    },
    outdir: 'dist',
    format: 'esm',
    banner,
  }),
  build({ ...node, entryPoints: { 'scripted-fleet': 'test/models/main.ts' }, outdir: 'dist', format: 'esm', banner }),
  build({
    ...node,
    entryPoints: { extension: 'src/extension.ts' },
    outdir: 'dist',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    external: ['vscode'],
    // web-tree-sitter asks for it, and a script has none.
    define: { 'import.meta.url': 'conclaveUrl' },
    banner: { js: "const conclaveUrl = require('node:url').pathToFileURL(__filename).href;" },
  }),
  build({
    ...shared,
    platform: 'browser',
    // The Chromium of the oldest editor that we run in (VS Code 1.105).
    target: 'chrome138',
    entryPoints: { chat: 'src/webview/main.tsx', fleet: 'src/webview/fleet/main.tsx' },
    tsconfig: 'src/webview/tsconfig.json',
    outdir: 'dist/webview',
    format: 'iife',
    minify: true,
    loader: { '.ttf': 'file' },
    assetNames: '[name]',
  }),
]);

const metafiles = bundles.map(({ metafile }) => metafile);
metafiles.forEach(assertNames);
const [commandLine, , , extension] = metafiles;
for (const { outputs } of [commandLine, extension])
  for (const file of Object.keys(outputs)) if (!file.endsWith('.map')) await inLatin1(file);
await mkdir('dist/grammars');
for (const [name, file] of Object.entries(GRAMMAR_FILES)) await copyFile(file, `dist/grammars/${name}.wasm`);
await cp('src/node/codeFacts/queries', 'dist/grammars', { recursive: true });

await writeFile('dist/THIRD_PARTY_NOTICES.txt', thirdPartyNotices(metafiles, Object.values(GRAMMAR_FILES)));

/**
 * A package of CommonJS that is imported while the program runs has none of its names in a part of its own, and nobody says so.
 * @throws where there is one: a module of ours has to hand its names on
 */
function assertNames(metafile) {
  for (const { entryPoint = '', exports } of Object.values(metafile.outputs)) {
    if (entryPoint.includes('node_modules') && exports.join() === 'default')
      throw new Error(
        `${entryPoint} has no names where it is imported with import(): import it in a module of ours, and that.`,
      );
  }
}

/**
 * Letters beyond Latin-1 are left in regular expressions only, where an escape says the same. Without them, V8 keeps a
 * source in one byte a letter instead of two: 4 MB.
 */
async function inLatin1(file) {
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replaceAll(/[\u0100-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
