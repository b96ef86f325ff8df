import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** Which folders of src a folder may import from, types included; and which Node built-ins and packages it may use. */
const LAYERS: Record<string, { folders: string[]; builtins: 'all' | string[]; vscode?: true; packages?: 'none' }> = {
  shared: { folders: ['shared'], builtins: [], packages: 'none' },
  core: { folders: ['core', 'shared'], builtins: ['node:crypto', 'node:path', 'node:timers/promises'] },
  node: { folders: ['node', 'core', 'shared'], builtins: 'all' },
  mcp: { folders: ['mcp', 'node', 'core', 'shared'], builtins: 'all' },
  terminal: { folders: ['terminal', 'mcp', 'node', 'core', 'shared'], builtins: 'all' },
  webview: { folders: ['webview', 'shared'], builtins: [] },
  host: { folders: ['host', 'node', 'core', 'shared'], builtins: 'all', vscode: true },
  'cli.ts': { folders: ['terminal', 'node', 'core', 'shared'], builtins: 'all' },
  'extension.ts': { folders: ['host', 'node', 'core', 'shared'], builtins: 'all', vscode: true },
};

const source = path.resolve('src');

interface Import {
  file: string;
  layer: string;
  specifier: string;
}

const imports: Import[] = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .flatMap((file) => {
    const layer = file.split(path.sep)[0] ?? '';
    const { importedFiles } = ts.preProcessFile(readFileSync(path.join(source, file), 'utf8'), true, true);
    return importedFiles.map(({ fileName }) => ({ file: file.replaceAll(path.sep, '/'), layer, specifier: fileName }));
  });

describe('architecture', () => {
  it('reads the imports of every layer', () => {
    assert.ok(imports.length > 50, `only ${imports.length} imports were found`);
  });

  it('lets every folder import only from the layers below it', () => {
    const wrong = imports.filter(({ file, layer, specifier }) => {
      const rules = LAYERS[layer];
      if (!rules) return true;
      if (specifier.startsWith('.')) {
        const target = path.posix.join(path.posix.dirname(file), specifier).split('/')[0] ?? '';
        return !rules.folders.includes(target);
      }
      if (specifier === 'vscode') return rules.vscode !== true;
      if (specifier.startsWith('node:')) return rules.builtins !== 'all' && !rules.builtins.includes(specifier);
      return rules.packages === 'none';
    });
    assert.deepEqual(
      wrong.map(({ file, specifier }) => `src/${file} imports ${specifier}`),
      [],
    );
  });

  it('names files of its own with their extension and built-ins with node:', () => {
    const bare = new Set([
      'fs',
      'path',
      'crypto',
      'os',
      'url',
      'child_process',
      'util',
      'stream',
      'events',
      'http',
      'net',
    ]);
    const wrong = imports.filter(
      ({ specifier }) => (specifier.startsWith('.') && !/\.(tsx?|json|css)$/.test(specifier)) || bare.has(specifier),
    );
    assert.deepEqual(
      wrong.map(({ file, specifier }) => `src/${file} imports ${specifier}`),
      [],
    );
  });

  it('keeps the core free of the environment and of module state that outlives a run', () => {
    const files = readdirSync(path.join(source, 'core'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const wrong = files.filter((file) =>
      /\bprocess\.(env|cwd|platform|exit|argv)\b|^let /m.test(readFileSync(path.join(source, 'core', file), 'utf8')),
    );
    assert.deepEqual(wrong, []);
  });

  it('keeps the corpus of edits apart from the engine that it judges', () => {
    const folder = path.resolve('test/edits');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const taken = files.flatMap((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(path.join(folder, file), 'utf8'), true, true);
      return importedFiles.map(({ fileName }) => fileName).filter((name) => name.includes('/src/'));
    });
    assert.deepEqual([...new Set(taken)], ['../../src/core/changes/applyEdits.ts']);
  });
});
