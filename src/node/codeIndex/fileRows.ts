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

const COLUMNS = 5;
const [BYTES, MTIME, CTIME, INO, READ_AT] = [0, 1, 2, 3, 4] as const;
/** By their numbers; 0 is that nothing is known. */
const KINDS: readonly (FileKind | undefined)[] = [undefined, 'none', 'text', 'odd'];
/** The row of those that have none any more. */
const NONE = 0;

/** Some rows. One array for all would have to be copied when there are more, and have room for many that never come. */
interface Page {
  numbers: Float64Array;
  filters: Uint32Array;
  kinds: Uint8Array;
  areLinks: Uint8Array;
}

const ROWS = 4096;

/** The numbers of all files lie in few arrays: as objects of V8's, they take three times as much. */
export function fileRows(): FileRows {
  const pages: Page[] = [newPage()];
  let rows = 1;
  const free: number[] = [];

  const pageOf = (row: number): Page => pages[Math.floor(row / ROWS)] as Page;
  const numberOf = (row: number, column: number): number =>
    pageOf(row).numbers[(row % ROWS) * COLUMNS + column] as number;

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
      return small(numberOf(this.row, BYTES));
    }
    get mtimeMs(): number {
      return numberOf(this.row, MTIME);
    }
    get ctimeMs(): number {
      return numberOf(this.row, CTIME);
    }
    get ino(): number {
      return numberOf(this.row, INO);
    }
    get readAt(): number {
      return numberOf(this.row, READ_AT);
    }
    get kind(): FileKind | undefined {
      return KINDS[pageOf(this.row).kinds[this.row % ROWS] as number];
    }
    get filter(): number {
      return pageOf(this.row).filters[this.row % ROWS] as number;
    }
    get isLink(): boolean {
      return pageOf(this.row).areLinks[this.row % ROWS] === 1;
    }
    set isLink(is: boolean) {
      pageOf(this.row).areLinks[this.row % ROWS] = is ? 1 : 0;
    }
    setStamp({ bytes, mtimeMs, ctimeMs, ino }: Stamp): void {
      pageOf(this.row).numbers.set([bytes, mtimeMs, ctimeMs, ino], (this.row % ROWS) * COLUMNS);
    }
    setFacts(facts: FileFacts | undefined): void {
      const { numbers, filters, kinds } = pageOf(this.row);
      const at = this.row % ROWS;
      this.hash = facts?.hash;
      kinds[at] = KINDS.indexOf(facts?.kind);
      filters[at] = facts?.filter ?? 0;
      if (facts) numbers[at * COLUMNS + READ_AT] = facts.readAt;
    }
  }

  return {
    add(path) {
      const row = free.pop() ?? rows;
      if (row === rows) rows += 1;
      if (rows > pages.length * ROWS) pages.push(newPage());
      return new Row(path, row);
    },
    remove(entry) {
      if (!(entry instanceof Row) || entry.row === NONE) return;
      const { numbers, filters, kinds, areLinks } = pageOf(entry.row);
      const at = entry.row % ROWS;
      numbers.fill(0, at * COLUMNS, (at + 1) * COLUMNS);
      filters[at] = 0;
      kinds[at] = 0;
      areLinks[at] = 0;
      free.push(entry.row);
      entry.row = NONE;
    },
  };
}

function newPage(): Page {
  return {
    numbers: new Float64Array(ROWS * COLUMNS),
    filters: new Uint32Array(ROWS),
    kinds: new Uint8Array(ROWS),
    areLinks: new Uint8Array(ROWS),
  };
}

/** What V8 keeps in its place, and not as an object, where it is small enough. */
export function small(number = 0): number {
  return number <= 0x7fffffff ? number | 0 : number;
}
