/** A finding that the user wants never to see again, as `.conclave/waived.json` keeps it. */
export interface Waiver {
  fingerprint: string;
  type: string;
  path: string;
  /** The line that it is about; absent where it is about the whole file. */
  quote?: string;
  reason: string;
  /** ISO 8601, the day is enough. */
  date: string;
}

/** A remark, located. */
export interface Located {
  type: string;
  path: string;
  fingerprint: string;
  /** Text of the line it was found at; absent where it is about the whole file. */
  lineText: string | undefined;
}

/**
 * The waiver that covers a remark: of the same fingerprint, or of the same type about the same line of the file, because
 * a model quotes more of a line one time and less another.
 */
export function waiverOf(waivers: readonly Waiver[], remark: Located): Waiver | undefined {
  return waivers.find(({ fingerprint, type, path, quote }) => {
    if (fingerprint === remark.fingerprint) return true;
    if (path !== remark.path || type !== remark.type || quote === undefined || remark.lineText === undefined)
      return false;
    return squeezed(quote) !== '' && squeezed(quote) === squeezed(remark.lineText);
  });
}

/** Text but for how white space is written. */
export function squeezed(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
