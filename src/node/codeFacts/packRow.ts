import { crc32 } from 'node:zlib';

/** Bytes of a key. */
export const KEY_BYTES = 20;
/** A row of a file of keys: the key, where its bytes begin in the other file, how many they are, and their checksum. */
export const ROW_BYTES = KEY_BYTES + 12;
export function rowOf(key: string, offset: number, bytes: Uint8Array): Buffer {
  const row = Buffer.alloc(ROW_BYTES);
  row.write(key, 0, KEY_BYTES, 'latin1');
  row.writeUInt32LE(offset, KEY_BYTES);
  row.writeUInt32LE(bytes.length, KEY_BYTES + 4);
  row.writeUInt32LE(crc32(bytes), KEY_BYTES + 8);
  return row;
}
