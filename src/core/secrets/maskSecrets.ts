/**
 * Takes secrets out of text that leaves the machine, or goes where it need not be known. What it knows them by: the
 * forms of the usual makers, and the place in which they stand (a key block, a URL, a header, behind a name like
 * `password`). Better one false alarm too many than a key given away, but hashes, UUIDs and plain code are left alone.
 */
import { looksRandom } from './looksRandom.ts';
import { hintsIn, SECRET_FORMS } from './secretForms.ts';

/**
 * The text with every secret in it replaced by `‹secret: kind›`. The same text gives the same result, masking twice
 * changes nothing more, and the time is linear in the length, whatever the text is.
 */
export function maskSecrets(text: string): string {
  return masked(text, () => mask('private key'));
}

/** The same, and the text keeps its lines: each line of a key block is masked by itself. */
export function maskSecretLines(text: string): string {
  return masked(text, (block) => block.replace(/[^\n]+/g, (line) => (line === '\r' ? line : mask('private key'))));
}

/** What is left of a secret: "‹secret: GitHub token›". */
export const MASK = /‹secret: [\w ]{1,40}›/;

function masked(given: string, maskBlock: (block: string) => string): string {
  // Most texts have none: what cannot be there is not looked for.
  let text = given.includes('PRIVATE KEY') ? withoutKeyBlocks(given, maskBlock) : given;
  const there = hintsIn(given);
  for (const { kind, pattern, hints, random } of there.size === 0 ? [] : SECRET_FORMS) {
    if (!hints.some((hint) => there.has(hint))) continue;
    text = text.replace(pattern, (found) => (random && !looksRandom(found) ? found : mask(kind)));
  }
  if (text.includes('://')) text = text.replace(URL_PASSWORD, maskUrl);
  text = text.replace(AUTHORIZATION, maskAuthorization);
  text = text.replace(NETRC, (all, before: string, password: string) =>
    isPlaceholder(password) ? all : `${before}${mask('password')}`,
  );
  return withoutNamed(text);
}

/** What stands in the place of a secret. */
export function mask(kind: string): string {
  return `‹secret: ${kind}›`;
}

// ── Key blocks ───────────────────────────────────────────────────────────────────────────────────────────────────

const BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const END = '-----END ';
/** What is left of a block whose end was cut off, in the lines of a text, a diff or a string literal. */
const REST = /(?:[A-Za-z0-9+/=]{20,}|\\[nr]|[\s+-])*/y;

function withoutKeyBlocks(text: string, maskBlock: (block: string) => string): string {
  const parts: string[] = [];
  let from = 0;
  let end = -1;
  BEGIN.lastIndex = 0;
  for (let found = BEGIN.exec(text); found; found = BEGIN.exec(text)) {
    const body = found.index + found[0].length;
    // Looked for once, however many blocks have none.
    if (end < body) end = text.indexOf(END, body);
    if (end < 0) end = text.length;
    const next = text.indexOf('-----BEGIN ', body);
    const close = text.indexOf('-----', end + END.length);
    const isWhole = close >= 0 && close - end < 60 && !(next >= 0 && next < end);
    parts.push(text.slice(from, found.index));
    from = isWhole ? close + 5 : endOfRest(text, body);
    parts.push(maskBlock(text.slice(found.index, from)));
    BEGIN.lastIndex = from;
  }
  return parts.join('') + text.slice(from);
}

function endOfRest(text: string, body: number): number {
  REST.lastIndex = body;
  REST.exec(text);
  return Math.max(body, REST.lastIndex);
}

// ── URLs and headers ─────────────────────────────────────────────────────────────────────────────────────────────

