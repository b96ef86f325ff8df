import { posix } from 'node:path';

const JAVASCRIPT_EXPORTS = [
  /^export\s+(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|interface|type|enum|const|let|var|namespace)\s+([\w$]+)/gm,
  /^(?:module\.)?exports\.([\w$]+)\s*=/gm,
];
const JVM_EXPORTS = [
  /^(?:public\s+)?(?:(?:abstract|final|static|sealed|data|open|partial|case|internal)\s+)*(?:class|interface|enum|record|object|trait|struct|fun|def)\s+(\w+)/gm,
];

interface Language {
  name: string;
  extensions: string[];
  /** Each finds names in its first group. */
  exports?: RegExp[];
}

const LANGUAGES: readonly Language[] = [
  { name: 'TypeScript', extensions: ['ts', 'tsx', 'mts', 'cts'], exports: JAVASCRIPT_EXPORTS },
  { name: 'JavaScript', extensions: ['js', 'jsx', 'mjs', 'cjs'], exports: JAVASCRIPT_EXPORTS },
  { name: 'Vue', extensions: ['vue'] },
  { name: 'Svelte', extensions: ['svelte'] },
  { name: 'Python', extensions: ['py', 'pyi'], exports: [/^(?:async\s+)?(?:def|class)\s+([A-Za-z]\w*)/gm] },
  { name: 'Go', extensions: ['go'], exports: [/^(?:func(?:\s+\([^)]*\))?|type|var|const)\s+([A-Z]\w*)/gm] },
  {
    name: 'Rust',
    extensions: ['rs'],
    exports: [
      /^\s*pub(?:\([^)]*\))?\s+(?:(?:async|unsafe|const|extern(?:\s+"\w+")?)\s+)*(?:fn|struct|enum|union|trait|type|mod|static|const)\s+(\w+)/gm,
    ],
  },
  { name: 'Java', extensions: ['java'], exports: JVM_EXPORTS },
  { name: 'Kotlin', extensions: ['kt', 'kts'], exports: JVM_EXPORTS },
  { name: 'Scala', extensions: ['scala'], exports: JVM_EXPORTS },
  {
    name: 'C#',
    extensions: ['cs'],
    exports: [/^\s*public\s+(?:\w+\s+)*(?:class|interface|enum|record|struct)\s+(\w+)/gm],
  },
  {
    name: 'Swift',
    extensions: ['swift'],
    exports: [/^(?:public |open |final )*(?:func|class|struct|enum|protocol|actor)\s+(\w+)/gm],
  },
  { name: 'Ruby', extensions: ['rb'], exports: [/^\s*(?:class|module)\s+([\w:]+)/gm] },
  {
    name: 'PHP',
    extensions: ['php'],
    exports: [/^(?:abstract |final )*(?:class|interface|trait|enum|function)\s+(\w+)/gm],
  },
  { name: 'C', extensions: ['c', 'h'], exports: [/^(?:typedef\s+)?(?:struct|enum|union)\s+(\w+)\s*\{/gm] },
  {
    name: 'C++',
    extensions: ['cpp', 'cc', 'cxx', 'hpp', 'hh'],
    exports: [/^(?:class|struct|enum(?:\s+class)?|namespace)\s+(\w+)/gm],
  },
  { name: 'Shell', extensions: ['sh', 'bash', 'zsh'] },
  { name: 'Lua', extensions: ['lua'] },
  { name: 'SQL', extensions: ['sql'] },
  { name: 'HTML', extensions: ['html', 'htm'] },
  { name: 'CSS', extensions: ['css', 'scss', 'less'] },
  { name: 'Markdown', extensions: ['md', 'mdx', 'markdown'] },
  { name: 'reStructuredText', extensions: ['rst'] },
  { name: 'JSON', extensions: ['json', 'jsonc'] },
  { name: 'YAML', extensions: ['yaml', 'yml'] },
  { name: 'TOML', extensions: ['toml'] },
  { name: 'XML', extensions: ['xml'] },
];

const BY_EXTENSION = new Map(
  LANGUAGES.flatMap((language) => language.extensions.map((one) => [one, language] as const)),
);

/** The language of a file by its name; undefined for what is none (images, archives, …). */
export function languageOf(path: string): string | undefined {
  return languageAt(path)?.name;
}

/** Names that a file offers to others, as far as patterns can tell, and where they stand: each once, in the file's order. */
export function exportMatches(path: string, text: string): { name: string; index: number }[] {
  const patterns = languageAt(path)?.exports ?? [];
  const found = patterns.flatMap((pattern) => [...text.matchAll(pattern)]).sort((a, b) => a.index - b.index);
  const seen = new Map<string, number>();
  for (const { 1: name, index } of found) if (name && !seen.has(name)) seen.set(name, index);
  return [...seen].map(([name, index]) => ({ name, index }));
}

/** Names that a file offers to others, as far as patterns can tell, each once and in the file's order. */
export function exportsOf(path: string, text: string): string[] {
  return exportMatches(path, text).map(({ name }) => name);
}

/** True for files whose code only tests other code. */
export function isTestFile(path: string): boolean {
  return /(^|\/)(tests?|__tests__|spec|testdata|fixtures)\/|[._-](test|spec)\.\w+$|(^|\/)test_[^/]+\.py$/.test(path);
}

function languageAt(path: string): Language | undefined {
  return BY_EXTENSION.get(posix.extname(path).slice(1).toLowerCase());
}
