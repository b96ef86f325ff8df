import type { SyntaxProblem } from '../../shared/events.ts';
import { stretches } from '../changes/textLines.ts';
import type { ParsedText, ParseError, UnbalancedBracket } from '../ports.ts';

type Parsed = Extract<ParsedText, { kind: 'parsed' }>;

/** A text, and what of it does not parse. */
export interface ReadText {
  text: string;
  parsed: Parsed;
}

/** More of one file help no model. */
const MOST = 3;
/** Characters of what does not parse that are shown. */
const SHOWN = 80;
/** Characters of a line that are told. */
const LONGEST_LINE = 500;

/**
 * What does not parse in `after` because of the change. Where all of `before` parsed, that is every error; where it did
 * not (macros, templates, what a grammar does not know), only what is in changed lines and was not there before.
 * @param before null for a new file
 */
export function newErrors(path: string, before: ReadText | null, after: ReadText): SyntaxProblem[] {
  const change = changeBetween(before?.text ?? '', after.text);
  const errors =
    before === null || before.parsed.errors.length === 0 ? after.parsed.errors : withoutOld(before, after, change);
  const brackets = after.parsed.unbalanced.filter(
    (bracket) => !before?.parsed.unbalanced.some((old) => isSameBracket(old, bracket, change)),
  );
  const lines = after.text.split(/\r?\n/);
  return onePerLine(
    toldErrors(errors, brackets, change).map((error) => {
      const { line, column } = error;
      const text = lines[line - 1] ?? '';
      return { path, line, column, message: phrase(error, text.trim()), text: text.slice(0, LONGEST_LINE) };
    }),
  );
}

/** Of the errors that the change has made, those that say most, each where the change has to do with it. */
function toldErrors(
  errors: readonly ParseError[],
  brackets: readonly UnbalancedBracket[],
  change: Change,
): (ParseError | UnbalancedBracket)[] {
  const inChange = brackets.filter(({ line, before: end = line }) => change.touches(line, end));
  if (errors.length === 0 && inChange.length === 0) return [];
  const strings = errors.filter(({ kind }) => kind === 'unclosedString');
  // Of a text with an open string, the brackets after it cannot be told from what is in it.
  if (strings.length > 0) return strings;
  const written = brackets.filter(({ line }) => change.linesIn(line, line).length > 0);
  const told = [written, inChange, brackets].find(({ length }) => length > 0);
  if (told) return told.map((bracket) => errors.find((error) => isTheMissing(error, bracket)) ?? bracket);
  return errors.map((error) => {
    const line = change.linesIn(error.line, error.endLine)[0] ?? error.line;
    return line === error.line ? error : { ...error, line, column: 1, text: '' };
  });
}

/** What comes after the first in a line is most often fallout. */
function onePerLine(problems: readonly SyntaxProblem[]): SyntaxProblem[] {
  return problems.filter(({ line }, at) => problems.findIndex((other) => other.line === line) === at).slice(0, MOST);
}

const CLOSER_OF: Record<string, string> = { '(': ')', '[': ']', '{': '}' };

function isTheMissing({ kind, text, line }: ParseError, bracket: UnbalancedBracket): boolean {
  return (
    kind === 'missing' && bracket.kind === 'unclosed' && text === CLOSER_OF[bracket.bracket] && line === bracket.line
  );
}

/** @param line that it stands in */
function phrase(error: ParseError | UnbalancedBracket, line: string): string {
  switch (error.kind) {
    case 'missing':
      return `${quoted(error.text)} is missing here`;
    case 'unexpected': {
      const { text } = error;
      if (text === '' || text === line) return `this does not parse: ${quoted(line)}`;
      return `this does not parse: ${quoted(text)} in ${quoted(line)}`;
    }
    case 'unclosedString':
      return `a string is opened here by ${error.text} and not closed`;
    case 'extra':
      return `${quoted(error.bracket)} closes nothing: it is one too many, or its opening one is missing`;
    case 'unclosed': {
      const closer = quoted(CLOSER_OF[error.bracket] ?? '');
      if (error.before === error.line) return `${closer} is missing here`;
      const where = error.before === undefined ? 'before the end of the file' : `before line ${error.before}`;
      return `${quoted(error.bracket)} is opened here and not closed: ${closer} is missing ${where}`;
    }
    default:
      return error satisfies never;
  }
}

