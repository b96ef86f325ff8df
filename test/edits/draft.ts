import type { Dice } from './dice.ts';
import { type FileLine, fileLines, indentOf, indentUnit, isBlank, skeleton, textOf, timesFound } from './fileLines.ts';
import { codeLines, type Language } from './language.ts';
import { blockAround, newLines } from './newLines.ts';
import type { SourceFile } from './packages.ts';
import { changedTokens, renamed } from './tokens.ts';

/** A line of what an edit leaves: `old` is the index in the file of the line that it was, if it was one. */
export interface AfterLine {
  text: string;
  old?: number;
}

export const INTENTS = ['change', 'replace', 'insert', 'delete', 'wrap', 'rename'] as const;
export type Intent = (typeof INTENTS)[number];

/** An edit as it is meant, before anything careless is done to it: `after` takes the place of the lines from `from` to before `to`. */
export interface Draft {
  path: string;
  language: Language;
  original: string;
  lines: FileLine[];
  unit: string;
  from: number;
  to: number;
  after: AfterLine[];
  intent: Intent;
}

export interface DraftWishes {
  intents?: readonly Intent[];
  /** Lines of SEARCH. */
  least?: number;
  most?: number;
  /** Lines around what changes; they belong to SEARCH and stay as they are. */
  contextLeast?: number;
  /** Index of the line that SEARCH has to begin with. */
  from?: number;
  /** Where SEARCH has to begin, or to end. */
  at?: 'start' | 'end';
  /** How often SEARCH stands in the file at all. 'once' however it may be copied, 'exactly once' may have look-alikes. */
  unique?: 'once' | 'exactly once' | 'several';
}

/** Draws an edit of the file, or undefined where this draw came to nothing. */
export function drawDraft(file: SourceFile, dice: Dice, wishes: DraftWishes = {}): Draft | undefined {
  const lines = fileLines(file.text);
  const { least = 1, most = 14, contextLeast = 0, unique = 'once' } = wishes;
  if (lines.length < least + 2) return undefined;
  const count = Math.min(least + dice.int(most - least + 1), lines.length - 1, 30);
  const anywhere = wishes.from ?? dice.int(lines.length - count + 1);
  if (anywhere + count > lines.length) return undefined;
  const from = wishes.at === 'start' ? 0 : wishes.at === 'end' ? lines.length - count : anywhere;
  const to = from + count;
  const texts = lines.map(({ text }) => text);
  const region = texts.slice(from, to);
  if (isBlank(region[0] ?? '') || isBlank(region.at(-1) ?? '')) return undefined;
  if (!region.some((line) => /\w{3}/.test(line)) || region.join('').length < 12) return undefined;
  // A BOM is the file's, and no part of its first line: only a class of its own has it there.
  if (from === 0 && file.text.startsWith('\uFEFF') && wishes.at !== 'start') return undefined;
  if (!standsAsWished(file.text, texts, region, unique)) return undefined;
  const context = Math.min(contextLeast, count - 1);
  const before = context + dice.int(Math.max(1, Math.min(4, count - 2 * context)));
  const rest = count - before - context;
  if (rest < 1) return undefined;
  const core = { from: from + before, to: from + before + 1 + dice.int(Math.min(rest, 5)) };
  const intent = dice.pick(wishes.intents ?? INTENTS);
  const unit = indentUnit(texts);
  // Code that is written anew is indented as what is around it, so that has to be indented in one way.
  const other = unit === '\t' ? /^\t* {2}/ : /^ *\t/;
  if (['insert', 'replace', 'wrap'].includes(intent) && region.some((line) => other.test(line))) return undefined;
  const changed = apply(intent, file.language, texts, core, unit, dice);
  if (!changed) return undefined;
  const keep = (at: number): AfterLine => ({ text: texts[at] ?? '', old: at });
  const after = [...range(from, core.from).map(keep), ...changed, ...range(core.to, to).map(keep)];
  if (after.map(({ text }) => text).join('\n') === region.join('\n')) return undefined;
  if (!areEndsClear(lines.slice(Math.max(0, from - 1), to + 1), after)) return undefined;
  if (!areTwinsClear(lines, from, to, after)) return undefined;
  return { path: file.path, language: file.language, original: file.text, lines, unit, from, to, after, intent };
}

