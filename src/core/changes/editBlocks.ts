import { beginsPatch, readApplyPatch } from './applyPatch.ts';
import { type Block, CUT_OFF, malformed, type NamedFile } from './block.ts';
import { headOf, pathBefore } from './blockHead.ts';
import {
  closingMarker,
  fence as fenceIn,
  fileCommand,
  isProseFile,
  type OpeningMarker,
  openingMarker,
  pathInInfo,
} from './blockLines.ts';
import { type BlockReader, type OpenFence, outdented } from './blockReader.ts';
import { beginsJson, collectChunks, readCodeChunks } from './codeChunks.ts';
import { readDiffFence, readOutdented } from './diffFence.ts';
import { readFencedFile } from './fencedFile.ts';
import { readSearchReplace } from './searchReplace.ts';
import { beginsDiff, beginsHunk, readUnifiedDiff } from './unifiedDiff.ts';

export type { Block } from './block.ts';

export interface EditBlockParser {
  /** Takes the next piece of the answer, cut anywhere. @returns the blocks that it closed, in order */
  push(delta: string): Block[];
  /**
   * @param options.truncated the answer was cut off by the length limit: what is open is malformed, never completed
   * @returns what could only be told at the end: whole files made of chunks, and blocks that were never closed
   */
  end(options: { truncated: boolean }): Block[];
}

/** Fences in which a JSON value, or a DELETE or RENAME line, is meant and not an example. */
const JSON_FENCES = new Set(['', 'json', 'jsonc', 'json5', 'jsonl']);
const PLAIN_FENCES = new Set(['', 'text', 'txt', 'plaintext', 'diff']);

/**
 * Reads changes out of a model's answer while it streams, in every form that models were trained on: the SEARCH/REPLACE
 * that the Coder is taught, unified diffs, patches of `apply_patch`, whole files in fences, code_chunk JSON. Works by
 * whole lines, so it does not matter how the answer is cut.
 */
