/** One change as a model wrote it, or what was wrong with it. Lines carry no line ends. */
export type Block =
  /** An empty `search` is for a file that is new or blank. */
  | { kind: 'edit'; path: string; search: string[]; replace: string[]; explanation: string; guessed?: GuessedPath }
  /** Whole lines for the end of the file. */
  | { kind: 'append'; path: string; lines: string[]; guessed?: GuessedPath }
  | { kind: 'whole'; path: string; text: string; language?: string; explanation?: string }
  | { kind: 'delete'; path: string }
  | { kind: 'rename'; from: string; to: string }
  /** Never applied. `reason` is a sentence for the model, `excerpt` a few lines of what it wrote. */
  | Malformed;

/** The file that a block is for, as far as the lines before it tell. */
export interface NamedFile {
  path: string;
  guessed?: GuessedPath;
}

/**
 * The line before the block holds several words: it is the path where it names a file, which only the workspace knows,
 * and else prose. Then the block is for the file `otherwise`, if one was named before.
 */
export interface GuessedPath {
  otherwise?: NamedFile;
}

/** A block of which is known what file it is for. */
export type SettledBlock = Block & { guessed?: never };

export interface Malformed {
  kind: 'malformed';
  reason: string;
  excerpt: string;
  path?: string;
}

const EXCERPT_LINES = 6;
const EXCERPT_CHARACTERS = 400;

/** @param part which lines show best what is wrong: the first ones, or (where the text was cut off) the last */
export function malformed(reason: string, lines: readonly string[], path?: string, part?: 'last'): Malformed {
  const shown = part === 'last' ? lines.slice(-EXCERPT_LINES) : lines.slice(0, EXCERPT_LINES);
  const text = shown.join('\n');
  const excerpt = part === 'last' ? text.slice(-EXCERPT_CHARACTERS) : text.slice(0, EXCERPT_CHARACTERS);
  return { kind: 'malformed', reason, excerpt, ...(path !== undefined && { path }) };
}
