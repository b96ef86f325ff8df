import { beginsPatch } from './applyPatch.ts';
import { type Block, CUT_OFF, malformed } from './block.ts';
import { fence as fenceIn, isFileName, isProseFile, openingMarker, pathIn, pathInInfo } from './blockLines.ts';
import { type BlockReader, closesFence, type OpenFence, outdented, type Taken } from './blockReader.ts';
import { beginsDiff, beginsHunk } from './unifiedDiff.ts';

interface NamedFence {
  path: string;
  /** Only a comment names it, which only the workspace can tell from an example's title. */
  isGuess: boolean;
  pathLine?: string;
}

/**
 * Reads a whole file in a fence that names its path: in its info string, on the line before it, or in a comment that is
 * its first line. Any other fence is given back for what it is: an example, a command, output.
 * @param before the path on the line before
 */
export function readFencedFile(fence: OpenFence, before: string | undefined, explanation: string): BlockReader {
  const word = (/^[\w+#.-]*/.exec(fence.info)?.[0] ?? '').toLowerCase();
  const named = pathInInfo(fence.info) ?? before;
  let file: NamedFence | undefined;
  /** Everything after the opening line. */
  const raw: string[] = [];
  const lines: string[] = [];
  /** Fences of Markdown that are part of the file. */
  let inner = 0;

  function take(line: string): Taken {
    const text = outdented(line, fence.indent);
    if (!file) return text.trim() === '' ? keep(line, text) : takeFirst(line, text);
    if (openingMarker(text)?.indent === '') return giveBack(line);
    if (inner === 0 && closesFence(text, fence)) return close(file, line);
    const mark = fenceIn(text);
    if (mark?.mark.startsWith(fence.mark)) inner = Math.max(0, inner + (mark.info === '' ? -1 : 1));
    return keep(line, text);
  }

  /** The first line that is not blank tells what the fence holds. */
  function takeFirst(line: string, text: string): Taken {
    const isForeign = openingMarker(text) || beginsPatch(text) || beginsDiff(text) || beginsHunk(text);
    file = isForeign || fenceIn(text) ? undefined : namedFile(named, text, word);
    if (!file) return giveBack(line);
    return file.pathLine === undefined ? keep(line, text) : keep(line);
  }

  function keep(line: string, text?: string): Taken {
    raw.push(line);
    if (text !== undefined) lines.push(text);
    return { blocks: [] };
  }

  function giveBack(line: string): Taken {
    return { blocks: [], over: { again: [...raw, line] } };
  }

  function close({ path, isGuess, pathLine }: NamedFence, line: string): Taken {
    const text = lines.map((one) => `${one}\n`).join('');
    if (isOtherJson(text)) return giveBack(line);
    const block: Block = {
      kind: 'whole',
      path,
      text,
      ...(word !== '' && { language: word }),
      ...(explanation !== '' && { explanation }),
      ...(isGuess && { guessed: {} }),
      fence: pathLine === undefined ? {} : { pathLine },
    };
    return { blocks: [block], over: { again: [line] } };
  }

  return {
    take,
    end({ truncated, partial }) {
      if (!file || file.isGuess) return [];
      const open = [...lines, ...(partial === undefined ? [] : [partial])];
      return [malformed(truncated ? CUT_OFF : NEVER_CLOSED, open, file.path, 'last')];
    },
  };
}

/** JSON that is no file's: `code_chunk` objects, and calls of tools. */
function isOtherJson(text: string): boolean {
  if (/"type"\s*:\s*"(?:code_chunk|test_results)"/.test(text)) return true;
  return (
    /^\s*\[?\s*\{\s*"(?:name|tool|action|type|id)"\s*:/.test(text) &&
    /"(?:arguments|parameters|args)"\s*:\s*[{"]/.test(text)
  );
}

const NEVER_CLOSED = 'The fence around this file is never closed, so it is unclear whether the file ends here.';

function namedFile(named: string | undefined, first: string, word: string): NamedFence | undefined {
  const written = COMMENT.test(first) ? pathIn(first) : undefined;
  if (named === undefined) {
    const isFile = written !== undefined && isFileOf(written, word) && !isProseFile(written);
    return isFile ? { path: written, isGuess: true, pathLine: first } : undefined;
  }
  if (!isFileOf(named, word)) return undefined;
  const isSame = written !== undefined && `/${written}`.endsWith(`/${named}`) && !isProseFile(named);
  return isSame ? { path: written, isGuess: false, pathLine: first } : { path: named, isGuess: false };
}

const COMMENT = /^[ \t]*(?:\/\/|#|--|<!--|\/\*)/;

/** Fences that show commands or output, unless the file is one of these. */
const QUOTING = new Map<string, RegExp>([
  ...['sh', 'bash', 'shell', 'zsh', 'fish', 'bat', 'cmd', 'powershell', 'ps1'].map((word): [string, RegExp] => [
    word,
    /(?:^|\/)(?:\.?[^./]+|[^/]*\.(?:sh|bash|zsh|fish|bat|cmd|ps1|env))$/,
  ]),
  ...['text', 'txt', 'plaintext'].map((word): [string, RegExp] => [
    word,
    /(?:^|\/)(?:\.?[^./]+|[^/]*\.(?:txt|md|csv|tsv|in|lst|env))$/,
  ]),
  ...['json', 'jsonc', 'json5'].map((word): [string, RegExp] => [
    word,
    /(?:^|\/)(?:\.?[^./]+|[^/]*\.(?:json|jsonc|json5|webmanifest|map|lock|ipynb|geojson))$/,
  ]),
  ...['console', 'shell-session', 'output', 'http', 'mermaid'].map((word): [string, RegExp] => [word, /^\b$/]),
  ['log', /\.log$/],
]);

function isFileOf(path: string, word: string): boolean {
  return isFileName(path) && (QUOTING.get(word)?.test(path) ?? true);
}
