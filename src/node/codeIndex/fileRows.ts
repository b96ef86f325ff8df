import type { FileEntry } from '../../core/ports.ts';
import type { Stamp } from './fileStamp.ts';

/** `none`: no search finds anything in it. `odd`: some of its letters count as ASCII ones where case does not count. */
export type FileKind = 'none' | 'text' | 'odd';

/** What is known of what is in a file. */
export interface FileFacts {
  kind: FileKind;
  /** SHA-256, hex; undefined for files that cannot be read, or are too large. */
  hash: string | undefined;
  /** The number of its filter; 0 where it has none. */
  filter: number;
  /** When it was read, in milliseconds since 1970. */
  readAt: number;
}

/** A file of the workspace, or a link to one. */
export interface TableEntry extends Readonly<Stamp>, Readonly<Omit<FileFacts, 'kind'>> {
  readonly path: string;
  isLink: boolean;
  /** Undefined where nothing is known of what is in it now: it is to be read again, or it is a link. */
  readonly kind: FileKind | undefined;
  /** As it was listed last; what is listed again is the very same, where nothing is otherwise. */
  listed: FileEntry | undefined;
  setStamp(stamp: Stamp): void;
  /** @param facts undefined: it is to be read again */
  setFacts(facts: FileFacts | undefined): void;
}

/** Makes the entries of one table. */
export interface FileRows {
  add(path: string): TableEntry;
  /** Gives its row to another; whoever still holds the entry sees zeros. */
  remove(entry: TableEntry): void;
}

const COLUMNS = 8;
const [BYTES, MTIME, CTIME, INO, READ_AT, IS_LINK, KIND, FILTER] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
/** By their numbers; 0 is that nothing is known. */
const KINDS: readonly (FileKind | undefined)[] = [undefined, 'none', 'text', 'odd'];
/** The row of those that have none any more. */
const NONE = 0;

/** The numbers of all files lie in one array: as objects of V8's, they take three times as much. */
export function fileRows(): FileRows {
  let numbers = new Float64Array(1024 * COLUMNS);
  let rows = 1;
  const free: number[] = [];

  class Row implements TableEntry {
    readonly path: string;
    hash: string | undefined = undefined;
    listed: FileEntry | undefined = undefined;
    row: number;

    constructor(path: string, row: number) {
      this.path = path;
      this.row = row;
    }
    get bytes(): number {
      return small(numbers[this.row * COLUMNS + BYTES]);
    }
    get mtimeMs(): number {
      return numbers[this.row * COLUMNS + MTIME] ?? 0;
    }
    get ctimeMs(): number {
      return numbers[this.row * COLUMNS + CTIME] ?? 0;
    }
    get ino(): number {
      return numbers[this.row * COLUMNS + INO] ?? 0;
    }
    get readAt(): number {
      return numbers[this.row * COLUMNS + READ_AT] ?? 0;
    }
    get kind(): FileKind | undefined {
      return KINDS[numbers[this.row * COLUMNS + KIND] ?? 0];
    }
    get filter(): number {
      return small(numbers[this.row * COLUMNS + FILTER]);
    }
    get isLink(): boolean {
      return numbers[this.row * COLUMNS + IS_LINK] === 1;
    }
    set isLink(is: boolean) {
      numbers[this.row * COLUMNS + IS_LINK] = is ? 1 : 0;
    }
    setStamp({ bytes, mtimeMs, ctimeMs, ino }: Stamp): void {
      numbers.set([bytes, mtimeMs, ctimeMs, ino], this.row * COLUMNS);
    }
    setFacts(facts: FileFacts | undefined): void {
      this.hash = facts?.hash;
      numbers[this.row * COLUMNS + KIND] = KINDS.indexOf(facts?.kind);
      numbers[this.row * COLUMNS + FILTER] = facts?.filter ?? 0;
      if (facts) numbers[this.row * COLUMNS + READ_AT] = facts.readAt;
    }
  }

  function grow(): void {
    const larger = new Float64Array(Math.ceil(rows * 1.5) * COLUMNS);
    larger.set(numbers);
    numbers = larger;
  }

  return {
    add(path) {
      const row = free.pop() ?? rows;
      if (row === rows) rows += 1;
      if (rows * COLUMNS > numbers.length) grow();
      return new Row(path, row);
    },
    remove(entry) {
      if (!(entry instanceof Row) || entry.row === NONE) return;
      numbers.fill(0, entry.row * COLUMNS, (entry.row + 1) * COLUMNS);
      free.push(entry.row);
      entry.row = NONE;
    },
  };
}

/** What V8 keeps in its place, and not as an object, where it is small enough. */
export function small(number = 0): number {
  return number <= 0x7fffffff ? number | 0 : number;
}
