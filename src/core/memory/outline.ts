/** What is special about a task, by its form: a path, a quoted text, a name out of code, a number. */
type Kind = 'FILE' | 'TEXT' | 'NAME' | 'NUMBER';

const QUOTED = /`[^`\n]+`|"[^"\n]+"|“[^”\n]+”|«[^»\n]+»|(?<![\p{L}\p{N}])'[^'\n]+'(?![\p{L}\p{N}])/u;
/** Folders and a name, or a name with an ending that begins with a letter. */
const PATH = /(?:[\w@.-]+\/)+[\w@.-]*\w|\b\w[\w-]*(?:\.\w[\w-]*)*\.(?:[a-z]\w{1,7}|[chrdm])\b(?!\()/;
/** A call; snake_case; camelCase; names with points between them. */
const NAME =
  /\b[A-Za-z_$][\w$]*\(\)|\b[A-Za-z$]\w*_\w+\b|\b[a-z$][\w$]*[A-Z][\w$]*\b|\b[A-Z][a-z\d]+[A-Z][\w$]*\b|\b[A-Za-z_$][\w$]+(?:\.[A-Za-z_$][\w$]+)+/;
const NUMBER = /\b\d+(?:[.,]\d+)*\b/;

/**
 * Texts that belong together, with placeholders in the place of what is special about them: `<FILE_1>`, `<NAME_1>`. The
 * same thing has the same placeholder in all of them, a name that was found as one also where nothing shows it.
 * @param paths known to be such
 * @param own words of the texts themselves, which stay: ids of subtasks
 */
export function outlined(texts: readonly string[], paths: readonly string[], own: readonly string[] = []): string[] {
  const placeholders = new Map<string, string>();
  const counts: Record<Kind, number> = { FILE: 0, TEXT: 0, NAME: 0, NUMBER: 0 };
  const placeholder = (kind: Kind, thing: string): string => {
    const known = placeholders.get(thing);
    if (known !== undefined) return known;
    counts[kind] += 1;
    const name = `<${kind}_${counts[kind]}>`;
    placeholders.set(thing, name);
    return name;
  };
  const known = [...new Set(paths)].sort((a, b) => b.length - a.length).map(escaped);
  const special = new RegExp(
    [
      ...known.map((path) => `(?<![\\w./-])${path}(?![\\w/-])`),
      QUOTED.source,
      PATH.source,
      NAME.source,
      NUMBER.source,
    ].join('|'),
    'gu',
  );
  const isPath = (thing: string): boolean => paths.includes(thing) || new RegExp(`^(?:${PATH.source})$`).test(thing);
  const one = (found: string): string => {
    if (own.includes(found)) return found;
    const quoted = new RegExp(`^(?:${QUOTED.source})$`, 'u').test(found);
    const inner = quoted ? found.slice(1, -1) : found;
    if (isPath(inner)) return placeholder('FILE', inner);
    const name = inner.replace(/\(\)$/, '');
    if (new RegExp(`^(?:${NAME.source})$`).test(inner) || (quoted && /^[\w$]+$/.test(inner)))
      return placeholder('NAME', name);
    return quoted ? placeholder('TEXT', inner) : placeholder('NUMBER', inner);
  };
  const replaced = texts.map((text) => text.replace(special, one));
  const names = [...placeholders].filter(([thing, name]) => name.startsWith('<NAME_') && /^[\w$]{3,}$/.test(thing));
  if (names.length === 0) return replaced;
  const again = new RegExp(`(?<![\\w$<.])(?:${names.map(([name]) => escaped(name)).join('|')})(?![\\w$>])`, 'g');
  return replaced.map((text) => text.replace(again, (name) => placeholders.get(name) ?? name));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
