import assert from 'node:assert/strict';
import { newErrors, type ReadText } from '../../src/core/checks/newErrors.ts';
import type { ParseError, UnbalancedBracket } from '../../src/core/ports.ts';

const LINES = ['@@', 'a {', '  b', '  c', '  d', '}', '', 'e', 'f'];

function read(lines: readonly string[], errors: ParseError[], unbalanced: UnbalancedBracket[] = []): ReadText {
  return { text: lines.join('\n'), parsed: { kind: 'parsed', language: 'c', errors, unbalanced } };
}

const unexpected = (line: number, endLine = line): ParseError => ({
  kind: 'unexpected',
  line,
  column: 1,
  endLine,
  text: '?',
});

/** The lines of what is told, where line 4 has been changed. */
function told(
  before: readonly ParseError[],
  after: readonly ParseError[],
  brackets: UnbalancedBracket[] = [],
): number[] {
  const changed = LINES.with(3, '  x');
  const problems = newErrors('a.c', read(LINES, [...before]), read(changed, [...after], brackets));
  return problems.map(({ line }) => line);
}

describe('errors that a change makes', () => {
  it('are all that there are, where there were none, wherever they are', () => {
    assert.deepEqual(told([], [unexpected(8)]), [8]);
  });

  it('are those in changed lines or beside them, where there were others', () => {
    const old = unexpected(1);
    assert.deepEqual(told([old], [old, unexpected(8)]), [], 'what a grammar makes of the rest is no news');
    assert.deepEqual(told([old], [old, unexpected(4)]), [4]);
    assert.deepEqual(told([old], [old, unexpected(5)]), [5], 'an error often shows in the next line');
    assert.deepEqual(told([old], [old, unexpected(2, 9)]), [4], 'of a long one, the changed line is told');
  });

  it('are those that miss the end of what was changed, where there were others', () => {
    const old = unexpected(1);
    const missing = (text: string): ParseError => ({
      kind: 'missing',
      line: 9,
      column: 2,
      endLine: 9,
      text,
      within: { line: 2, endLine: 9 },
    });
    assert.deepEqual(told([old], [old, missing('}')]), [9]);
    assert.deepEqual(told([old], [old, missing(';')]), []);
    assert.deepEqual(told([old], [old, { ...missing('}'), within: { line: 8, endLine: 9 } }]), []);
  });

  it('are none that were there before, in the same line or the same text', () => {
    assert.deepEqual(told([unexpected(3, 6)], [unexpected(3, 6)]), []);
    assert.deepEqual(told([unexpected(3, 6)], [unexpected(4, 6)]), []);
    assert.deepEqual(told([unexpected(4)], [unexpected(4)]), [4], 'it has another text now');
  });

  it('are told by the bracket that is not closed, where that says more', () => {
    const open: UnbalancedBracket = { kind: 'unclosed', bracket: '(', line: 4, column: 3, before: 5 };
    assert.deepEqual(told([], [unexpected(1, 9)], [open]), [4]);
    assert.deepEqual(told([unexpected(1)], [unexpected(1)], [open]), [4], 'also where a long error hides it');
    assert.deepEqual(told([unexpected(1)], [unexpected(1)], [{ ...open, line: 8, before: 9 }]), []);
  });
});
