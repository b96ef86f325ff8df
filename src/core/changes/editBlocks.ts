import { type Block, malformed, type NamedFile } from './block.ts';
import {
  closingMarker,
  fence,
  fileCommand,
  guessedPathIn,
  isDivider,
  looksLikeOpening,
  mentionsOtherFile,
  type OpeningMarker,
  openingMarker,
  pathIn,
  pathInInfo,
} from './blockLines.ts';
import { beginsJson, collectChunks, gatherJson, type JsonLines } from './codeChunks.ts';

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

interface OpenBlock extends Omit<OpeningMarker, 'path'> {
  file?: NamedFile;
  explanation: string;
  lines: string[];
  /** The opening line, for excerpts. */
  opening: string;
  /** Why the block cannot be read, where that is clear before its end. */
  flaw?: string;
}

/** Fences in which a JSON value, or a DELETE or RENAME line, is meant and not an example. */
const JSON_FENCES = new Set(['', 'json', 'jsonc', 'json5', 'jsonl']);
const PLAIN_FENCES = new Set(['', 'text', 'txt', 'plaintext', 'diff']);
/** A line of `=` signs underlines a heading in these. */
const PROSE_FILE = /\.(?:md|mdx|markdown|rst|txt|adoc|asciidoc)$/i;

/** Reads edit blocks out of a model's answer while it streams. Works by whole lines, so it does not matter how it is cut. */
export function createEditBlockParser(): EditBlockParser {
  const chunks = collectChunks();
  const changed = new Set<string>();
  let partial = '';
  /** A model's own thinking at the start of its answer is no part of it. */
  let thinking: 'maybe' | 'yes' | 'over' = 'maybe';
  let block: OpenBlock | undefined;
  let json: JsonLines | undefined;
  let fenceInfo: string | undefined;
  let lastFile: NamedFile | undefined;
  /** Prose since the last block. */
  let prose: string[] = [];

  function takeLine(line: string): Block[] {
    if (thinking !== 'over') return takeFirstLine(line);
    if (block) return takeBlockLine(block, line);
    if (json) return takeJsonLine(json, line);
    return takeProse(line);
  }

  function takeFirstLine(line: string): Block[] {
    if (thinking === 'maybe') {
      if (line.trim() === '') return [];
      thinking = line.trimStart().startsWith('<think>') ? 'yes' : 'over';
    }
    if (thinking === 'over') return takeLine(line);
    const end = line.indexOf('</think>');
    if (end === -1) return [];
    thinking = 'over';
    return takeLine(line.slice(end + '</think>'.length));
  }

  function takeProse(line: string): Block[] {
    const opening = openingMarker(line);
    if (opening) {
      open(opening, line);
      return [];
    }
    if (closingMarker(line) === 'ours') {
      const reason = 'A closing marker stands here without the <<<<<<< SEARCH that opens its block.';
      return [malformed(reason, [...prose.slice(-3), line], lastFile?.path)];
    }
    const fenced = fence(line);
    if (fenced) fenceInfo = fenceInfo === undefined || fenced.info !== '' ? fenced.info.toLowerCase() : undefined;
    else if (beginsJson(line) && JSON_FENCES.has(fenceInfo ?? '')) {
      json = gatherJson();
      return takeJsonLine(json, line);
    }
    const command = PLAIN_FENCES.has(fenceInfo ?? '') ? fileCommand(line) : undefined;
    if (!command) {
      prose.push(line);
      return [];
    }
    prose = [];
    lastFile = undefined;
    return [command];
  }

  function open(opening: OpeningMarker, line: string): void {
    const { path, ...marker } = opening;
    const head = headOf(prose, lastFile);
    const file = path === undefined ? head.file : { path };
    block = { ...marker, ...(file && { file }), explanation: head.explanation, lines: [], opening: line };
    lastFile = file;
    prose = [];
  }

  function takeBlockLine(current: OpenBlock, raw: string): Block[] {
    const isIndented = raw.startsWith(current.indent);
    const line = isIndented ? raw.slice(current.indent.length) : raw;
    const closing = closingMarker(line);
    if (closing === 'ours' || (closing === 'other' && !current.flaw)) {
      block = undefined;
      const read = closing === 'ours' ? readBlock(current) : faulty(current, CLOSING_FLAW, [...current.lines, line]);
      if (read.kind !== 'malformed' && 'path' in read) changed.add(read.path);
      return [read];
    }
    if (looksLikeOpening(line)) current.flaw ??= NESTED_FLAW;
    else if (!isIndented && line.trim() !== '') current.flaw ??= INDENT_FLAW;
    current.lines.push(line);
    return [];
  }

  function takeJsonLine(current: JsonLines, line: string): Block[] {
    // Neither an opening marker nor a fence can be a line of valid JSON.
    if (current.lines.length > 0 && (openingMarker(line)?.indent === '' || fence(line))) {
      return [...giveUpJson(current), ...takeLine(line)];
    }
    const value = current.push(line);
    if (!value) return [];
    const complaints = chunks.take(value.text);
    if (!complaints) return giveUpJson(current);
    json = undefined;
    const rest = value.rest.replace(/^[\s,;]+/, '');
    return rest === '' ? complaints : [...complaints, ...takeLine(rest)];
  }

  function giveUpJson(current: JsonLines): Block[] {
    json = undefined;
    prose.push(...current.lines);
    const isMeant = chunks.isMeant(current.lines.join('\n'));
    return isMeant ? [malformed('The code_chunk is no valid JSON: its brackets do not close.', current.lines)] : [];
  }

  function takeLastLine(line: string, truncated: boolean): Block[] {
    const isWhole = !truncated || (block !== undefined && closingMarker(line.trimStart()) === 'ours');
    if (isWhole) return takeLine(line);
    if (thinking === 'yes') return [];
    if (block) block.lines.push(line);
    else if (json) json.lines.push(line);
    else if (/^\s*`?(?:DELETE|RENAME)\b/.test(line)) return [malformed(CUT_OFF, [line])];
    else if (beginsJson(line) && chunks.isMeant(line)) return [malformed(CUT_OFF, [line], undefined, 'last')];
    return [];
  }

  function endOpen(truncated: boolean): Block[] {
    if (block) return [faulty(block, truncated ? CUT_OFF : NEVER_CLOSED, block.lines, 'last')];
    if (!json) return [];
    if (!truncated) return giveUpJson(json);
    return chunks.isMeant(json.lines.join('\n')) ? [malformed(CUT_OFF, json.lines, undefined, 'last')] : [];
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
      return lines.flatMap((line) => takeLine(line.replace(/\r$/, '')));
    },
    end({ truncated }) {
      const last = partial === '' ? [] : takeLastLine(partial.replace(/\r$/, ''), truncated);
      partial = '';
      return [...last, ...endOpen(truncated), ...chunks.files().map((file) => wholeFile(file, truncated))];
    },
  };
}

const CUT_OFF = 'cut off: the answer reached its length limit here, so nothing of this was applied.';
const NEVER_CLOSED = 'The block is never closed: end it with a line >>>>>>> REPLACE.';
const CLOSING_FLAW = 'The closing marker must read >>>>>>> REPLACE, and a merge conflict cannot be part of a block.';
const NESTED_FLAW =
  'A second <<<<<<< begins before the block is closed. Close each block with >>>>>>> REPLACE; ' +
  'lines that are conflict markers themselves cannot be edited this way.';
const INDENT_FLAW = 'The markers are indented, but not all lines between them. Write markers and lines without it.';

function faulty(block: OpenBlock, reason: string, lines: readonly string[], part?: 'last'): Block {
  return malformed(reason, part === 'last' ? lines : [block.opening, ...lines], block.file?.path, part);
}

/** The file and the explanation that the prose before a block gives. */
function headOf(prose: readonly string[], last: NamedFile | undefined): { file?: NamedFile; explanation: string } {
  const lines = prose.filter((line) => line.trim() !== '');
  const fences = lines.length - 1 - lines.findLastIndex((line) => !fence(line));
  const infos = lines.slice(lines.length - fences).map((line) => fence(line)?.info ?? '');
  const body = lines.slice(0, lines.length - fences);
  const explanationOf = (said: readonly string[]): string => {
    return said
      .filter((line) => !fence(line))
      .slice(-3)
      .map((line) => line.trim())
      .join('\n');
  };
  const inFence = infos.map(pathInInfo).find((path) => path !== undefined);
  if (inFence !== undefined) return { file: { path: inFence }, explanation: explanationOf(body) };
  const line = body.at(-1) ?? '';
  const named = pathIn(line);
  if (named !== undefined) return { file: { path: named }, explanation: explanationOf(body.slice(0, -1)) };
  const speaksOfAnother = last !== undefined && body.some((said) => mentionsOtherFile(said, last.path));
  const inherited = speaksOfAnother ? undefined : last;
  const guess = guessedPathIn(line);
  if (guess === undefined) return { ...(inherited && { file: inherited }), explanation: explanationOf(body) };
  const guessed = inherited === undefined ? {} : { otherwise: inherited };
  return { file: { path: guess, guessed }, explanation: explanationOf(body.slice(0, -1)) };
}

function readBlock(block: OpenBlock): Block {
  const { form, file, lines, flaw, explanation } = block;
  if (form === 'unknown') {
    return faulty(block, `The marker is not known. Write <<<<<<< SEARCH or <<<<<<< APPEND.`, lines);
  }
  if (flaw !== undefined) return faulty(block, flaw, lines);
  if (file === undefined) {
    return faulty(
      block,
      "The block names no file: write the file's path, alone, on the line before its marker.",
      lines,
    );
  }
  const { path } = file;
  const dividers = lines.flatMap((line, i) => (isDivider(line) ? [i] : []));
  const likeMarker = dividers.filter((i) => lines[i]?.trimEnd().length === block.width);
  if (form === 'append') {
    if (likeMarker.length === 0 || PROSE_FILE.test(path)) return { kind: 'append', ...file, lines };
    return faulty(block, 'An APPEND block has no =======: it holds only the lines to append.', lines);
  }
  if (dividers.length === 0) return faulty(block, 'The block has no ======= between SEARCH and REPLACE.', lines);
  const [only, another] = likeMarker.length > 0 ? likeMarker : dividers;
  const couldBeUnderline = likeMarker.length === 0 && PROSE_FILE.test(path);
  if (only === undefined || another !== undefined || couldBeUnderline) {
    const reason =
      'It is unclear which line of = signs divides SEARCH from REPLACE. Choose lines to replace that hold none, ' +
      'or write markers of another length (five to nine signs, the same in all three).';
    return faulty(block, reason, lines);
  }
  return { kind: 'edit', ...file, search: lines.slice(0, only), replace: lines.slice(only + 1), explanation };
}

/** Fences that show commands or output, which an answer may quote without meaning a change. */
const QUOTED_FENCES = new Set(['sh', 'bash', 'shell', 'zsh', 'console', 'text', 'txt', 'plaintext', 'output', 'log']);

/** A precise complaint about an answer that holds code, a diff or a tool call as text, but no block. */
export function codeWithoutEdit(text: string): string | undefined {
  const parser = createEditBlockParser();
  if ([...parser.push(text), ...parser.end({ truncated: false })].length > 0) return undefined;
  const called = foreignToolCall(text);
  if (called !== undefined) return called;
  if (/^(?:diff --git |--- \S.*\r?\n\+\+\+ \S|@@ -\d)/m.test(text)) {
    return 'Your answer holds a unified diff, which was not applied. Write each change as an edit block.';
  }
  const shown = fencesIn(text).find(
    ([, info = '', body = '']) => body.trim() !== '' && !QUOTED_FENCES.has(info.toLowerCase()),
  );
  if (!shown) return undefined;
  const language = shown[1] === '' || shown[1] === undefined ? '' : ` (${shown[1]})`;
  return `Your answer shows code in a fence${language} but holds no edit block, so nothing was changed. Write each change as an edit block.`;
}

/** A complaint about a tool call that an answer holds as text, in a form that is not ours. */
export function foreignToolCall(text: string): string | undefined {
  const foreign = /<tool_call>|\[TOOL_CALLS\]|<function=/.exec(text)?.[0];
  if (foreign !== undefined) {
    return `Your answer holds a tool call as text (${foreign}), which was not run. Use the given form of a call, or write edit blocks.`;
  }
  const isCall = (body: string): boolean =>
    /^\s*\[?\s*\{/.test(body) && /"name"\s*:/.test(body) && /"(?:arguments|parameters)"\s*:/.test(body);
  if (isCall(text) || fencesIn(text).some(([, , body = '']) => isCall(body))) {
    return 'Your answer holds a tool call as JSON text, which was not run. Use the given form of a call, or write edit blocks.';
  }
  return undefined;
}

function fencesIn(text: string): RegExpMatchArray[] {
  return [
    ...text.matchAll(
      /^[ \t]*(?:`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*\n([\s\S]*?)(?:^[ \t]*(?:`{3,}|~{3,})|(?![\s\S]))/gm,
    ),
  ];
}
