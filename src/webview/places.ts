import type { Place } from '../shared/protocol.ts';

/** A path with a folder or an ending, alone or with a line: "src/app.ts:12", "README.md", "src/app.ts#L3". */
const PLACE =
  /^(?!\/|[a-z]+:\/\/)((?:[\w@.()[\]-]+\/)*[\w@.()[\]-]+\.[a-z][a-z0-9]{0,7}|(?:[\w@.-]+\/)+[\w@.-]+)(?:(?::|#L)(\d{1,7})(?:[:-]\d+)?)?$/i;

/** The place in the workspace that a text names, if it looks like one. */
export function placeOf(text: string): Place | undefined {
  const [, path, line] = PLACE.exec(text) ?? [];
  if (path === undefined || path.split('/').includes('..')) return undefined;
  // Members and versions look like files: "module.exports", "v1.2.x". A line number or a folder makes it one for certain.
  if (line === undefined && !path.includes('/') && !FILE_ENDING.test(path)) return undefined;
  return { path, ...(line === undefined ? {} : { line: Number(line) }) };
}

const FILE_ENDING =
  /\.(?:[cm]?[jt]sx?|json|md|py|rs|go|java|kt|rb|php|cs|cpp|cc|c|h|hpp|swift|css|scss|html|vue|svelte|ya?ml|toml|xml|sh|sql|txt|lock|ini|cfg|gradle)$/i;
