import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mergeTexts } from '../../src/core/changes/mergeTexts.ts';

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}\n`);
const merged = (text: string | null) => ({ kind: 'merged', text });

describe('a three-way merge', () => {
  const base = numbered(20).join('');
  const wanted = base.replace('line 10\n', 'ten\nand more\n');

  it('keeps what the user changed elsewhere', () => {
    const now = base.replace('line 2\n', '').replace('line 18\n', 'eighteen\n');
    const both = now.replace('line 10\n', 'ten\nand more\n');
    assert.deepEqual(mergeTexts(base, now, wanted), merged(both));
    assert.deepEqual(mergeTexts(base, both, wanted), merged(both), 'and doing it again changes nothing');
  });

  it('names the lines that both changed, as they are now', () => {
    const now = `new\n${base.replace('line 10\n', 'mine\nand mine\n')}`;
    const conflict = { kind: 'conflict', because: 'changed', ranges: [{ from: 12, to: 13 }] };
    assert.deepEqual(mergeTexts(base, now, wanted), conflict);
  });

  it('takes the same change of both sides once', () => {
    const now = `${wanted}the end\n`;
    assert.deepEqual(mergeTexts(base, now, wanted), merged(now));
  });

  it('speaks the line ends that the file has now, and leaves its last line as it is', () => {
    const crlf = (text: string) => text.replaceAll('\n', '\r\n');
    const now = crlf(base.replace('line 2\n', 'two\n').trimEnd());
    assert.deepEqual(mergeTexts(base, now, wanted), merged(crlf(wanted.replace('line 2\n', 'two\n').trimEnd())));
  });

  it('leaves lines of either end alone in a file that mixes them', () => {
    const mixed = base.replace('line 3\n', 'line 3\r\n');
    assert.deepEqual(
      mergeTexts(mixed, `\uFEFF${mixed}`, mixed.replace('line 10\n', 'ten\n')),
      merged(`\uFEFF${mixed.replace('line 10\n', 'ten\n')}`),
    );
  });

  it('of files that come and go never overwrites one', () => {
    assert.deepEqual(mergeTexts(null, null, 'new\n'), merged('new\n'));
    assert.deepEqual(mergeTexts(null, 'new\n', 'new\n'), merged('new\n'));
    assert.deepEqual(mergeTexts(null, 'mine\n', 'new\n'), { kind: 'conflict', because: 'exists', ranges: [] });
    assert.deepEqual(mergeTexts('a\n', 'a\n', null), merged(null));
    assert.deepEqual(mergeTexts('a\n', null, null), merged(null));
    assert.equal(mergeTexts('a\n', 'a\nmine\n', null).kind, 'conflict');
    assert.deepEqual(mergeTexts('a\n', null, 'b\n'), { kind: 'conflict', because: 'gone', ranges: [] });
    assert.deepEqual(mergeTexts('a\n', null, 'a\n'), merged(null), 'what the change leaves alone may go');
  });

  it('loses no line of the user, whatever both did', () => {
    const edits = (name: string) =>
      fc
        .array(fc.tuple(fc.nat(20), fc.nat(2), fc.nat(2)), { maxLength: 4 })
        .map((list) =>
          list.reduce(
            (lines, [at, count, fresh], i) =>
              lines.toSpliced(
                at % (lines.length + 1),
                count,
                ...Array.from({ length: fresh }, (_, n) => `${name} ${i} ${n}\n`),
              ),
            numbered(20),
          ),
        );
    fc.assert(
      fc.property(edits('user'), edits('crew'), (user, crew) => {
        const merge = mergeTexts(base, user.join(''), crew.join(''));
        if (merge.kind === 'conflict') {
          assert.ok(merge.ranges.length > 0 && merge.ranges.every(({ from, to }) => from >= 1 && to <= user.length));
          return;
        }
        const lines = merge.text?.split(/(?<=\n)/) ?? [];
        for (const line of [...user, ...crew]) if (/^(user|crew)/.test(line)) assert.ok(lines.includes(line), line);
        for (const line of numbered(20))
          assert.equal(lines.includes(line), user.includes(line) && crew.includes(line), line);
      }),
    );
  });
});
