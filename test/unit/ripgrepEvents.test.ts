import assert from 'node:assert/strict';
import { type RipgrepEvent, ripgrepEvents } from '../../src/node/ripgrepEvents.ts';

describe('what ripgrep says', () => {
  const text = (written: string) => ({ text: written });
  const event = (type: string, data: object) => `${JSON.stringify({ type, data })}\n`;
  const match = (lines: object, line: number) =>
    event('match', {
      path: text('a"lines":{"text":"b.ts'),
      lines,
      line_number: line,
      absolute_offset: 0,
      submatches: [{ match: text('"},"line_number":77'), start: 0, end: 3 }],
    });
  const path = text('a"lines":{"text":"b.ts');
  const long = 'é"\\\u0001\u{1f600}'.repeat(40_000);

  const output = Buffer.from(
    [
      event('begin', { path }),
      match(text('say "\\u0041" \\\u0007 "},"line_number":5\r\n'), 3),
      match(text(`${long}\n`), 12_345),
      match(text(`${'x'.repeat(499)}\r\n`), 12_346),
      match(text(`${'x'.repeat(499)}\ry${long}\n`), 12_347),
      match({ bytes: Buffer.from([0x61, 0xff, 0x0a]).toString('base64') }, 12_348),
      match(text(''), 12_349),
      event('end', { path, binary_offset: null, stats: { matches: 5 } }),
      event('begin', { path: { bytes: Buffer.from('ü').toString('base64') } }),
      event('end', { path: text('ü'), binary_offset: 17, stats: {} }),
      event('summary', { stats: {} }),
    ].join(''),
  );
  const expected: RipgrepEvent[] = [
    { type: 'begin', path: path.text },
    { type: 'match', line: 3, text: 'say "\\u0041" \\\u0007 "},"line_number":5' },
    { type: 'match', line: 12_345, text: long.slice(0, 500) },
    { type: 'match', line: 12_346, text: 'x'.repeat(499) },
    { type: 'match', line: 12_347, text: `${'x'.repeat(499)}\r` },
    { type: 'match', line: 12_348, text: 'a\ufffd' },
    { type: 'match', line: 12_349, text: '' },
    { type: 'end', isBinary: false },
    { type: 'begin', path: 'ü' },
    { type: 'end', isBinary: true },
  ];

  it('is read with what is shown of each line, however it is escaped', () => {
    assert.deepEqual(ripgrepEvents()(output), expected);
  });

  for (const size of [1, 7, 4096, 65_536]) {
    it(`is the same in pieces of ${size} bytes`, () => {
      const eventsIn = ripgrepEvents();
      const events: RipgrepEvent[] = [];
      // Byte by byte, the long lines would take long.
      const given = size === 1 ? output.subarray(0, 400) : output;
      for (let at = 0; at < given.length; at += size) events.push(...eventsIn(given.subarray(at, at + size)));
      assert.deepEqual(events, size === 1 ? expected.slice(0, 2) : expected);
    });
  }
});
