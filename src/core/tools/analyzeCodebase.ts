import { posix } from 'node:path';
import { z } from 'zod';
import type { FileEntry } from '../ports.ts';
import { bounded, lineCount } from './bounded.ts';
import { counted } from './counted.ts';
import { givenPath } from './givenPath.ts';
import { exportsOf, isTestFile, languageOf } from './languages.ts';
import { isManifest, type Manifest, readManifest } from './manifests/manifests.ts';
import { readTexts } from './readTexts.ts';
import type { Tool } from './tool.ts';

const ARGS = z.object({ under: z.string().optional() });

/** More files than these are counted, but not read. */
const MOST_READ = 4000;

interface SourceFile {
  path: string;
  language: string;
  lines: number;
  exports: string[];
}

export const analyzeCodebase: Tool<z.infer<typeof ARGS>> = {
  name: 'analyze_codebase',
  description:
    'Shows what the project consists of: languages, folders, entry points, dependencies, how tests run, the biggest files and what files export. under narrows it to a folder.',
  args: ARGS,
  run: async (args, ctx) => {
    const under = args.under === undefined ? '.' : givenPath(args.under, ctx.workspace);
    const all = await ctx.workspace.list(ctx.signal);
    const entries = under === '.' ? all : all.filter(({ path }) => path === under || path.startsWith(`${under}/`));
    if (entries.length === 0) {
      return under === '.'
        ? { text: 'The workspace has no files that are not ignored.', isError: false }
        : { text: 'There are no files under that path. read_file with path="." shows the folders.', isError: true };
    }
    const readable = inReadingOrder(
      entries.map(({ path }) => path).filter((path) => languageOf(path) || isManifest(path)),
    );
    const texts = await readTexts(ctx.workspace, readable.slice(0, MOST_READ), ctx.signal);
    const manifests = texts.map(({ path, text }) => readManifest(path, text)).filter((one) => one !== undefined);
    const sources = texts.flatMap(({ path, text }) => sourceFile(path, text));
    const sections = [
      sizeSection(under, entries, sources, readable.length),
      languageSection(sources),
      manifestSection(manifests),
      testSection(manifests, all),
      listSection('Entry points', entryPoints(entries, manifests), 12),
      listSection('Folders (files)', folders(under, entries), 25),
      listSection('Biggest files (lines)', biggest(sources), 8),
      listSection('Exports', exportLines(sources), Number.POSITIVE_INFINITY),
    ];
    const text = sections.filter((section) => section !== '').join('\n\n');
    return {
      text: bounded(text, ctx.maxChars, () => 'analyze_codebase with under="<folder>" shows the rest of a folder.'),
      isError: false,
    };
  },
};

/** What tells most about a project first, so that a limit leaves out the least. */
function inReadingOrder(paths: string[]): string[] {
  const rank = (path: string) => (isManifest(path) ? 0 : isTestFile(path) ? 2 : 1);
  const depth = (path: string) => path.split('/').length;
  return paths.sort((a, b) => rank(a) - rank(b) || depth(a) - depth(b) || (a < b ? -1 : 1));
}

function sourceFile(path: string, text: string): SourceFile[] {
  const language = languageOf(path);
  return language === undefined ? [] : [{ path, language, lines: lineCount(text), exports: exportsOf(path, text) }];
}

function sizeSection(
  under: string,
  entries: readonly FileEntry[],
  sources: readonly SourceFile[],
  readable: number,
): string {
  const lines = sources.reduce((sum, file) => sum + file.lines, 0);
  const where = under === '.' ? 'The workspace' : under;
  const unread = readable > MOST_READ ? ` Only the first ${MOST_READ} were read; lines and exports are of these.` : '';
  return `${where}: ${counted(entries.length, 'file')}, ${lines} lines of text.${unread}`;
}

