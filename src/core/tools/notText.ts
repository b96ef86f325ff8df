import { posix } from 'node:path';
import { sized } from './counted.ts';

/** That a file is no text, what it is by its name, and what to do instead of reading it. */
export function notText(path: string, bytes: number): string {
  const extension = posix.extname(path).slice(1).toLowerCase();
  const known = KINDS.find(({ extensions }) => extensions.includes(extension));
  const instead = known?.instead ?? `Where it is used, search_code with pattern="${posix.basename(path)}" shows.`;
  return `${path} is ${known?.what ?? 'a binary file'} (${sized(bytes)}), and only text can be read. ${instead}`;
}

const USED = 'search_code with its name as pattern shows where it is used.';

const KINDS: readonly { what: string; instead: string; extensions: readonly string[] }[] = [
  {
    what: 'an image',
    instead: USED,
    extensions: ['png', 'jpg', 'jpeg', 'gif', 'webp', 'bmp', 'ico', 'icns', 'tif', 'tiff', 'avif', 'heic', 'psd'],
  },
  {
    what: 'a PDF',
    instead: 'The user can give its text; search_docs searches the documentation that is kept as text.',
    extensions: ['pdf'],
  },
  {
    what: 'an office document',
    instead: 'The user can give its text; search_docs searches the documentation that is kept as text.',
    extensions: ['doc', 'docx', 'xls', 'xlsx', 'ppt', 'pptx', 'odt', 'ods', 'odp'],
  },
  {
    what: 'an archive',
    instead: 'Only the user can unpack it; list_files shows what is there unpacked.',
    extensions: ['zip', 'tar', 'gz', 'tgz', 'bz2', 'xz', '7z', 'rar', 'zst', 'jar', 'war', 'whl', 'vsix', 'nupkg'],
  },
  { what: 'a font', instead: USED, extensions: ['woff', 'woff2', 'ttf', 'otf', 'eot'] },
  {
    what: 'a sound or a film',
    instead: USED,
    extensions: ['mp3', 'wav', 'ogg', 'flac', 'm4a', 'mp4', 'mov', 'webm', 'avi', 'mkv'],
  },
  {
    what: 'compiled code',
    instead: 'Read the source that it is made of; list_files finds it.',
    extensions: ['exe', 'dll', 'so', 'dylib', 'o', 'a', 'lib', 'class', 'pyc', 'wasm', 'node', 'bin'],
  },
  {
    what: 'a database',
    instead: 'Its schema is most often in migrations or in code; search_code finds them.',
    extensions: ['db', 'sqlite', 'sqlite3', 'mdb'],
  },
];
