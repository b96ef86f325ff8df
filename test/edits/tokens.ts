import type { Dice } from './dice.ts';
import type { AfterLine } from './draft.ts';

const KEYWORDS = new Set(
  (
    'const let var function return class extends import export from default async await static public private protected ' +
    'void int char bool float double string struct enum union new delete throw catch finally switch case break continue ' +
    'while else elif def pass None True False true false null undefined typeof instanceof this self super package func ' +
    'interface type impl match mut pub use where with yield for and not the value'
  ).split(' '),
);

const OPERATORS: [RegExp, string][] = [
  [/===/, '!=='],
  [/!==/, '==='],
  [/(?<![=!<>])==(?!=)/, '!='],
  [/ && /, ' || '],
  [/ \+ /, ' - '],
  [/ < /, ' >= '],
  [/ > /, ' <= '],
  [/ \+= /, ' -= '],
];

export type TokenKind = 'identifier' | 'number' | 'operator' | 'string';

/** The line with one token in it made another, or undefined where it has none that is sure to be one. */
export function changedToken(line: string, kind: TokenKind, dice: Dice): string | undefined {
  switch (kind) {
    case 'identifier': {
      const found = [...line.matchAll(/(?<![\w$'"\\/.-])[A-Za-z_]\w{3,}(?![\w$'"-])/g)].filter(
        ([word]) => !KEYWORDS.has(word),
      );
      if (found.length === 0) return undefined;
      const match = dice.pick(found);
      const word = match[0];
      const made = dice.pick([`${word}Next`, `${word}2`, `new_${word}`, 'remaining', `${word.slice(0, -1)}`]);
      return replacedAt(line, match.index, word, made);
    }
    case 'number': {
      const found = [...line.matchAll(/(?<![\w.#&%\\-])\d+(?![\w.])/g)];
      if (found.length === 0) return undefined;
      const match = dice.pick(found);
      return replacedAt(line, match.index, match[0], String(Number(match[0]) + 1 + dice.int(9)));
    }
    case 'operator': {
      const found = OPERATORS.filter(([operator]) => operator.test(line));
      if (found.length === 0) return undefined;
      const [operator, other] = dice.pick(found);
      return line.replace(operator, () => other);
    }
    case 'string': {
      const found = [...line.matchAll(/(["'])([A-Za-z][\w ./-]{2,40})\1/g)];
      if (found.length === 0) return undefined;
      const match = dice.pick(found);
      const text = match[2] ?? '';
      const made = dice.pick([`${text}s`, `old${text}`, text.slice(1), `${text}_v2`]);
      return replacedAt(line, match.index + 1, text, made);
    }
  }
}

function replacedAt(line: string, at: number, old: string, now: string): string {
  return line.slice(0, at) + now + line.slice(at + old.length);
}

/** The line with some token in it made another. */
export function changedTokens(line: string, dice: Dice): string | undefined {
  for (const kind of dice.shuffled<TokenKind>(['identifier', 'number', 'operator', 'string'])) {
    const changed = changedToken(line, kind, dice);
    if (changed !== undefined && changed !== line && changed.trim() !== '') return changed;
  }
  return undefined;
}

/** The lines with a name in them made another wherever it stands. */
export function renamed(lines: readonly AfterLine[], dice: Dice): AfterLine[] | undefined {
  const names = lines
    .flatMap(({ text }) => text.match(/\b[A-Za-z_]\w{2,}\b/g) ?? [])
    .filter((name) => !KEYWORDS.has(name));
  if (names.length === 0) return undefined;
  const name = dice.pick(names);
  const other = dice.pick([`${name}Value`, `${name}_`, `given${name[0]?.toUpperCase()}${name.slice(1)}`]);
  const pattern = new RegExp(`(?<![\\w$])${name}(?![\\w$])`, 'g');
  return lines.map((line) => ({ ...line, text: line.text.replace(pattern, () => other) }));
}
