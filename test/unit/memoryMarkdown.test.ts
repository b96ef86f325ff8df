import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MOST_TEXT } from '../../src/core/memory/entries.ts';
import type { MemoryEntry } from '../../src/core/ports.ts';
import { editsFrom, markdownFrom } from '../../src/host/memory/memoryMarkdown.ts';

const PREAMBLE = '# What is remembered\n\nChange the text, or delete a section.';
const NOW = '2026-11-26T10:00:00.000Z';
const FAILURE: MemoryEntry = {
  id: '3f2a9c0d11e4b7a6',
  kind: 'failure',
  text: 'Failed: check "divides".\nMended in src/divide.js.',
  paths: ['src/divide.js', 'test/divide.test.js'],
  at: '2026-11-20T12:30:00.000Z',
  run: 'run-1',
};
const CONVENTION: MemoryEntry = {
  id: 'abc1',
  kind: 'convention',
  text: 'The user rejected this.\n-## Old\n## odd line\nFiles: none',
  paths: [],
  at: '2026-11-21T12:30:00.000Z',
};
const BOTH = [FAILURE, CONVENTION];
const TEXT = markdownFrom(BOTH, PREAMBLE);
const edits = (markdown: string, before: readonly MemoryEntry[] = BOTH) =>
  editsFrom(markdown, { before, preamble: PREAMBLE, now: NOW });

describe('what is remembered, as Markdown', () => {
  it('is a section for each note, with its kind, day and id', () => {
    assert.equal(
      TEXT,
      `${PREAMBLE}

## failure · 2026-11-20 · 3f2a9c0d11e4b7a6
Files: \`src/divide.js\`, \`test/divide.test.js\`

Failed: check "divides".
Mended in src/divide.js.

## convention · 2026-11-21 · abc1

The user rejected this.
-## Old
\\## odd line
\\Files: none
`,
    );
  });

  it('changes nothing where nothing was changed, however its lines end, and whatever stands in the notes', () => {
    const none = { changed: [], forgotten: [] };
    assert.deepEqual(edits(TEXT), none);
    assert.deepEqual(edits(`\uFEFF${TEXT.replaceAll('\n', '\r\n')}\r\n\r\n`), none);
    const line = fc.constantFrom(
      '##',
      '## failure',
      'Files: `a`',
      '\\## x',
      '# t',
      'plain',
      '',
      '  in',
      '```',
      '### y',
    );
    const paths = fc.array(fc.constantFrom('a b.ts', 'ü`.md', 'x, y.js'), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), paths, (lines, about) => {
        fc.pre(lines.some((one) => one !== ''));
        const before = [{ ...FAILURE, text: lines.join('\n'), paths: about }, CONVENTION];
        assert.deepEqual(edits(markdownFrom(before, PREAMBLE), before), none);
      }),
    );
  });

  it('changes the text, the files and the kind of a note, and leaves the others alone', () => {
    const markdown = TEXT.replace('Mended in src/divide.js.', 'Never mind.')
      .replace('## failure ·', '## convention ·')
      .replace('`src/divide.js`, ', '');
    assert.deepEqual(edits(markdown), {
      changed: [
        {
          ...FAILURE,
          kind: 'convention',
          text: 'Failed: check "divides".\nNever mind.',
          paths: ['test/divide.test.js'],
        },
      ],
      forgotten: [],
    });
  });

  it('forgets the notes whose sections are gone, and only those that were in it', () => {
    const alone = TEXT.slice(0, TEXT.indexOf('## convention'));
    assert.deepEqual(edits(alone), { changed: [], forgotten: ['abc1'] });
    assert.deepEqual(edits(`${PREAMBLE}\n`), { changed: [], forgotten: [FAILURE.id, 'abc1'] });
    assert.deepEqual(edits('', []), { changed: [], forgotten: [] });
  });

  it('takes new notes', () => {
    const result = edits(`${TEXT}\n## convention\nFiles: \`src/a.js\`\nNo abbreviations.\n`);
    assert.ok('changed' in result);
    assert.deepEqual(
      result.changed.map(({ id, ...rest }) => [id.length, rest]),
      [[16, { kind: 'convention', text: 'No abbreviations.', paths: ['src/a.js'], at: NOW }]],
    );
  });

  const REFUSED: [string, string, number, string][] = [
    ['text before the first note', TEXT.replace('## failure', 'Mine.\n\n## failure'), 5, 'outside'],
    ['a heading of its own', TEXT.replace('## convention · 2026-11-21 · abc1', '## Conventions'), 11, 'heading'],
    ['an id that there is not', TEXT.replace('abc1', 'abc2'), 11, 'unknown'],
    ['another day', TEXT.replace('2026-11-21', '2026-11-22'), 11, 'unknown'],
    ['a section that is there twice', `${TEXT}\n## convention · 2026-11-21 · abc1\nAgain.\n`, 18, 'twice'],
    ['files in other words', TEXT.replace('Files: `src/divide.js`', 'Files: all of `src`'), 6, 'files'],
    ['a note without text', `${TEXT}\n## failure\n\n`, 18, 'empty'],
    ['a note that is too long', TEXT.replace('The user', 'x'.repeat(MOST_TEXT)), 11, 'tooLong'],
  ];
  for (const [what, markdown, line, kind] of REFUSED) {
    it(`is refused as a whole for ${what}, with the line`, () => {
      const result = edits(markdown);
      assert.ok('problem' in result, JSON.stringify(result));
      assert.deepEqual([result.line, result.problem.kind], [line, kind]);
    });
  }
});