/** It begins at the sign that is seldom, which makes it quick. */
const URL_PASSWORD = /:\/\/(?<=[A-Za-z0-9+.-]{2}:\/\/)([^\s:/@"'`<>]{0,200}:)([^\s/@"'`<>]{1,200})(?=@)/g;

function maskUrl(all: string, user: string, password: string): string {
  return isPlaceholder(password) ? all : `://${user}${mask('password')}`;
}

const AUTHORIZATION = /\b(Bearer|Basic|Token|token)(\s{1,3})([A-Za-z0-9._~+/-]{16,2000}={0,2})/g;

function maskAuthorization(all: string, scheme: string, space: string, value: string): string {
  return looksRandom(value) ? `${scheme}${space}${mask(scheme === 'Basic' ? 'password' : 'token')}` : all;
}

const NETRC = /(\bmachine\s{1,5}\S{1,200}\s{1,5}login\s{1,5}\S{1,200}\s{1,5}password\s{1,5})(\S{1,200})/g;

// ── Behind a name ────────────────────────────────────────────────────────────────────────────────────────────────

/** The end of a name that may be a secret's (see `kindOfName`), and what stands between it and its value. */
const NAME_END =
  /(?:passw(?:or)?d|passphrase|pwd|pass|secrets?|credentials?|token|key)\d{0,9}[_$-]{0,3}((?:\\?["'])?\s{0,3}(?::=|=>|={1,3}|:)\s{0,3})/gi;
const NAME = /(?<![\w$-])[A-Za-z_$][\w$-]{0,80}$/;
const LONGEST_NAME = 82;
const QUOTE = /\\?["'`]/y;
/** As far as a value can go in a line of settings, and in code. */
const SETTING = /[^\s"'`\\]{1,300}/y;
const WORD = /[\w+/=.~:!#%^*@-]{1,300}/y;
const LONGEST = 300;

function withoutNamed(text: string): string {
  const parts: string[] = [];
  let from = 0;
  NAME_END.lastIndex = 0;
  for (let found = NAME_END.exec(text); found; found = NAME_END.exec(text)) {
    const [all, between = ''] = found;
    const at = found.index + all.length;
    const end = at - between.length;
    const name = NAME.exec(text.slice(Math.max(0, end - LONGEST_NAME), end))?.[0] ?? '';
    const kind = kindOfName(name);
    const value = kind && valueAt(text, at, name, between);
    if (!kind || !value || isPlaceholder(value.text) || !isSecretValue(kind, value)) continue;
    parts.push(text.slice(from, value.from), mask(kind));
    from = value.from + value.text.length;
    NAME_END.lastIndex = from;
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(from);
}

interface Value {
  from: number;
  text: string;
  /** Where it stands: quoted, in a line of settings (`NAME=value`, `name: value`), or as an expression. */
  as: 'quoted' | 'setting' | 'expression';
  /** The name is written as those of environment variables are. */
  isEnvironment: boolean;
}

function valueAt(text: string, at: number, name: string, between: string): Value | undefined {
  const sign = between.replace(/^\\?["']/, '');
  const isSetting = sign === '=' || /^: /.test(sign);
  const isEnvironment = isSetting && /^[A-Z][A-Z0-9_]*$/.test(name);
  const quote = matchAt(QUOTE, text, at);
  if (quote !== undefined) {
    const from = at + quote.length;
    const inside = text.slice(from, from + LONGEST + quote.length);
    const end = inside.indexOf(quote);
    const value = inside.slice(0, Math.max(0, end));
    return end <= 0 || value.includes('\n') ? undefined : { from, text: value, as: 'quoted', isEnvironment };
  }
  const value = matchAt(isEnvironment ? SETTING : WORD, text, at);
  if (value === undefined) return undefined;
  const isCode =
    /[([{]/.test(text.charAt(at + value.length)) || (sign !== '=' && !endsLine(text, at + value.length - 1));
  const as = isSetting && !isCode ? 'setting' : 'expression';
  return { from: at, text: value, as, isEnvironment: isEnvironment && !isCode };
}

/** Whether a value, up to its last character, is all that the line has, but for a comment: so it is in YAML, not in code. */
function endsLine(text: string, last: number): boolean {
  return !/[,;]/.test(text.charAt(last)) && /^(?:[\r\n]|\\[nr]|$| {1,3}#)/.test(text.slice(last + 1, last + 6));
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

type NameKind = 'password' | 'secret' | 'token' | 'key';

/** What the last words of a name say that its value is; undefined for most names. */
function kindOfName(name: string): NameKind | undefined {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const last = (words.at(-1) ?? '').replace(/\d+$/, '');
  if (/(?:password|passwd|passphrase)$/.test(last)) return 'password';
  if (last === 'pwd' && !/^(?:OLD)?PWD$/.test(name)) return 'password';
  if (last === 'pass' && PASSES.has(words.at(-2) ?? '')) return 'password';
  if (/(?:secret|secrets|credential|credentials)$/.test(last)) return 'secret';
  if (/^(?:|auth|access|refresh|bearer|api)token$/.test(last)) return 'token';
  const keyWords = last === 'key' ? (words.at(-2) ?? '') : last.replace(/key$/, '');
  return last.endsWith('key') && KEYS.has(keyWords) ? 'key' : undefined;
}

/** Whose word a "pass" is; one that a test makes, or a renderer, is none. */
const PASSES = new Set('db database user admin root smtp mail email mysql postgres pg redis ftp http proxy'.split(' '));

const KEYS = new Set(
  'api access secret private auth signing encryption master account shared deploy service subscription'.split(' '),
);

function isSecretValue(kind: NameKind, { text, as, isEnvironment }: Value): boolean {
  if (isReference(text)) return false;
  if (isEnvironment) return text.length >= 4 && !(kind === 'token' && /^\d{1,6}$/.test(text));
  if (kind === 'password' && as !== 'expression')
    return text.length >= 6 && !/\s/.test(text) && /[\d!#%&*+?@^~]/.test(text);
  return /^[\w+/=.~:-]+$/.test(text) && looksRandom(text);
}

/** A word of a language, or a name, a member or a call, which only says where the value comes from. */
function isReference(value: string): boolean {
  return (
    /^(?:true|false|null|none|nil|undefined|yes|no|on|off|string|number|boolean)$/i.test(value) ||
    /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+\W{0,3}$/.test(value) ||
    /^[\w$.]+[([]/.test(value)
  );
}

/** What stands for a value in examples, templates and scripts; and what was masked already. */
function isPlaceholder(value: string): boolean {
  return (
    value.includes('‹secret:') ||
    /^(?:[$%<{[]|\\\$|#\{|@)/.test(value) ||
    /\$\{|\{\{|%\(/.test(value) ||
    /^(.)\1*$/s.test(value) ||
    /^(?:x{3,}|\*{3,}|\.{3,})/i.test(value) ||
    /^(?:your|my)[-_]/i.test(value) ||
    (/^(?:\.{0,2}\/|~\/)/.test(value) && !looksRandom(value)) ||
    /^(?:change_?me|placeholder|example|dummy|redacted|password|passwd|secret|token)$/i.test(value)
  );
}
