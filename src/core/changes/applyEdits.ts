import { type FileLines, fileLines } from './editing/fileLines.ts';
import { languageOf } from './editing/language.ts';
import { locate, type Place } from './editing/locate.ts';
import { type Nearest, nearestLines } from './nearestLines.ts';
import { joinText, type Line, linesOf, splitText, type TextLines } from './textLines.ts';

/** Whole lines to look for and whole lines to put there, as text or as a list. An empty `replace` deletes the lines. */
export interface Edit {
  /** Empty only where the file is new or blank. */
  search: readonly string[] | string;
  replace: readonly string[] | string;
  /** 1-based, in the original. Breaks ties between several matches and never bounds the search. */
  startLine?: number;
}

export interface EditFailure {
  /** Index of the edit in the list, from 0. */
  edit: number;
  /** A sentence for the model; `nearest` is not part of it. */
  reason: string;
  nearest?: Nearest;
}

export type EditOutcome = { kind: 'applied'; text: string } | { kind: 'rejected'; failures: EditFailure[] };

interface WholeEdit {
  search: string[];
  replace: string[];
  startLine: number | undefined;
}

/**
 * Applies all edits to the text, or none, each only where it stands for one place. Lines match as they are, or with their
 * layout, look-alike characters and comments overlooked, and without the noise that models put around them; what is
 * overlooked stays as the file has it, and code that differs in more is refused. The file's BOM, line ends and final newline
 * stay. All edits are located in the original; where they overlap or one builds on another they are applied one by one.
 */
export function applyEdits(original: string, edits: readonly Edit[], context: { path: string }): EditOutcome {
  const whole = edits.map(({ search, replace, startLine }) => ({
    search: wholeLines(search),
    replace: wholeLines(replace),
    startLine,
  }));
  const file = splitText(original);
  const outcome = applyTogether(file, whole, context.path);
  if (outcome.kind === 'rejected') return outcome;
  if (outcome.text === original) {
    return rejected(edits.length - 1, `The edit of ${context.path} changes nothing: the file already reads like that.`);
  }
  return outcome;
}

function wholeLines(lines: readonly string[] | string): string[] {
  if (typeof lines === 'string') return linesOf(lines);
  return lines.map((line, i) => (i === 0 ? line.replace(/^\uFEFF/, '') : line).replace(/\r$/, ''));
}

function rejected(edit: number, reason: string): EditOutcome {
  return { kind: 'rejected', failures: [{ edit, reason }] };
}

type Found = { kind: 'place'; place: Place } | { kind: 'missing' | 'refused'; reason: string; nearest?: Nearest };

function applyTogether(file: TextLines, edits: readonly WholeEdit[], path: string): EditOutcome {
  const isBlank = file.lines.every((line) => line.text.trim() === '');
  const [only] = edits;
  if (isBlank && only && edits.length === 1 && only.search.every((line) => line.trim() === '')) {
    return { kind: 'applied', text: joinText(withAllLines(file, only.replace)) };
  }
  const found = findAll(file, edits, path);
  const failures = found.flatMap((result, edit): EditFailure[] => {
    if (result.kind === 'place') return [];
    const { reason, nearest } = result;
    return [{ edit, reason, ...(nearest && { nearest }) }];
  });
  // What is ambiguous or empty stays so, whatever the other edits do; only what is missing may be made by one of them.
  if (found.some((result) => result.kind === 'refused')) return { kind: 'rejected', failures };
  const places = found.flatMap((result) => (result.kind === 'place' ? [result.place] : []));
  if (failures.length === 0 && areApart(places)) {
    const lines = places.toSorted((a, b) => b.at - a.at).reduce<readonly Line[]>(put, file.lines);

    return { kind: 'applied', text: joinText({ ...file, lines: [...lines] }) };
  }
  const outcome = edits.length > 1 ? applyInOrder(file, edits, path) : undefined;
  if (outcome?.kind === 'applied' || failures.length === 0) return outcome ?? { kind: 'rejected', failures };
  return { kind: 'rejected', failures };
}

