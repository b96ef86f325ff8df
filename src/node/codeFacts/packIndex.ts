import { KEY_BYTES, ROW_BYTES } from './packRow.ts';

/** Where an entry is. */
export interface Place {
  /** A number of it. */
  pack: number;
  offset: number;
  length: number;
  checksum: number;
}

/** Where entries are, by their keys. */
export interface PackIndex {
  /** @param rows of one pack, as they stand in its file of keys; of two with the same key, the later counts */
  add(rows: Buffer, pack: number): void;
  get(key: string): Place | undefined;
  has(key: string): boolean;
  delete(key: string): void;
}

const GONE = 2 ** 32 - 1;

/** There are very many entries: their rows stay the bytes that they are, and are found by the first bytes of their keys. */
export function packIndex(): PackIndex {
  let [rows, packs] = [Buffer.alloc(1024 * ROW_BYTES), new Uint32Array(1024)];
  let count = 0;
  /** By the key: the number of a row and one; 0 where there is none. Twice as many as rows, so that one is soon found. */
  let slots = new Uint32Array(2048);

  /** Where the key is, or would be. */
  function slotOf(key: string): number {
    const last = slots.length - 1;
    // A key begins with a hash.
    let slot = (key.charCodeAt(0) | (key.charCodeAt(1) << 8) | (key.charCodeAt(2) << 16)) & last;
    for (let row = slots[slot]; row && keyOf(row - 1) !== key; row = slots[slot]) slot = (slot + 1) & last;
    return slot;
  }

  const keyOf = (row: number): string => rows.toString('latin1', row * ROW_BYTES, row * ROW_BYTES + KEY_BYTES);

  function rowOf(key: string): number | undefined {
    const row = (slots[slotOf(key)] ?? 0) - 1;
    return row < 0 || packs[row] === GONE ? undefined : row;
  }

  function grow(): void {
    // Zeros that nobody has written take no memory yet.
    const more = Buffer.alloc(rows.length * 2);
    rows.copy(more);
    [rows, packs] = [more, withRoom(packs)];
    slots = new Uint32Array(slots.length * 2);
    for (let row = 0; row < count; row += 1) slots[slotOf(keyOf(row))] = row + 1;
  }

  return {
    add(some, pack) {
      for (let at = 0; at + ROW_BYTES <= some.length; at += ROW_BYTES) {
        if (count === packs.length) grow();
        const slot = slotOf(some.toString('latin1', at, at + KEY_BYTES));
        const row = slots[slot] ? slots[slot] - 1 : count;
        if (row === count) count += 1;
        slots[slot] = row + 1;
        some.copy(rows, row * ROW_BYTES, at, at + ROW_BYTES);
        packs[row] = pack;
      }
    },
    get(key) {
      const row = rowOf(key);
      if (row === undefined) return undefined;
      const at = row * ROW_BYTES + KEY_BYTES;
      return {
        pack: packs[row] ?? 0,
        offset: rows.readUInt32LE(at),
        length: rows.readUInt32LE(at + 4),
        checksum: rows.readUInt32LE(at + 8),
      };
    },
    has: (key) => rowOf(key) !== undefined,
    delete(key) {
      const row = rowOf(key);
      if (row !== undefined) packs[row] = GONE;
    },
  };
}

function withRoom(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(numbers.length * 2);
  more.set(numbers);
  return more;
}
