import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applyEdits } from '../../src/core/changes/applyEdits.ts';
import { type FileLine, fileLines, textOf } from './fileLines.ts';

const path = 'src/app.ts';

/** Few words, so that much stands twice, and at several depths. */
const word = fc.constantFrom('alpha();', 'beta();', 'gamma(1);', 'if (x) {', '}', 'delta = "d";', '');
const line = fc
  .tuple(fc.constantFrom('', '  ', '    ', '\t'), word)
  .map(([indent, text]) => (text === '' ? '' : indent + text));
const end = fc.constantFrom<FileLine['end']>('\n', '\r\n');

interface Drawn {
  bom: string;
  lines: FileLine[];
  from: number;
  to: number;
}

/** A file with any line ends, and a stretch of its lines that has a word. */
const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    bom: fc.constantFrom('', '\uFEFF'),
    lines: fc.array(fc.record({ text: line, end }), { minLength: 2, maxLength: 14 }),
    hasFinal: fc.boolean(),
    from: fc.nat(12),
    count: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ bom, lines, hasFinal, from, count }) => {
    const start = from % lines.length;
    // A last line that is empty and has no end would be none.
    const ended = lines.map((one, i): FileLine => {
      return i < lines.length - 1 || hasFinal || one.text === '' ? one : { ...one, end: '' };
    });
    return { bom, lines: ended, from: start, to: Math.min(lines.length, start + count) };
  })
  .filter(({ lines, from, to }) => lines.slice(from, to).some(({ text }) => text !== ''));

/** Not with an empty line at the end: at the end of a file without a final newline, that would be no line. */
const replacement = fc
  .tuple(
    fc.array(fc.constantFrom('one();', '  two();', ''), { maxLength: 3 }),
    fc.constantFrom('four();', '\tthree();'),
  )
  .map(([lines, last]) => [...lines, last]);

describe('applyEdits, whatever the file', () => {
  it('puts lines in the one place where they stand, and the way back leads to the original', () => {
    let ways = 0;
    fc.assert(
      fc.property(drawn, replacement, ({ bom, lines, from, to }, replace) => {
        const original = bom + textOf(lines);
        const search = lines.slice(from, to).map(({ text }) => text);
        const outcome = applyEdits(original, [{ search, replace }], { path });
        if (placesOf(lines, search).length > 1) {
          assert.equal(outcome.kind, 'rejected');
          return;
        }
        assert.equal(outcome.kind, 'applied', JSON.stringify(outcome));
        if (outcome.kind !== 'applied') return;
        const now = fileLines(outcome.text.slice(bom.length)).map(({ text }) => text);
        const texts = lines.map(({ text }) => text);
        assert.deepEqual(now, [...texts.slice(0, from), ...replace, ...texts.slice(to)]);
        if (new Set(lines.map((one) => one.end)).size > 1) return;
        const back = applyEdits(outcome.text, [{ search: replace, replace: search }], { path });
        if (back.kind === 'rejected') return;
        ways++;
        assert.equal(back.text, original);
      }),
      { numRuns: 2_000 },
    );
    assert.ok(ways > 10, `only ${ways} ways led back`);
  });

  it('leaves the bytes of all other lines, the BOM, and whether there is a final newline', () => {
    fc.assert(
      fc.property(drawn, replacement, ({ bom, lines, from, to }, replace) => {
        const original = bom + textOf(lines);
        const search = lines.slice(from, to).map(({ text }) => text);
        const outcome = applyEdits(original, [{ search, replace }], { path });
        if (outcome.kind === 'rejected') return;
        assert.ok(outcome.text.startsWith(bom + textOf(lines.slice(0, from))));
        const rest = textOf(lines.slice(to));
        assert.ok(outcome.text.endsWith(rest));
        const isWritten = lines.at(-1)?.end !== '';
        assert.equal(outcome.text.endsWith('\n'), isWritten);
      }),
      { numRuns: 2_000 },
    );
  });

  it('writes to one place only, and never where the same lines stand twice, however SEARCH was copied', () => {
    const careless = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => text.trim(),
      (text) => `${text}  `,
      (text) => `    ${text}`,
      (text) => text.replace(/^ +/, '\t'),
      (text) => text.replaceAll('"', '“'),
      (text) => text.replace('(', '( '),
      (text) => `12 | ${text}`,
      (text) => ` ${text}`,
    );
    let applied = 0;
    fc.assert(
      fc.property(drawn, careless, ({ bom, lines, from, to }, copy) => {
        const original = bom + textOf(lines);
        const search = lines.slice(from, to).map(({ text }) => copy(text));
        const outcome = applyEdits(original, [{ search, replace: ['MARK'] }], { path });
        if (outcome.kind === 'rejected') return;
        applied++;
        const now = fileLines(outcome.text.slice(bom.length)).map(({ text }) => text);
        const at = now.findIndex((text) => text.includes('MARK'));
        assert.equal(now[at]?.trim(), 'MARK');
        const texts = lines.map(({ text }) => text);
        const gone = texts.slice(at, texts.length - (now.length - at - 1));
        assert.deepEqual(now, [...texts.slice(0, at), now[at], ...texts.slice(at + gone.length)]);
        assert.equal(bare(gone), bare(lines.slice(from, to).map(({ text }) => text)));
        const same = placesOf(lines, gone);
        assert.deepEqual(same, [at], `${JSON.stringify(gone)} stands in more places than one`);
      }),
      { numRuns: 5_000 },
    );
    assert.ok(applied > 50, `only ${applied} were applied`);
  });

  it('applies all edits or none', () => {
    fc.assert(
      fc.property(drawn, fc.boolean(), ({ bom, lines, from, to }, isFirst) => {
        const good = { search: lines.slice(from, to).map(({ text }) => text), replace: ['MARK'] };
        const bad = { search: ['nowhere(to, be, found);'], replace: ['x();'] };
        const outcome = applyEdits(bom + textOf(lines), isFirst ? [bad, good] : [good, bad], { path });
        assert.equal(outcome.kind, 'rejected');
      }),
    );
  });
});

function placesOf(lines: readonly FileLine[], search: readonly string[]): number[] {
  return lines.flatMap((_, at) => (search.every((text, i) => lines[at + i]?.text === text) ? [at] : []));
}

function bare(lines: readonly string[]): string {
  return lines.join('').replace(/\s/g, '');
}
