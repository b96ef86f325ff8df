/**
 * Reads the lines between two "---" at the beginning of a text, as far as rules files need it: `key: value`, with a list
 * in brackets, with commas or as "- item" lines below. Not all of YAML: rules have `globs: *.ts`, which YAML refuses.
 * @returns each field with its values, without empty ones, and the text after it, trimmed
 */
export function readFrontMatter(whole: string): { fields: Map<string, string[]>; text: string } {
  const clean = whole.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const found = /^---[ \t]*\n([\s\S]*?\n)?---[ \t]*(?:\n|$)/.exec(clean);
  const fields = new Map<string, string[]>();
  if (found === null) return { fields, text: clean.trim() };
  let last: string[] = [];
  for (const line of (found[1] ?? '').split('\n')) {
    const item = /^\s*-\s+(.*)$/.exec(line);
    const field = /^([A-Za-z_]+)\s*:(.*)$/.exec(line);
    if (item) last.push(...valuesIn(item[1] ?? '', 'one'));
    else if (field) {
      const [, key = '', value = ''] = field;
      last = valuesIn(value, key === 'description' ? 'one' : 'list');
      fields.set(key, last);
    }
  }
  return { fields, text: clean.slice(found[0].length).trim() };
}

function valuesIn(text: string, form: 'one' | 'list'): string[] {
  const trimmed = text.trim();
  const inner = form === 'list' ? trimmed.replace(/^\[(.*)\]$/, '$1') : trimmed;
  const values = form === 'list' ? atCommas(inner) : [inner];
  return values.map(unquoted).filter((value) => value !== '');
}

/** Split at commas, but for those between braces or quotes: `*.{ts,tsx}` is one value. */
function atCommas(text: string): string[] {
  return (text.match(/(?:\{[^}]*\}|"[^"]*"|'[^']*'|[^,])+/g) ?? []).flatMap((part) => {
    const value = part.trim();
    // A quoted value may be a list itself, as in applyTo: "**/*.ts,**/*.tsx".
    const quoted = /^(["'])(.*)\1$/.exec(value);
    return quoted?.[2]?.includes(',') ? atCommas(quoted[2]) : [value];
  });
}

function unquoted(text: string): string {
  return text
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim();
}
