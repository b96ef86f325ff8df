import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';

/** What the files of a workspace held at some moment, by path. */
export interface Manifest {
  files: ReadonlyMap<string, ListedFile>;
}

export interface ListedFile {
  bytes: number;
  /** SHA-256 (hex); absent where only the size is known. */
  hash?: string;
  /** No text: its content is not kept. */
  isBinary?: true;
}

const manifestSchema = z.object({
  version: z.literal(1),
  files: z.array(z.tuple([z.string(), z.number(), z.string(), z.boolean()])),
});

/** The same files give the same bytes. */
export function manifestText({ files }: Manifest): Buffer {
  const content: z.input<typeof manifestSchema> = {
    version: 1,
    files: [...files]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([path, { bytes, hash = '', isBinary = false }]) => [path, bytes, hash, isBinary]),
  };
  return gzipSync(JSON.stringify(content));
}

/** @returns undefined where it is none, or of a later version */
export function manifestFrom(bytes: Buffer): Manifest | undefined {
  try {
    const { files } = manifestSchema.parse(JSON.parse(gunzipSync(bytes).toString('utf8')));
    return {
      files: new Map(
        files.map(([path, size, hash, isBinary]) => [
          path,
          { bytes: size, ...(hash !== '' && { hash }), ...(isBinary && { isBinary: true as const }) },
        ]),
      ),
    };
  } catch {
    return undefined;
  }
}