function languageSection(sources: readonly SourceFile[]): string {
  const languages = new Map<string, { files: number; lines: number }>();
  for (const { language, lines } of sources) {
    const sum = languages.get(language) ?? { files: 0, lines: 0 };
    languages.set(language, { files: sum.files + 1, lines: sum.lines + lines });
  }
  const ranked = [...languages].sort((a, b) => b[1].lines - a[1].lines);
  return listSection(
    'Languages',
    ranked.map(([name, sum]) => `${name}: ${counted(sum.files, 'file')}, ${counted(sum.lines, 'line')}`),
    12,
  );
}

function manifestSection(manifests: readonly Manifest[]): string {
  const lines = manifests.map(({ path, name, dependencies, scripts, problem }) => {
    if (problem !== undefined) return `${path}: ${problem}`;
    const parts = [
      name === undefined ? undefined : `"${name}"`,
      dependencies.length > 0 ? `depends on ${some(dependencies, 30)}` : 'no dependencies',
      scripts.length > 0 ? `scripts ${some(scripts, 15)}` : undefined,
    ];
    return `${path}: ${parts.filter((part) => part !== undefined).join('; ')}`;
  });
  return listSection('Manifests', lines, 10);
}

function testSection(manifests: readonly Manifest[], all: readonly FileEntry[]): string {
  const declared = manifests.flatMap(({ path, tests }) => (tests === undefined ? [] : [`${tests}, from ${path}`]));
  const pytest = all.find(({ path }) => /(^|\/)(pytest\.ini|conftest\.py|test_[^/]+\.py)$/.test(path));
  const found = declared.length > 0 || !pytest ? declared : [`pytest, because of ${pytest.path}`];
  const files = all.filter(({ path }) => languageOf(path) !== undefined && isTestFile(path)).length;
  return listSection('Tests', [...found, counted(files, 'test file')], 6);
}

const ENTRY_NAMES = /(^|\/)(main|index|app|server|cli|extension|__main__|manage|lib|mod|Program|Main)\.\w+$/;

function entryPoints(entries: readonly FileEntry[], manifests: readonly Manifest[]): string[] {
  const declared = manifests.flatMap((manifest) =>
    manifest.entryPoints.map((entry) => `${entry} (from ${manifest.path})`),
  );
  const usual = entries
    .map(({ path }) => path)
    .filter((path) => ENTRY_NAMES.test(path) && path.split('/').length <= 3 && !isTestFile(path))
    .filter((path) => exportable(path));
  return [...new Set([...declared, ...usual])];
}

function exportable(path: string): boolean {
  return !['HTML', 'CSS', 'Markdown', 'JSON', 'YAML', 'TOML', 'XML', undefined].includes(languageOf(path));
}

/** Two levels of folders below the one asked for. */
function folders(under: string, entries: readonly FileEntry[]): string[] {
  const counts = new Map<string, number>();
  const base = under === '.' ? 0 : under.split('/').length;
  for (const { path } of entries) {
    const parts = posix.dirname(path).split('/');
    if (parts[0] === '.') continue;
    for (let depth = base + 1; depth <= Math.min(parts.length, base + 2); depth += 1) {
      const folder = `${parts.slice(0, depth).join('/')}/`;
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
  }
  return [...counts].map(([folder, count]) => `${folder} (${count})`).sort();
}

function biggest(sources: readonly SourceFile[]): string[] {
  const ranked = sources.filter(({ path }) => exportable(path)).sort((a, b) => b.lines - a.lines);
  return ranked.map(({ path, lines }) => `${path} (${lines})`);
}

function exportLines(sources: readonly SourceFile[]): string[] {
  const offering = sources.filter(({ path, exports }) => exports.length > 0 && !isTestFile(path));
  return offering.map(({ path, exports }) => `${path}: ${some(exports, 15)}`);
}

function listSection(title: string, lines: readonly string[], most: number): string {
  if (lines.length === 0) return '';
  const more = lines.length > most ? [`- … and ${lines.length - most} more`] : [];
  return [`${title}:`, ...lines.slice(0, most).map((line) => `- ${line}`), ...more].join('\n');
}

function some(names: readonly string[], most: number): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return names.slice(0, most).join(', ') + more;
}
