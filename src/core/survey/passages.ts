import { posix } from 'node:path';

/** A paragraph of a document, or what a comment says of what it stands at. */
export interface Passage {
  path: string;
  /** 1-based lines where it begins and ends. */
  line: number;
  endLine: number;
  /** The headings it stands below, outermost first. */
  headings: string[];
  text: string;
}

/** A longer paragraph is divided: at the items of a list, else at line ends. */
const LONG = 600;

/** By its name, whether a file is documentation. */
export function isDocument(path: string): boolean {
  const name = posix.basename(path).toLowerCase();
  if (/^(requirements.*|cmakelists|constraints.*|robots)\.txt$/.test(name)) return false;
  if (/\.(md|mdx|markdown|rst|adoc|asciidoc|txt)$/.test(name)) return true;
  return /^(readme|changelog|contributing|news)$/.test(name);
}

/**
 * Splits a document at headings (Markdown's, AsciiDoc's and reStructuredText's) and empty lines. Code blocks stay whole, and
 * with the line above that announces them.
 */
export function splitPassages(path: string, text: string): Passage[] {
  const passages: Passage[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const front = frontMatter(lines);
  let headings: string[] = front.title === undefined ? [] : [front.title];
  let paragraph: { line: number; lines: string[] } | undefined;
  let fence: string | undefined;
  const close = () => {
    if (paragraph) for (const part of parted(paragraph)) passages.push({ path, headings, ...part });
    paragraph = undefined;
  };
  if (front.end > 2)
    passages.push({ path, line: 1, endLine: front.end, headings, text: lines.slice(1, front.end - 1).join('\n') });
  for (let index = front.end; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const mark = /^\s*(`{3,}|~{3,}|-{4,}$)/.exec(line)?.[1];
    const isFence =
      mark !== undefined && (!mark.startsWith('-') || fence?.startsWith('-') || isListing(lines[index - 1]));
    if (isFence && (fence === undefined || (mark.startsWith(fence) && line.trim() === mark)))
      fence = fence === undefined ? mark : undefined;
    const heading = fence === undefined && !isFence ? headingOf(line, lines[index + 1]) : undefined;
    if (heading) {
      close();
      headings = [...headings.slice(0, heading.level - 1), heading.title];
      // A heading is a passage of its own, so that one without text below is found as well.
      passages.push({ path, line: index + 1, endLine: index + 1, headings, text: '' });
    } else if (line.trim() === '' && fence === undefined) {
      if (!announces(paragraph?.lines.at(-1), lines[index + 1])) close();
      else paragraph?.lines.push(line);
    } else if (fence !== undefined || isFence || !isUnderline(line)) {
      paragraph ??= { line: index + 1, lines: [] };
      paragraph.lines.push(line);
    }
  }
  close();
  return passages.filter((passage, at) => passage.text !== '' || isBare(passage, passages[at + 1]));
}

function isListing(line: string | undefined): boolean {
  return /^\[(source|listing|,)/.test(line ?? '');
}

/** "Run this:", and a code block after the empty line. */
function announces(last: string | undefined, next: string | undefined): boolean {
  return last !== undefined && /:\s*$/.test(last) && /^\s*(```|~~~)/.test(next ?? '');
}

/** What stands between two lines of --- at the very start. `end`: lines that it takes. */
function frontMatter(lines: readonly string[]): { end: number; title?: string } {
  if (lines[0]?.trim() !== '---') return { end: 0 };
  const end = lines.slice(1, 100).findIndex((line) => /^(---|\.\.\.)\s*$/.test(line));
  if (end < 0) return { end: 0 };
  const title = lines.slice(1, end + 1).flatMap((line) => /^title:\s*["']?(.+?)["']?\s*$/.exec(line)?.[1] ?? [])[0];
  return { end: end + 2, ...(title !== undefined && { title }) };
}

function parted({ line, lines }: { line: number; lines: string[] }): { line: number; endLine: number; text: string }[] {
  const whole = { line, endLine: line + lines.length - 1, text: lines.join('\n') };
  if (whole.text.length <= LONG || lines.some((one) => /^\s*(```|~~~)/.test(one))) return [whole];
  const parts: { line: number; endLine: number; text: string }[] = [];
  let from = 0;
  let length = 0;
  const cut = (to: number) => {
    if (to <= from) return;
    parts.push({ line: line + from, endLine: line + to - 1, text: lines.slice(from, to).join('\n') });
    from = to;
    length = 0;
  };
  for (const [at, one] of lines.entries()) {
    const isItem = /^\s{0,3}([-*+•]|\d+[.)])\s/.test(one);
    if ((isItem && length > LONG / 4) || length > LONG) cut(at);
    length += one.length + 1;
  }
  cut(lines.length);
  return parts;
}

/** True for a heading that no text follows before the next one. */
function isBare(passage: Passage, next: Passage | undefined): boolean {
  return next === undefined || next.text === '' || next.headings.length !== passage.headings.length;
}

function headingOf(line: string, next: string | undefined): { level: number; title: string } | undefined {
  const marked = /^(#{1,6}|={1,6})\s+(.+?)\s*[#=]*$/.exec(line);
  if (marked?.[1] && marked[2]) return { level: marked[1].length, title: marked[2] };
  if (next === undefined || !isUnderline(next) || !/[\p{L}\p{N}]/u.test(line) || /^\s*[-*>|]/.test(line))
    return undefined;
  // Levels of underlines differ from document to document; these two orders are by far the commonest.
  const level = { '=': 1, '-': 2, '~': 3, '^': 4 }[next.trim().charAt(0)] ?? 2;
  return { level, title: line.trim() };
}

function isUnderline(line: string): boolean {
  return /^([=\-~^"*+#])\1{2,}\s*$/.test(line);
}

/** The version that a changelog's passage is about, by the headings around it; undefined for what is no changelog. */
export function versionOf({ path, headings }: Pick<Passage, 'path' | 'headings'>): string | undefined {
  if (!/^(change-?log|changes|history|news|releases?|release[-_]notes)\b/i.test(posix.basename(path))) return undefined;
  const versions = headings.map((heading) => /\bv?(\d+\.\d+[\w.+-]*)|\b(unreleased)\b/i.exec(heading));
  const found = versions.findLast((match) => match !== null);
  return found?.[1] ?? found?.[2]?.toLowerCase();
}

/** The status of a record of a decision ("accepted", "superseded by 12"); undefined for what is none, or has none. */
export function statusOf(path: string, text: string): string | undefined {
  if (!/(^|\/)(adrs?|decisions?|decision-records?|rfcs?|architecture)\/|(^|\/)(adr|rfc)[-_]?\d/i.test(path))
    return undefined;
  const inLine = /^\s*(?:[-*|:]\s*)?\**status\**\s*[:|]\s*\**\s*(.+)$/im.exec(text)?.[1];
  const below = /^(?:#{1,6}\s*status\s*#*|status\s*\r?\n[=\-~^]{3,})\s*\r?\n\s*([^\s#].*)$/im.exec(text)?.[1];
  const status = (inLine ?? below)
    ?.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`|]/g, '')
    .trim();
  return status === undefined || status === '' ? undefined : status.slice(0, 60);
}