/** A new or blank file with these lines: its BOM and line ends stay. */
function withAllLines(file: TextLines, texts: readonly string[]): TextLines {
  const end = file.lines[0]?.end ?? '\n';
  return { bom: file.bom, lines: texts.map((text) => ({ text, end })), finalNewline: true };
}

function findAll(file: TextLines, edits: readonly WholeEdit[], path: string): Found[] {
  const texts = fileLines(
    file.lines.map(({ text }) => text),
    languageOf(path),
  );
  return edits.map((edit) => find(texts, file.lines, edit, path));
}

function find(file: FileLines, lines: readonly Line[], edit: WholeEdit, path: string): Found {
  if (edit.search.every((line) => line.trim() === '')) {
    const reason =
      `SEARCH is empty, but ${path} has ${lines.length} lines. ` +
      'Put the existing lines to change into SEARCH; an empty SEARCH is only for a new file.';
    return { kind: 'refused', reason };
  }
  if (edit.search.length === edit.replace.length && edit.search.every((line, i) => line === edit.replace[i])) {
    return { kind: 'refused', reason: `SEARCH and REPLACE are the same: the edit of ${path} changes nothing.` };
  }
  const result = locate(file, lines, { ...edit, path });
  switch (result.kind) {
    case 'place':
      return result;
    case 'several': {
      const reason =
        `SEARCH matches ${result.at.length} places in ${path}: lines ${listed(result.at.map((at) => at + 1))}. ` +
        'Add more lines around, so that it matches only one.';
      return { kind: 'refused', reason };
    }
    case 'lazy': {
      const reason = `REPLACE leaves lines out ("${result.line}"), which would be gone from ${path}. Write them, or leave out the same in SEARCH.`;
      return { kind: 'refused', reason };
    }
    case 'unclear': {
      const nearest = nearestLines(file.texts, edit.search);
      const reason = `SEARCH stands at line ${result.at + 1} of ${path}, but with another indentation, and how REPLACE is to be indented there cannot be told. Write both as the file has it.`;
      return { kind: 'missing', reason, ...(nearest && { nearest }) };
    }
    case 'none': {
      const nearest = nearestLines(file.texts, edit.search);
      const reason = `SEARCH was not found in ${path}: its lines must be the file's own, each one whole and unchanged.`;
      return { kind: 'missing', reason, ...(nearest && { nearest }) };
    }
    default:
      return result satisfies never;
  }
}

function listed(numbers: readonly number[]): string {
  const shown = numbers.slice(0, 10).join(', ');
  return numbers.length > 10 ? `${shown}, …` : shown;
}

function areApart(places: readonly Place[]): boolean {
  const inOrder = [...places].sort((a, b) => a.at - b.at);
  return inOrder.every((place, i) => {
    const next = inOrder[i + 1];
    return !next || place.at + place.count <= next.at;
  });
}

function put(lines: readonly Line[], { at, count, now }: Place): readonly Line[] {
  return [...lines.slice(0, at), ...now, ...lines.slice(at + count)];
}

function applyInOrder(file: TextLines, edits: readonly WholeEdit[], path: string): EditOutcome {
  let current = file;
  const moves: { after: number; by: number }[] = [];
  for (const [index, edit] of edits.entries()) {
    // The hint counts lines of the original: earlier edits above it have moved what it points at.
    const moved = moves.reduce((line, { after, by }) => (line > after ? line + by : line), edit.startLine ?? 0);
    const [found] = findAll(current, [{ ...edit, startLine: edit.startLine === undefined ? undefined : moved }], path);
    if (found === undefined) continue;
    if (found.kind !== 'place') {
      const reason = `After the edits before it: ${found.reason}`;
      return {
        kind: 'rejected',
        failures: [{ edit: index, reason, ...(found.nearest && { nearest: found.nearest }) }],
      };
    }
    const { at, count, now } = found.place;
    moves.push({ after: at + count, by: now.length - count });
    current = { ...current, lines: [...put(current.lines, found.place)] };
  }
  return { kind: 'applied', text: joinText(current) };
}
