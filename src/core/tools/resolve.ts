import type { CodePlace, LanguageServers } from '../ports.ts';
import { isUnder } from './givenPath.ts';
import { type Occurrence, shownLine } from './occurrences.ts';
import type { SymbolName } from './symbolName.ts';
import type { ToolContext } from './tool.ts';

export interface Resolved {
  /** `other`: the language server does not count it: the same name, but another symbol as far as it knows. */
  occurrences: (Occurrence & { other?: true })[];
  by: 'search' | 'language server';
}

/** Symbols of one name that a server is asked about. */
const MOST_ASKED = 4;
/** Places that only the server knows. */
const MOST_ADDED = 200;

/**
 * Asks the language server, where there is one, which occurrences are of the symbol itself. What the agent has changed,
 * and comments and strings, it does not know: those stay as the search found them.
 */
export async function resolve(
  occurrences: Occurrence[],
  { name }: SymbolName,
  under: readonly string[],
  ctx: ToolContext,
): Promise<Resolved> {
  const { languages } = ctx;
  if (!languages) return { occurrences, by: 'search' };
  const changed = new Set(ctx.changed);
  const isCode = ({ kind, path }: Occurrence): boolean =>
    (kind === 'definition' || kind === 'import' || kind === 'call' || kind === 'use') && !changed.has(path);
  const places = await referencesTo(occurrences.filter(isCode), languages, ctx.signal);
  if (!places) return { occurrences, by: 'search' };
  const known = new Map(places.map((place) => [keyOf(place), place]));
  // Of a file that belongs to no project of the server, it says nothing: only where it knows some is the rest another's.
  const seen = new Set(places.map(({ path }) => path));
  const resolved = occurrences.map((occurrence) => {
    const isKnown = known.delete(keyOf(occurrence));
    return isKnown || !isCode(occurrence) || !seen.has(occurrence.path)
      ? occurrence
      : { ...occurrence, other: true as const };
  });
  const listed = known.size === 0 ? undefined : new Set((await ctx.workspace.list(ctx.signal)).map(({ path }) => path));
  const more = [...known.values()].filter(
    (place) => isUnder(place.path, under) && listed?.has(place.path) && !changed.has(place.path),
  );
  return {
    occurrences: [...resolved, ...(await asOccurrences(more.slice(0, MOST_ADDED), name, ctx))],
    by: 'language server',
  };
}

type Reference = CodePlace & { definition: boolean };

/** Of all symbols that have definitions there; where none is defined, of the first that is used. */
async function referencesTo(
  occurrences: readonly Occurrence[],
  languages: LanguageServers,
  signal: AbortSignal,
): Promise<Reference[] | undefined> {
  const definitions = occurrences.filter(({ kind }) => kind === 'definition');
  const asked = definitions.length > 0 ? definitions.slice(0, MOST_ASKED) : occurrences.slice(0, 1);
  const answers = await Promise.all(asked.map((place) => languages.references(place, signal)));
  const known = answers.filter((answer) => answer !== undefined);
  // One of them unanswered: then nothing can be said about what is in no answer.
  return known.length === 0 || known.length < answers.length ? undefined : known.flat();
}

/** Places that go by another name (`import { a as b }`), or lie where the search did not look. */
async function asOccurrences(
  places: readonly Reference[],
  name: string,
  { workspace, signal }: ToolContext,
): Promise<Occurrence[]> {
  const found: Occurrence[] = [];
  const texts = new Map<string, string[]>();
  for (const { path, line, column, definition } of places) {
    signal.throwIfAborted();
    const content = texts.has(path) ? undefined : await workspace.read(path);
    if (content) texts.set(path, content.kind === 'text' ? content.text.split('\n') : []);
    const text = texts.get(path)?.[line - 1];
    if (text === undefined) continue;
    const isNamed = text.startsWith(name, column - 1);
    const kind = definition && isNamed ? 'definition' : 'use';
    found.push({ path, line, column, kind, text: shownLine(text, column - 1) });
  }
  return found;
}

function keyOf({ path, line, column }: CodePlace): string {
  return `${path}:${line}:${column}`;
}
