import type { FileEntry } from '../../core/ports.ts';
import type { Stamp } from './fileStamp.ts';

/** A file of the workspace, or a link to one. */
export interface TableEntry<Content> extends Readonly<Stamp> {
  readonly path: string;
  isLink: boolean;
  /** What is known of what is in it now; undefined where it is to be read again, and for links. */
  content: Content | undefined;
  /** When that was read, in milliseconds since 1970. */
  readAt: number;
  /** As it was listed last; what is listed again is the very same, where nothing is otherwise. */
  listed: FileEntry | undefined;
  setStamp(stamp: Stamp): void;
}

/** Makes the entries of one table. */
export interface FileRows<Content> {
  add(path: string): TableEntry<Content>;
  /** Gives its row to another; whoever still holds the entry sees zeros. */
  remove(entry: TableEntry<Content>): void;
}

const COLUMNS = 6;
const [BYTES, MTIME, CTIME, INO, READ_AT, IS_LINK] = [0, 1, 2, 3, 4, 5] as const;
/** The row of those that have none any more. */
const NONE = 0;

/** The numbers of all files lie in one array: as objects of V8's, they take three times as much. */
export function fileRows<Content>(): FileRows<Content> {
  let numbers = new Float64Array(1024 * COLUMNS);
  let rows = 1;
  const free: number[] = [];

  class Row implements TableEntry<Content> {
    readonly path: string;
    content: Content | undefined = undefined;
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
    set readAt(at: number) {
      numbers[this.row * COLUMNS + READ_AT] = at;
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
function small(number = 0): number {
  return number <= 0x7fffffff ? number | 0 : number;
}
