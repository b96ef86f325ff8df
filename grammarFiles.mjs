// @ts-check
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);

/**
 * tree-sitter and its grammars, as they come into dist/grammars/: from the name there, without ".wasm", to the file of
 * the package that carries it, relative to this folder.
 * @type {Record<string, string>}
 */
export const GRAMMAR_FILES = Object.fromEntries(
  Object.entries({
    'web-tree-sitter': require.resolve('web-tree-sitter/web-tree-sitter.wasm'),
    typescript: require.resolve('tree-sitter-typescript/tree-sitter-typescript.wasm'),
    tsx: require.resolve('tree-sitter-typescript/tree-sitter-tsx.wasm'),
    javascript: require.resolve('tree-sitter-javascript/tree-sitter-javascript.wasm'),
    python: require.resolve('tree-sitter-python/tree-sitter-python.wasm'),
    go: require.resolve('tree-sitter-go/tree-sitter-go.wasm'),
    rust: require.resolve('tree-sitter-rust/tree-sitter-rust.wasm'),
    java: require.resolve('tree-sitter-java/tree-sitter-java.wasm'),
    csharp: require.resolve('tree-sitter-c-sharp/tree-sitter-c_sharp.wasm'),
    c: require.resolve('tree-sitter-c/tree-sitter-c.wasm'),
    cpp: require.resolve('tree-sitter-cpp/tree-sitter-cpp.wasm'),
    json: require.resolve('tree-sitter-json/tree-sitter-json.wasm'),
    yaml: require.resolve('@tree-sitter-grammars/tree-sitter-yaml/tree-sitter-yaml.wasm'),
    css: require.resolve('tree-sitter-css/tree-sitter-css.wasm'),
    html: require.resolve('tree-sitter-html/tree-sitter-html.wasm'),
  }).map(([name, file]) => [name, path.relative(import.meta.dirname, file).replaceAll(path.sep, '/')]),
);