/** Where line ends are mixed, that of a new line is only clear where all around have the same. */
function areEndsClear(around: readonly FileLine[], after: readonly AfterLine[]): boolean {
  const ends = new Set(around.map(({ end }) => end).filter((end) => end !== ''));
  return ends.size < 2 || after.every(({ old }) => old !== undefined);
}

/**
 * Lines that go or come, and their like that stay: which of them stays is only clear where all are the same in their
 * trailing space, their letters and their line ends, too.
 */
function areTwinsClear(lines: readonly FileLine[], from: number, to: number, after: readonly AfterLine[]): boolean {
  const likeness = (text: string): string => (isBlank(text) ? '' : `${indentOf(text)}${skeleton(text)}`);
  const kept = new Set(after.flatMap(({ old, text }) => (old !== undefined && lines[old]?.text === text ? [old] : [])));
  const moving = [
    ...range(from, to).flatMap((at) => (kept.has(at) ? [] : [lines[at]?.text ?? ''])),
    ...after.flatMap(({ old, text }) => (old !== undefined && kept.has(old) ? [] : [text])),
  ];
  return moving.every((text) => {
    const twins = lines.slice(from, to).filter((line) => likeness(line.text) === likeness(text));
    return twins.every((twin) => twin.text === text) && new Set(twins.map(({ end }) => end)).size < 2;
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

function standsAsWished(
  file: string,
  texts: readonly string[],
  region: readonly string[],
  unique: NonNullable<DraftWishes['unique']>,
): boolean {
  if (unique === 'once') return timesFound(file, region) === 1;
  const exact = exactPlaces(texts, region).length;
  return unique === 'several' ? exact > 1 : exact === 1;
}

/** Indexes at which the lines stand exactly. */
export function exactPlaces(texts: readonly string[], region: readonly string[]): number[] {
  const found: number[] = [];
  for (let at = texts.indexOf(region[0] ?? ''); at >= 0; at = texts.indexOf(region[0] ?? '', at + 1)) {
    if (region.every((line, i) => texts[at + i] === line)) found.push(at);
  }
  return found;
}

function apply(
  intent: Intent,
  language: Language,
  texts: readonly string[],
  core: { from: number; to: number },
  unit: string,
  dice: Dice,
): AfterLine[] | undefined {
  const old = range(core.from, core.to).map((at) => ({ text: texts[at] ?? '', old: at }));
  const isCode = codeLines(texts, language);
  // Nobody writes code between the lines of a comment.
  const isBeside = (at: number): boolean =>
    !isBlank(texts[at] ?? '') && (language === 'markdown' || isCode[at] === true);
  switch (intent) {
    case 'change': {
      // A number of lines at most, each by a token.
      const changeable = old.filter((line) => isCode[line.old] && changedTokens(line.text, dice) !== undefined);
      if (changeable.length === 0) return undefined;
      const chosen = new Set(dice.shuffled(changeable).slice(0, 1 + dice.int(3)));
      return old.map((line) =>
        chosen.has(line) ? { ...line, text: changedTokens(line.text, dice) ?? line.text } : line,
      );
    }
    case 'rename':
      return renamed(old, dice);
    case 'delete':
      return isBalanced(old) ? [] : undefined;
    case 'insert': {
      const [first, ...rest] = old;
      if (!first || !isBeside(core.from)) return undefined;
      return [first, ...written(language, texts, core.from, unit, dice), ...rest];
    }
    case 'replace':
      if (!isBeside(core.from) || !isBalanced(old)) return undefined;
      return written(language, texts, core.from - 1, unit, dice);
    case 'wrap': {
      const block = blockAround(language, dice);
      const indents = old.filter(({ text }) => !isBlank(text)).map(({ text }) => indentOf(text));
      const base = indents.reduce((least, indent) => (indent.length < least.length ? indent : least), indents[0] ?? '');
      if (!block || indents.some((indent) => !indent.startsWith(base))) return undefined;
      if (
        old.some((line) => !isCode[line.old] && !isBlank(line.text)) ||
        !isWhole(
          old.map(({ text }) => text),
          base,
        )
      )
        return undefined;
      const deeper = old.map((line) => (isBlank(line.text) ? line : { ...line, text: unit + line.text }));
      const tail = block.tail === undefined ? [] : [{ text: base + block.tail }];
      return [{ text: base + block.head }, ...deeper, ...tail];
    }
  }
}

/** Lines that can be put into a block: they begin and end at one depth, and their brackets are closed. */
function isWhole(lines: readonly string[], base: string): boolean {
  if (indentOf(lines[0] ?? '') !== base || indentOf(lines.at(-1) ?? '') !== base) return false;
  if (isBlank(lines[0] ?? '') || isBlank(lines.at(-1) ?? '')) return false;
  return isBalanced(lines.map((text) => ({ text })));
}

/** All brackets that are opened are closed. An edit that leaves some open could as well be one that was cut short. */
function isBalanced(lines: readonly { text: string }[]): boolean {
  let open = 0;
  for (const letter of lines.map(({ text }) => text).join('')) {
    if ('([{'.includes(letter)) open++;
    if (')]}'.includes(letter)) open--;
    if (open < 0) return false;
  }
  return open === 0;
}

/** New lines that follow the line at an index, as deep as that one or as what it opens. */
function written(language: Language, texts: readonly string[], after: number, unit: string, dice: Dice): AfterLine[] {
  const nearby = texts[after] ?? texts[after + 1] ?? '';
  const next = texts.slice(after + 1).find((line) => !isBlank(line)) ?? '';
  const opens = /[{([:]\s*$/.test(nearby) && indentOf(next).length > indentOf(nearby).length;
  const base = (opens || isBlank(nearby) ? indentOf(next) : indentOf(nearby)).replace(/ (?=$)/, (space) =>
    // A comment's inner lines stand one space further in; code does not.
    /^\s*\*/.test(nearby) ? '' : space,
  );
  const names = texts.flatMap((line) => line.match(/\b[a-z]\w{3,14}\b/g) ?? []).slice(0, 400);
  return newLines(language, dice, names).map(({ depth, text }) => ({ text: base + unit.repeat(depth) + text }));
}

/**
 * The file as it reads after the edit: what stays keeps its line end, what is changed that of the line it was, what is new
 * that of its neighbour; and the file ends with a line end or not, as before.
 */
export function rightText({ lines, from, to, after }: Draft): string {
  const hasFinal = lines.at(-1)?.end !== '';
  const written = after.map(({ old, text }): FileLine => ({ text, end: old === undefined ? '' : endOf(lines, old) }));
  written.forEach((line, i) => {
    if (line.end === '') line.end = written[i - 1]?.end ?? endOf(lines, Math.max(0, from - 1));
  });
  const all = [...lines.slice(0, from), ...written, ...lines.slice(to)].map((line) => ({ ...line }));
  all.forEach((line, i) => {
    if (line.end === '') line.end = i === all.length - 1 ? '' : endOf(lines, lines.length - 1);
  });
  const last = all.at(-1);
  if (last && !hasFinal) last.end = '';
  return textOf(all);
}

/** The line end at an index; of a last line without one, that of the line before. */
function endOf(lines: readonly FileLine[], at: number): FileLine['end'] {
  return lines[at]?.end || lines[at - 1]?.end || '\n';
}
