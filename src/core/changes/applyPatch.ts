import { type Block, CUT_OFF, malformed } from './block.ts';
import { openingMarker } from './blockLines.ts';
import { type BlockReader, closesFence, type OpenFence, type Taken } from './blockReader.ts';
import { type Hunk, hunkBlock } from './hunkLines.ts';
import { beginsDiff } from './unifiedDiff.ts';

/** A line with which a patch of the form that `apply_patch` takes begins: its envelope's, or its first file's. */
export function beginsPatch(line: string): boolean {
  return /^\*\*\* Begin Patch\s*$/.test(line) || fileHeader(line) !== undefined;
}

interface Header {
  action: 'Update' | 'Add' | 'Delete';
  path: string;
}

function fileHeader(line: string): Header | undefined {
  const [, action, name] = /^\*\*\* (Update|Add|Delete) File: *(\S.*)$/.exec(line) ?? [];
  return name === undefined ? undefined : { action: action as Header['action'], path: pathOf(name) };
}

function pathOf(name: string): string {
  const text = name.trim();
  const [, , quoted] = /^([`"'])(.+)\1$/.exec(text) ?? [];
  return (quoted ?? text).replace(/^(?:\.\/)+/, '');
}

/** Reads a patch in the form of `apply_patch`. Each hunk is given as soon as the next one, or the next file, begins. */
export function readApplyPatch(said: string, fence: OpenFence | undefined): BlockReader {
  let file: Header | undefined;
  let lines: string[] = [];
  let hunk: Hunk = emptyHunk();
  let explanation = said;

  function take(line: string): Taken {
    const header = fileHeader(line);
    if (header) return { blocks: begin(header) };
    if (/^\*\*\* Begin Patch\s*$/.test(line)) return { blocks: flush() };
    if (/^\*\*\* End Patch\s*$/.test(line)) return { blocks: flush(), over: {} };
    const isForeign = openingMarker(line)?.indent === '' || (file === undefined && beginsDiff(line));
    if (isForeign || (fence !== undefined && closesFence(line, fence)))
      return { blocks: flush(), over: { again: [line] } };
    const target = /^\*\*\* Move to: *(\S.*)$/.exec(line)?.[1];
    if (target !== undefined && file?.action === 'Update') return { blocks: move(file, pathOf(target)) };
    if (/^\*\*\* End of File\s*$/.test(line)) {
      hunk.place.atEnd = true;
      return { blocks: [] };
    }
    if (file === undefined) {
      return line.trim() === '' ? { blocks: [] } : { blocks: [], over: { again: [line] } };
    }
    if (file.action === 'Update' && /^@@/.test(line)) return { blocks: beginHunk(line) };
    if (file.action === 'Update') hunk.lines.push(line);
    else lines.push(line);
    return { blocks: [] };
  }

  function begin(header: Header): Block[] {
    const blocks = flush();
    if (header.action === 'Delete') return [...blocks, { kind: 'delete', path: header.path }];
    file = header;
    return blocks;
  }

  function move(from: Header, to: string): Block[] {
    const blocks = flushHunk(from);
    file = { action: 'Update', path: to };
    return from.path === to ? blocks : [...blocks, { kind: 'rename', from: from.path, to }];
  }

  /** Several lines "@@ …" one after the other lead to a place. */
  function beginHunk(line: string): Block[] {
    const anchor = line
      .replace(/^@@[ \t]*/, '')
      .replace(/[ \t]*@@$/, '')
      .trim();
    const numbers = /^-(\d+)(?:,\d+)? \+\d+(?:,\d+)?(?: @@.*)?$/.exec(anchor);
    const isNext = hunk.lines.some((text) => text !== '');
    const blocks = isNext && file ? flushHunk(file) : [];
    hunk.header = line;
    if (numbers) hunk.startLine = Number(numbers[1]);
    else if (anchor !== '' && !/^(?:\.{3}|…)$/.test(anchor)) hunk.place.after = [...(hunk.place.after ?? []), anchor];
    return blocks;
  }

  function flush(): Block[] {
    const closed = file;
    file = undefined;
    if (!closed) return [];
    if (closed.action === 'Update') return flushHunk(closed);
    const block = newFile(closed.path, lines, explanation);
    lines = [];
    explanation = '';
    return [block];
  }

  function flushHunk({ path }: Header): Block[] {
    const closed = hunk;
    hunk = emptyHunk();
    if (closed.lines.every((line) => line === '')) return [];
    const block = hunkBlock(closed, path, explanation);
    explanation = '';
    return [block];
  }

  return {
    take,
    closes: (line) => /^\*\*\* End Patch\s*$/.test(line),
    end({ truncated, partial }) {
      if (!truncated) return flush();
      const open = [...(file?.action === 'Update' ? hunk.lines : lines), ...(partial === undefined ? [] : [partial])];
      return file === undefined && partial === undefined ? [] : [malformed(CUT_OFF, open, file?.path, 'last')];
    },
  };
}

function emptyHunk(): Hunk {
  return { header: '', place: {}, lines: [] };
}

function newFile(path: string, lines: readonly string[], explanation: string): Block {
  const body = lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  const marked = body.filter((line) => line.startsWith('+'));
  const bare = body.filter((line) => line !== '' && !line.startsWith('+'));
  if (marked.length > 0 && bare.length > 0) {
    return malformed('Each line of a new file begins with a + in a patch; some of these do not.', bare, path);
  }
  const texts = marked.length === 0 ? body : body.map((line) => line.slice(1));
  return { kind: 'edit', path, search: [], replace: texts, explanation, hunk: {} };
}