export function createEditBlockParser(): EditBlockParser {
  const chunks = collectChunks();
  const changed = new Set<string>();
  let partial = '';
  /** A model's own thinking at the start of its answer is no part of it. */
  let thinking: 'maybe' | 'yes' | 'over' = 'maybe';
  let reader: BlockReader | undefined;
  /** The fence that is open, with the file that is named for it. */
  let fence: (OpenFence & { head: { path?: string; explanation: string } }) | undefined;
  let lastFile: NamedFile | undefined;
  /** Prose since the last block. */
  let prose: string[] = [];
  /** A file of prose may hold fences of its own; what comes after it tells whether it ended where it seemed to. */
  let unsure: (Block & { kind: 'whole' }) | undefined;

  function takeLine(line: string, isAgain: boolean): Block[] {
    const blocks: Block[] = [];
    const due = [{ line, isAgain }];
    for (let next = due.shift(); next; next = due.shift()) {
      if (thinking !== 'over') blocks.push(...takeFirstLine(next.line));
      else if (!reader) blocks.push(...takeProse(next.line, next.isAgain));
      else {
        const taken = reader.take(next.line);
        if (taken.over) reader = undefined;
        blocks.push(...taken.blocks.flatMap(give));
        if (taken.over?.prose) prose.push(...taken.over.prose);
        const again = taken.over?.again ?? [];
        const wasAgain = next.isAgain;
        due.unshift(...again.map((one, i) => ({ line: one, isAgain: wasAgain || i < again.length - 1 })));
      }
    }
    return blocks;
  }

  function takeFirstLine(line: string): Block[] {
    if (thinking === 'maybe') {
      if (line.trim() === '') return [];
      thinking = line.trimStart().startsWith('<think>') ? 'yes' : 'over';
    }
    if (thinking === 'over') return takeLine(line, false);
    const end = line.indexOf('</think>');
    if (end === -1) return [];
    thinking = 'over';
    return takeLine(line.slice(end + '</think>'.length), false);
  }

  /** @param isAgain a fence gave it back: then no file can begin in it, or every line of an answer could be read over and over */
  function takeProse(line: string, isAgain: boolean): Block[] {
    const opening = openingMarker(line);
    if (opening) return openSearchReplace(opening, line);
    if (closingMarker(line) === 'ours') {
      const reason = 'A closing marker stands here without the <<<<<<< SEARCH that opens its block.';
      return [malformed(reason, [...prose.slice(-3), line], lastFile?.path)];
    }
    reader = foreignReader(line);
    if (reader) return takeLine(line, isAgain);
    const mark = fenceIn(line);
    if (mark) return takeFence(mark, line, isAgain);
    const word = (fence?.info ?? '').toLowerCase();
    if (beginsJson(line) && JSON_FENCES.has(word)) {
      reader = readCodeChunks(chunks);
      return takeLine(line, isAgain);
    }
    const command = PLAIN_FENCES.has(word) ? fileCommand(line) : undefined;
    if (command) return give(command);
    prose.push(line);
    return [];
  }

  function openSearchReplace(opening: OpeningMarker, line: string): Block[] {
    const head = headOf(prose, lastFile);
    const file = opening.path === undefined ? head.file : { path: opening.path };
    reader = readSearchReplace(opening, line, { ...(file && { file }), explanation: head.explanation });
    lastFile = file;
    prose = [];
    return [];
  }

  /** The reader of a diff or a patch that begins with the line. */
  function foreignReader(line: string): BlockReader | undefined {
    const indent = fence?.indent ?? '';
    const text = outdented(line, indent);
    const isPatch = beginsPatch(text);
    if (!isPatch && !beginsDiff(text) && !beginsHunk(text)) return undefined;
    const isFirst = fence !== undefined && fenceIn(prose.findLast((said) => said.trim() !== '') ?? '') !== undefined;
    const head = fence && isFirst ? fence.head : pathBefore(prose);
    if (isPatch) return readOutdented(readApplyPatch(head.explanation, fence), indent);
    const isExample = beginsHunk(text) && head.path === undefined && !/^@@ -\d/.test(text);
    return isExample ? undefined : readOutdented(readUnifiedDiff(head, fence), indent);
  }

  function takeFence(mark: OpenFence, line: string, isAgain: boolean): Block[] {
    const isOpening = fence === undefined || mark.info !== '';
    const { path: before, explanation } = pathBefore(prose);
    prose.push(line);
    if (!isOpening) {
      fence = undefined;
      return [];
    }
    const path = pathInInfo(mark.info) ?? before;
    const head = { explanation, ...(path !== undefined && { path }) };
    fence = { ...mark, head };
    if (isAgain) return [];
    reader = /^(?:diff|patch)\b/i.test(mark.info)
      ? readDiffFence(mark, head)
      : readFencedFile(mark, before, explanation);
    return unsure && mark.info === '' && path === undefined ? giveUnsure('unclear') : [];
  }

  /** What a block means for those after it. */
  function give(block: Block): Block[] {
    const before = giveUnsure('sure');
    if (block.kind !== 'malformed') prose = [];
    if (block.kind === 'rename' || block.kind === 'delete') lastFile = undefined;
    else if (block.kind !== 'malformed')
      lastFile = { path: block.path, ...(block.guessed && { guessed: block.guessed }) };
    if (block.kind !== 'malformed' && 'path' in block) changed.add(block.path);
    if (block.kind === 'whole' && isProseFile(block.path)) {
      unsure = block;
      return before;
    }
    return [...before, block];
  }

  function giveUnsure(how: 'sure' | 'unclear' | 'cut'): Block[] {
    if (!unsure) return [];
    const { path, text } = unsure;
    const lines = text.split('\n');
    const block = how === 'sure' ? unsure : malformed(how === 'cut' ? CUT_OFF : UNCLEAR_END, lines, path, 'last');
    unsure = undefined;
    return [block];
  }

  function takeLastLine(line: string, truncated: boolean): Block[] {
    if (!truncated || reader?.closes?.(line)) return takeLine(line, false);
    if (thinking === 'yes' || reader) return [];
    if (/^\s*`?(?:DELETE|RENAME)\b/.test(line)) return [malformed(CUT_OFF, [line])];
    if (beginsPatch(line)) return [malformed(CUT_OFF, [line], undefined, 'last')];
    if (beginsJson(line) && chunks.isMeant(line)) return [malformed(CUT_OFF, [line], undefined, 'last')];
    return [];
  }

  function endOpen(truncated: boolean, rest: string): Block[] {
    const open = reader;
    reader = undefined;
    return open?.end({ truncated, ...(truncated && rest !== '' && { partial: rest }) }) ?? [];
  }

  function wholeFile(file: ReturnType<typeof chunks.files>[number], truncated: boolean): Block {
    const lines = file.text.split('\n');
    if (truncated) return malformed(CUT_OFF, lines, file.path, 'last');
    if (!changed.has(file.path)) return { kind: 'whole', ...file };
    const reason = `${file.path} is written whole and edited in one answer. Do either of them.`;
    return malformed(reason, lines, file.path);
  }

  return {
    push(delta) {
      const lines = (partial + delta).split('\n');
      partial = lines.pop() ?? '';
      return lines.flatMap((line) => takeLine(line.replace(/\r$/, ''), false));
    },
    end({ truncated }) {
      const rest = partial.replace(/\r$/, '');
      partial = '';
      const isOpen = reader !== undefined;
      const last = rest === '' ? [] : takeLastLine(rest, truncated);
      const open = endOpen(truncated, isOpen ? rest : '').flatMap(give);
      const whole = chunks.files().map((file) => wholeFile(file, truncated));
      return [...last, ...open, ...giveUnsure(truncated ? 'cut' : 'sure'), ...whole];
    },
  };
}

const UNCLEAR_END =
  'It is unclear where this file ends, because it may hold fences itself. Put it between fences of four signs, or write it as an edit block.';
