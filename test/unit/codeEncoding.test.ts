import assert from 'node:assert/strict';
import { decode, encode } from '../../src/node/codeFacts/encode.ts';

describe('facts of code as bytes', () => {
  it('say what was found, whatever of it is asked for first', () => {
    const span = (line: number) => ({ line, column: 3, endLine: line, endColumn: 20 });
    for (const lines of [1, 127, 128, 300, 70_000]) {
      const facts = {
        lines,
        symbols: [],
        imports: [{ from: './a', names: ['b'], line: 1, endLine: 1 }],
        comments: [span(1), span(200)],
        strings: [span(150)],
      };
      const bytes = encode(facts);
      assert.equal(decode(bytes).lines, lines);
      const { strings, comments, imports, symbols, lines: after } = decode(bytes);
      assert.deepEqual({ lines: after, symbols, imports, comments, strings }, facts);
    }
  });
});
