/** What the single lines of a model's answer mean: markers, fences, commands, and lines that name a file. */

export interface OpeningMarker {
  form: 'edit' | 'append' | 'unknown';
  /** White space before the marker: then the whole block is indented by it. */
  indent: string;
  /** How many `<` it has. */
  width: number;
  /** Where the marker's line also names the file. */
  path?: string;
}

const OPENING = /^([ \t]*)(<{5,9})[ \t]*([A-Za-z]+)(?:[ \t]+(\S.*?))?[ \t]*$/;
const FORMS = new Map<string, OpeningMarker['form']>([
  ['SEARCH', 'edit'],
  ['ORIGINAL', 'edit'],
  ['HEAD', 'edit'],
  ['APPEND', 'append'],
]);

/** A line that opens a block; undefined for any other. */
export function openingMarker(line: string): OpeningMarker | undefined {
  const [, indent = '', marker = '', label = '', rest] = OPENING.exec(line) ?? [];
  if (marker === '') return undefined;
  const path = rest === undefined ? undefined : pathIn(rest);
  const isReadable = rest === undefined || path !== undefined;
  const form = (isReadable && FORMS.get(label.toUpperCase())) || 'unknown';
  return { form, indent, width: marker.length, ...(path !== undefined && { path }) };
}

/** True for every line that begins like an opening marker, ours or a merge conflict's. */
export function looksLikeOpening(line: string): boolean {
  return /^<{5,9}(?:[ \t]*$|[ \t]*[A-Za-z])/.test(line);
}

/** `ours` closes a block; `other` is a bare marker, or one with a label that is not ours. */
export function closingMarker(line: string): 'ours' | 'other' | undefined {
  const label = /^>{5,9}(?:[ \t]*([A-Za-z].*?))?[ \t]*$/.exec(line);
  if (!label) return undefined;
  return /^(REPLACE|UPDATED|APPEND)$/i.test(label[1] ?? '') ? 'ours' : 'other';
}

export function isDivider(line: string): boolean {
  return /^={5,9}[ \t]*$/.test(line);
}

/** A line that opens or closes a fenced block, with its signs, what stands before them, and its info string. */
export function fence(line: string): { indent: string; mark: string; info: string } | undefined {
  const [, indent = '', mark = '', info = ''] = /^([ \t]*)(`{3,}|~{3,})([^`]*)$/.exec(line) ?? [];
  return mark === '' ? undefined : { indent, mark, info: info.trim() };
}

/** A line of `=` signs underlines a heading in these, and a fence may be part of them. */
export function isProseFile(path: string): boolean {
  return /\.(?:md|mdx|markdown|rst|txt|adoc|asciidoc)$/i.test(path);
}

export function isListItem(line: string): boolean {
  return /^[ \t]*(?:[-*+]|\d+[.)])[ \t]/.test(line);
}

export type FileCommand = { kind: 'delete'; path: string } | { kind: 'rename'; from: string; to: string };

const NAME = '(`[^`]+`|"[^"]+"|\'[^\']+\'|\\S+)';
const DELETE = new RegExp(`^DELETE[ \\t]+${NAME}$`);
const RENAME = new RegExp(`^RENAME[ \\t]+${NAME}[ \\t]+(?:TO|to|->|=>)[ \\t]+${NAME}$`);

