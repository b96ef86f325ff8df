import { type Block, CUT_OFF, malformed } from './block.ts';
import { openingMarker, pathIn } from './blockLines.ts';
import { type BlockReader, closesFence, type OpenFence, type Taken } from './blockReader.ts';
import { areFileNames, type DiffNames, gitNames, sideName, stripped } from './diffHeaders.ts';
import { countsOf, type Hunk, hunkBlock } from './hunkLines.ts';

/** A line with which a unified diff begins, or may begin. */
export function beginsDiff(line: string): boolean {
  return gitNames(line) !== undefined || sideName(line, '---') !== undefined;
}

/** The opening line of a hunk, whose numbers may be missing: "@@ -1,2 +1,3 @@", "@@ ... @@", "@@". */
export function beginsHunk(line: string): boolean {
  return /^@@(?:$|[ \t])/.test(line);
}

/** What is known of one file of a diff. */
interface Section {
  names?: DiffNames;
  /** Of "diff --git", where no other line names the file. */
  git?: DiffNames;
  renameFrom?: string;
  isRenamed: boolean;
  isNew: boolean;
  isDeleted: boolean;
  /** How many hunks it gave. */
  hunks: number;
  /** Lines that these added, less those they removed. */
  shift: number;
  lines: string[];
}

interface NumberedHunk extends Hunk {
  /** How many lines it announces before and after; undefined where it has no numbers. */
  counts?: { before: number; after: number };
}

/**
 * Reads unified diffs of one or more files, as git and as models write them: line numbers may be wrong or missing, hunks
 * may have no opening line, context lines no prefix. Each hunk is given as soon as the next one begins.
 * @param head.path the file of hunks before which no file is named
 */
export function readUnifiedDiff(
  head: { path?: string; explanation: string },
  fence: OpenFence | undefined,
): BlockReader {
  let section: Section | undefined;
  let hunk: NumberedHunk | undefined;
  /** A line "--- name", which is a header only where "+++ name" follows. */
  let held: string | undefined;
  let { explanation } = head;

  function take(line: string): Taken {
    if (held !== undefined) return takeAfterHeld(held, line);
    if (endsHere(line)) return over(line);
    if (gitNames(line)) {
      const blocks = flush();
      section = begun({ git: gitNames(line) as DiffNames, lines: [line] });
      return { blocks };
    }
    if (sideName(line, '---') !== undefined) {
      held = line;
      return { blocks: [] };
    }
    if (beginsHunk(line)) {
      section ??= begun({});
      const blocks = flushHunk();
      hunk = hunkFrom(line, section.shift);
      return { blocks };
    }
    if (hunk) return takeBody(hunk, line);
    return takeHeader(line);
  }

  function takeAfterHeld(before: string, line: string): Taken {
    held = undefined;
    const to = sideName(line, '+++');
    const names = to === undefined ? undefined : stripped(sideName(before, '---') ?? '', to);
    if (names && (!hunk || areFileNames(names))) {
      const isOfGit = section !== undefined && section.names === undefined && section.hunks === 0 && !hunk;
      const blocks = isOfGit ? [] : flush();
      section = isOfGit && section ? section : begun({});
      section.names = names;
      section.lines.push(before, line);
      return { blocks };
    }
    if (hunk) {
      hunk.lines.push(before);
      return take(line);
    }
    return section ? over(before, line) : { blocks: [], over: { prose: [before], again: [line] } };
  }

  function takeHeader(line: string): Taken {
    if (section) {
      const named = /^rename (from|to) (.+)$/.exec(line);
      if (named || GIT_HEADER.test(line)) {
        section.lines.push(line);
        if (line.startsWith('new file mode')) section.isNew = true;
        if (line.startsWith('deleted file mode')) section.isDeleted = true;
        if (named?.[1] === 'from') section.renameFrom = named[2] ?? '';
        return named?.[1] === 'to' ? { blocks: renamed(section, named[2] ?? '') } : { blocks: [] };
      }
    }
    if (line.trim() === '') return { blocks: [] };
    const isBody = /^[ +-]/.test(line) || fence !== undefined;
    if (!isBody || (section && !section.names)) return over(line);
    section ??= begun({});
    hunk = { header: '', place: {}, lines: [line] };
    return { blocks: [] };
  }

  function takeBody(open: NumberedHunk, line: string): Taken {
    const isAfterBlank = open.lines.at(-1) === '' && fence === undefined;
    const isMarked = /^[ +\\-]/.test(line) || line === '';
    // Outside a fence only the announced numbers tell whether a line without a prefix still belongs to it.
    const mayBeProse = fence === undefined && (!isMarked || (isAfterBlank && line !== ''));
    if (mayBeProse && !isShort(open)) return over(line);
    open.lines.push(line);
    return { blocks: [] };
  }

  function endsHere(line: string): boolean {
    if (/^\*\*\* (?:Begin|End|Update|Add|Delete)\b/.test(line)) return true;
    return openingMarker(line)?.indent === '' || (fence !== undefined && closesFence(line, fence));
  }

  function over(...again: string[]): Taken {
    return { blocks: flush(), over: { again } };
  }

  function flush(): Block[] {
    const blocks = flushHunk();
    const closed = section;
    section = undefined;
    if (!closed) return blocks;
    return [...blocks, ...restOf(closed)];
  }

  function flushHunk(): Block[] {
    const closed = hunk;
    hunk = undefined;
    if (!closed || !section) return [];
    section.hunks += 1;
    const { before, after } = countsOf(closed);
    section.shift += after - before;
    if (section.isDeleted || section.names?.to === 'none') return [];
    const path = fileOf(section);
    if (path === undefined) return [malformed(NAMES_NO_FILE, [closed.header, ...closed.lines])];
    const said = explanation;
    explanation = '';
    const isFollowing = section.hunks > 1 && isNewFile(section);
    const block = hunkBlock(isFollowing ? { ...closed, place: { atEnd: true } } : closed, path, said);
    return [...renamedByNames(section), block];
  }

  /** The file of a section's hunks. Names that are none ("original", "modified") count only where nothing else is known. */
  function fileOf({ names, git, isRenamed }: Section): string | undefined {
    const { from, to, isPrefixed } = names ?? git ?? { from: '', to: '', isPrefixed: false };
    if (to !== '' && (isPrefixed || isRenamed || pathIn(to) !== undefined)) return to;
    return head.path ?? (to !== '' && (from === to || from === 'none') ? to : undefined);
  }

  function restOf(closed: Section): Block[] {
    const names = closed.names ?? closed.git;
    if (closed.isDeleted || closed.names?.to === 'none') {
      const path = names?.from === 'none' ? names.to : names?.from;
      return path === undefined || path === 'none' ? [] : [{ kind: 'delete', path }];
    }
    if (closed.hunks > 0) return [];
    const renaming = renamedByNames(closed);
    if (renaming.length > 0 || closed.isRenamed) return renaming;
    const path = names && names.to !== 'none' ? names.to : undefined;
    if (closed.isNew && path !== undefined) {
      return [{ kind: 'edit', path, search: [], replace: [], explanation, hunk: {} }];
    }
    return [malformed('The diff has no hunk that could be applied, only this:', closed.lines, path)];
  }

  return {
    take,
    end({ truncated, partial }) {
      if (!truncated) {
        if (held !== undefined && hunk) hunk.lines.push(held);
        return flush();
      }
      const open = hunk?.lines ?? section?.lines ?? [];
      const lines = [...open, ...[held, partial].flatMap((line) => line ?? [])];
      const path = section && fileOf(section);
      return section || hunk || partial ? [malformed(CUT_OFF, lines, path, 'last')] : [];
    },
  };
}

