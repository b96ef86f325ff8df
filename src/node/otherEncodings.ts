/** Bytes of a text that are above ASCII, at most: a Western text has few of them, an image or another script has many. */
const MOST_HIGH = 0.3;

/**
 * The text of bytes that are not UTF-8, where they are a text in another of the usual encodings: UTF-16 with its byte
 * order mark, or Windows-1252 (and so Latin-1), where nothing in them speaks against that.
 * @returns undefined where they are no such text
 */
export function decodeOther(bytes: Uint8Array): { text: string; encoding: string } | undefined {
  const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (mark === 0xfffe || mark === 0xfeff) {
    const encoding = mark === 0xfffe ? 'UTF-16LE' : 'UTF-16BE';
    const text = strictly(encoding, bytes);
    return text === undefined || hasControls(text) ? undefined : { text, encoding };
  }
  return isWestern(bytes) ? { text: westernText(bytes), encoding: 'Windows-1252' } : undefined;
}

/** What Windows-1252 has from 0x80 to 0x9f, where Latin-1 has control characters. */
const EXTRA = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** By hand, because TextDecoder takes Windows-1252 for Latin-1 in some versions of Node. */
function westernText(bytes: Uint8Array): string {
  const latin = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return latin.replace(/[\x80-\x9f]/g, (character) => EXTRA.charAt(character.charCodeAt(0) - 0x80));
}

function isWestern(bytes: Uint8Array): boolean {
  let high = 0;
  for (const byte of bytes) {
    // Control characters but tab, line ends, form feed and escape; and those five that Windows-1252 leaves out.
    if (byte < 0x20 ? !(byte >= 9 && byte <= 13) && byte !== 0x1b : byte === 0x7f) return false;
    if (byte === 0x81 || byte === 0x8d || byte === 0x8f || byte === 0x90 || byte === 0x9d) return false;
    if (byte >= 0x80) high += 1;
  }
  return bytes.length > 0 && high / bytes.length <= MOST_HIGH;
}

function hasControls(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text);
}

/** @returns undefined where the bytes are not of that encoding throughout */
export function strictly(encoding: string, bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
