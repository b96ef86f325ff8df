import type { Block } from './block.ts';

/** What came of a line. */
export interface Taken {
  /** The blocks that it closed, in order. */
  blocks: Block[];
  /** The reader has come to its end; it gets no further line. */
  over?: {
    /** Lines that turned out to be none of its format. */
    prose?: string[];
    /** What is still to be read, by whichever format it is for. */
    again?: string[];
  };
}

/** Reads what stands between the first line of a format and its last; one is made for each time that it begins. */
export interface BlockReader {
  take(line: string): Taken;
  /**
   * The answer ended within it.
   * @param how.partial the last line of a truncated answer, as far as it came
   */
  end(how: { truncated: boolean; partial?: string }): Block[];
  /** Whether this is surely its last line, though the answer was cut off after it. */
  closes?(line: string): boolean;
}

/** The fence that a block stands in. */
export interface OpenFence {
  /** The signs that open it: a closing one has as many at least. */
  mark: string;
  /** White space before the signs: then all of its lines may be indented by it. */
  indent: string;
  info: string;
}

/** Whether a line closes the fence. */
export function closesFence(line: string, { mark }: Pick<OpenFence, 'mark'>): boolean {
  const text = line.trimEnd();
  return text.length >= mark.length && text === (mark[0] ?? '`').repeat(text.length);
}

export function outdented(line: string, indent: string): string {
  return line.startsWith(indent) ? line.slice(indent.length) : line;
}