const NAMES_NO_FILE =
  'The hunk names no file: write "--- a/path" and "+++ b/path" before it, or the change as an edit block.';

const GIT_HEADER =
  /^(?:index [0-9a-f]|(?:new|deleted) file mode|old mode|new mode|similarity index|dissimilarity index|copy (?:from|to) |Binary files |GIT binary patch)/;

function begun(section: Partial<Section>): Section {
  return { isRenamed: false, isNew: false, isDeleted: false, hunks: 0, shift: 0, lines: [], ...section };
}

function isNewFile({ names, isNew }: Section): boolean {
  return isNew || names?.from === 'none';
}

function renamed(section: Section, to: string): Block[] {
  const from = section.renameFrom;
  if (from === undefined || from === to) return [];
  section.isRenamed = true;
  return [{ kind: 'rename', from, to }];
}

/** Where the two sides differ by more than git's prefixes, the diff renames, though no other line says so. */
function renamedByNames(section: Section): Block[] {
  const { from, to, isPrefixed } = section.names ?? section.git ?? { from: '', to: '', isPrefixed: false };
  if (section.isRenamed || !isPrefixed || from === 'none' || to === 'none' || from === to) return [];
  section.isRenamed = true;
  return [{ kind: 'rename', from, to }];
}

function hunkFrom(header: string, shift: number): NumberedHunk {
  const numbers = /^@@[ \t]*-(\d+)(?:,(\d+))?[ \t]+\+(\d+)(?:,(\d+))?[ \t]*(?:@@[ \t]*(.*))?$/.exec(header);
  if (!numbers) {
    const heading = header
      .replace(/^@@[ \t]*(?:\.{3}|…)?[ \t]*(?:@@)?/, '')
      .replace(/@@[ \t]*$/, '')
      .trim();
    return { header, place: heading === '' || /^[-+\d., ]+$/.test(heading) ? {} : { after: [heading] }, lines: [] };
  }
  const [, start, before = '1', , after = '1'] = numbers;
  const counts = { before: Number(before), after: Number(after) };
  const startLine = Number(start) + shift;
  return { header, place: {}, lines: [], counts, ...(startLine > 0 && { startLine }) };
}

/** Whether the hunk announces more lines than it has. */
function isShort({ counts, lines }: NumberedHunk): boolean {
  if (!counts) return false;
  const now = countsOf({ lines: lines.slice(0, lines.findLastIndex((line) => line !== '') + 1) });
  return now.before < counts.before || now.after < counts.after;
}