/** A whole line `DELETE path` or `RENAME path TO path`; prose that only begins with such a word is none. */
export function fileCommand(line: string): FileCommand | undefined {
  const text = line.trim().replace(/^`([^`]+)`$/, '$1');
  const [, deleted] = DELETE.exec(text) ?? [];
  if (deleted !== undefined) {
    const path = pathIn(deleted);
    return path === undefined || path.startsWith('/') ? undefined : { kind: 'delete', path };
  }
  const [, before = '', after = ''] = RENAME.exec(text) ?? [];
  const from = pathIn(before);
  const to = pathIn(after);
  return from === undefined || to === undefined ? undefined : { kind: 'rename', from, to };
}

/**
 * The path on a line that holds nothing else, in the dress that models give it: Markdown, a comment sign, "File:",
 * a trailing colon, quotes, a leading "./". Spaces only where it is quoted or named as a file.
 */
export function pathIn(line: string): string | undefined {
  const { path, isMarked } = undressed(line);
  return isPath(path, isMarked ? 'marked' : 'plain') ? path : undefined;
}

/**
 * What may be a path with spaces, or else prose that ends in a file's name: only the workspace knows. A line that names
 * a file before its end is prose.
 */
export function guessedPathIn(line: string): string | undefined {
  const { path } = undressed(line);
  if (!/\s/.test(path) || !isPath(path, 'marked') || !/\.[\w+-]{1,15}$/.test(path)) return undefined;
  if (path.split(/[/\\]/).some((part) => part !== part.trim())) return undefined;
  const before = path.split(/\s+/).slice(0, -1);
  return before.some((word) => CODE_FILE.test(word.replace(/[,;:]$/, ''))) ? undefined : path;
}

function undressed(line: string): { path: string; isMarked: boolean } {
  const text = line
    .trim()
    .replace(/^(?:[-*+]|\d+[.)])[ \t]+/, '')
    .replace(/^(?:\/\/|#{1,6}|--|<!--|\/\*)[ \t]*/, '')
    .replace(/[ \t]*(?:-->|\*\/)$/, '')
    .replaceAll('**', '')
    .replace(/:+$/, '')
    .replace(/[ \t]+\((?:new|new file|existing|modified|updated|created)\)$/i, '')
    .replace(/:+$/, '');
  const bare = text.replace(/^(?:file|filename|path)[ \t]*:[ \t]*/i, '');
  const [, , quoted] = /^([`"'])(.+)\1$/.exec(bare.trim()) ?? [];
  const path = (quoted ?? bare).trim().replace(/^(?:\.[/\\])+/, '');
  return { path, isMarked: quoted !== undefined || bare !== text };
}

const WITHOUT_EXTENSION = /^(?:\w*file|LICEN[CS]E|README|CHANGELOG|NOTICE|AUTHORS|CODEOWNERS|VERSION)$/;

function isPath(text: string, dress: 'marked' | 'plain'): boolean {
  const isImpossible = text === '' || /[<>"|?*`\p{Cc}]|:\/\/|[.,;]$/u.test(text);
  if (isImpossible || (dress === 'plain' && /\s/.test(text))) return false;
  if (dress === 'marked') return true;
  return /[/\\]/.test(text) || /\.[\w+-]{1,15}$/.test(text) || WITHOUT_EXTENSION.test(text);
}

/** Whether a path ends in what can only be a file's name; that of a product is none. */
export function isFileName(path: string): boolean {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  if (name === path && PRODUCT.test(name)) return false;
  return /\.[\w+-]{1,15}$/.test(name) || WITHOUT_EXTENSION.test(name);
}

const PRODUCT =
  /^(?:Node|Vue|Next|Nuxt|React|Express|Three|D3|Chart|Angular|Ember|Backbone|Nest)\.js$|^(?:Socket\.io|(?:ASP|VB)\.NET|vb\.net)$/;

/** The path in a fence's info string, as in "```ts src/a.ts", "```ts:src/a.ts" or "```ts title="src/a.ts"". */
export function pathInInfo(info: string): string | undefined {
  // Lines of a file that is quoted: "12:15:src/a.ts".
  if (/^\d+:\d+:/.test(info)) return undefined;
  const titled = /\b(?:title|file|filename|path)=(?:"([^"]+)"|'([^']+)'|([^\s}\]]+))/.exec(info);
  if (titled) return pathIn(`File: ${titled[1] ?? titled[2] ?? titled[3] ?? ''}`);
  const last = info.split(/[\s:]+/).at(-1) ?? '';
  return /[./]/.test(last) ? pathIn(last) : undefined;
}

const CODE_FILE =
  /\.(?:[cm]?[jt]sx?|py|go|rs|java|kt|c|h|cc|cpp|hpp|cs|rb|php|swift|md|txt|json|ya?ml|toml|html?|s?css|sh|sql|xml|vue|svelte|ini|cfg)$/;

/** True where the line speaks of another file than this one. */
export function mentionsOtherFile(line: string, path: string): boolean {
  return line
    .replaceAll(path, '')
    .split(/[\s`"'*(),:;]+/)
    .map((word) => word.replace(/\.$/, '').replace(/^\.\//, ''))
    .some((word) => CODE_FILE.test(word) && word !== path && !path.endsWith(`/${word}`));
}