function quoted(text: string): string {
  return `\`${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}\``;
}

/** Those errors of `after` that are in changed lines and have nothing like them before. */
function withoutOld(before: ReadText, after: ReadText, change: Change): ParseError[] {
  const oldLines = before.text.split(/\r?\n/);
  const newLines = after.text.split(/\r?\n/);
  const old = [...before.parsed.errors];
  // A macro that broke its surroundings does it wherever it is called: what is wrong shows at it, or in the next line.
  const macros = new Set(
    old.flatMap(({ line, endLine }) => oldLines.slice(Math.max(0, line - 2), endLine).flatMap(bareMacro)),
  );
  return after.parsed.errors.filter((error) => {
    const line = newLines[error.line - 1] ?? '';
    const at = old.findIndex((other) => isLike(other, oldLines[other.line - 1] ?? '', error, line, change));
    if (at >= 0) {
      // One stands for one: the same twice is one more.
      old.splice(at, 1);
      return false;
    }
    const isByMacro = (number: number): boolean =>
      bareMacro(newLines[number - 1] ?? '').some((name) => macros.has(name));
    const changed = change.linesIn(error.line - 1, error.endLine);
    const isByMacros =
      isByMacro(error.line - 1) || isByMacro(error.line) || (changed.length > 0 && changed.every(isByMacro));
    return !isByMacros && isInChange(error, change);
  });
}

/** The same in a line that was not changed, or in a line with the same text. */
function isLike(old: ParseError, oldLine: string, now: ParseError, line: string, change: Change): boolean {
  if (old.kind !== now.kind || (old.kind === 'missing' && old.text !== now.text)) return false;
  return (
    change.lineNow(old.line) === now.line ||
    change.lineNow(old.endLine) === now.endLine ||
    oldLine.trim() === line.trim()
  );
}

/** The name of a macro that is called in a line of its own, without a semicolon. */
function bareMacro(line: string): string[] {
  const name = /^\s*([A-Z][A-Z0-9_]*)\s*\(.*\)\s*$/.exec(line)?.[1];
  return name === undefined ? [] : [name];
}

/** What has no end is missing it at the end of what was changed, however far away that is. */
function isInChange({ kind, text, line, endLine, within }: ParseError, change: Change): boolean {
  if (change.touches(line, endLine)) return true;
  return (
    kind === 'missing' && /^[)\]}]$/.test(text) && within !== undefined && change.touches(within.line, within.endLine)
  );
}

function isSameBracket(old: UnbalancedBracket, now: UnbalancedBracket, change: Change): boolean {
  return old.kind === now.kind && old.bracket === now.bracket && change.lineNow(old.line) === now.line;
}

/** Where two texts differ. Lines are 1-based. */
interface Change {
  /** Whether one of the lines was changed, or stands beside one that was, or beside lines that went. */
  touches(line: number, endLine: number): boolean;
  /** Those of the lines that are new. */
  linesIn(line: number, endLine: number): number[];
  /** Where an unchanged line of before is now. */
  lineNow(line: number): number | undefined;
}

function changeBetween(before: string, after: string): Change {
  const parts = stretches(before.split(/\r?\n/), after.split(/\r?\n/));
  const changed = parts.flatMap((part) => (part.kind === 'changed' ? [part] : []));
  return {
    touches: (line, endLine) => changed.some(({ to, added }) => line <= to + added + 1 && endLine >= to),
    linesIn: (line, endLine) =>
      changed.flatMap(({ to, added }) => {
        const first = Math.max(line, to + 1);
        return Array.from({ length: Math.max(0, Math.min(endLine, to + added) - first + 1) }, (_, at) => first + at);
      }),
    lineNow: (line) => {
      for (const part of parts) {
        if (part.kind === 'shared' && line > part.from && line <= part.from + part.count)
          return part.to + line - part.from;
      }
      return undefined;
    },
  };
}
