/** One change as a model wrote it, or what was wrong with it. Lines carry no line ends. */
export type Block =
  /** An empty `search` is for a file that is new or blank. */
  | { kind: 'edit'; path: string; search: string[]; replace: string[]; explanation: string }
  /** Whole lines for the end of the file. */
  | { kind: 'append'; path: string; lines: string[] }
  | { kind: 'whole'; path: string; text: string; language?: string; explanation?: string }
  | { kind: 'delete'; path: string }
  | { kind: 'rename'; from: string; to: string }
  /** Never applied. `reason` is a sentence for the model, `excerpt` a few lines of what it wrote. */
  | Malformed;

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
