/** One change as a model wrote it, or what was wrong with it. Lines carry no line ends. */
export type Block =
  | EditBlock
  /** Whole lines for the end of the file. */
  | { kind: 'append'; path: string; lines: string[]; guessed?: GuessedPath }
  | WholeBlock
  | { kind: 'delete'; path: string }
  | { kind: 'rename'; from: string; to: string }
  /** Never applied. `reason` is a sentence for the model, `excerpt` a few lines of what it wrote. */
  | Malformed;

export interface EditBlock {
  kind: 'edit';
  path: string;
  /** Empty for a file that is new or blank. */
  search: string[];
  replace: string[];
  explanation: string;
  guessed?: GuessedPath;
  /** 1-based, where a diff has numbers: a hint that only breaks ties. */
  startLine?: number;
  /** It was written as a hunk of a diff or a patch. */
  hunk?: HunkPlace;
}

/** What a hunk says of its place, beside its lines. Breaks ties, like `startLine`. */
export interface HunkPlace {
  /** Lines that stand before it, the outermost first. */
  after?: string[];
  /** It is the end of the file. */
  atEnd?: true;
}

export interface WholeBlock {
  kind: 'whole';
  path: string;
  text: string;
  language?: string;
  explanation?: string;
  guessed?: GuessedPath;
  /** It stood in a fence: it may be a quotation, or only a part of the file, which must not replace the whole. */
  fence?: {
    /** The fence's first line, which names the path. It is part of the file only where the file begins with it already. */
    pathLine?: string;
  };
}

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

/** Why nothing of a block that was open at the end of a truncated answer is used. */
export const CUT_OFF = 'cut off: the answer reached its length limit here, so nothing of this was applied.';

const EXCERPT_LINES = 6;
const EXCERPT_CHARACTERS = 400;

/** @param part which lines show best what is wrong: the first ones, or (where the text was cut off) the last */
export function malformed(reason: string, lines: readonly string[], path?: string, part?: 'last'): Malformed {
  const shown = part === 'last' ? lines.slice(-EXCERPT_LINES) : lines.slice(0, EXCERPT_LINES);
  const text = shown.join('\n');
  const excerpt = part === 'last' ? text.slice(-EXCERPT_CHARACTERS) : text.slice(0, EXCERPT_CHARACTERS);
  return { kind: 'malformed', reason, excerpt, ...(path !== undefined && { path }) };
}
