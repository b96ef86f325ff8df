import assert from 'node:assert/strict';
import { splitPassages, statusOf, versionOf } from '../../src/core/survey/passages.ts';

describe('passages of documents', () => {
  const GUIDE = `# Guide

Intro text.

## Retries

A failed request is retried three times.
The pause doubles.

\`\`\`sh
# not a heading

retry --now
\`\`\`

Setext
------

More here.

## Empty
`;

  it('carry their headings and their line', () => {
    assert.deepEqual(
      splitPassages('g.md', GUIDE).map(({ line, headings, text }) => [line, headings.join('>'), text.split('\n')[0]]),
      [
        [3, 'Guide', 'Intro text.'],
        [7, 'Guide>Retries', 'A failed request is retried three times.'],
        [10, 'Guide>Retries', '```sh'],
        [19, 'Guide>Setext', 'More here.'],
        [21, 'Guide>Empty', ''],
      ],
    );
  });

  it('divide long lists, never code, and keep what announces code with it', () => {
    const items = Array.from({ length: 40 }, (_, at) => `- item ${at} ${'x'.repeat(40)}`);
    const code = [
      'Run:',
      '',
      '```sh',
      ...Array.from({ length: 60 }, (_, at) => `step ${at} ${'y'.repeat(20)}`),
      '',
      'end',
      '```',
    ];
    const passages = splitPassages('a.md', [...items, '', ...code, '', 'After.'].join('\n'));
    assert.ok(passages.length > 8, String(passages.length));
    assert.ok(passages.slice(0, -2).every(({ text }) => text.length < 800));
    assert.equal(passages.at(-2)?.text, code.join('\n'));
    const lines = [...items, '', ...code, '', 'After.'];
    for (const { line, endLine, text } of passages) assert.equal(lines.slice(line - 1, endLine).join('\n'), text);
  });

  it('take the title of front matter, and know the version of a change and the status of a decision', () => {
    const text = '---\ntitle: "Storage"\nstatus: accepted\n---\n\nWe keep files.\n';
    assert.deepEqual(splitPassages('docs/adr/1.md', text).at(-1)?.headings, ['Storage']);
    assert.equal(statusOf('docs/adr/1.md', text), 'accepted');
    assert.equal(statusOf('docs/adr/2.md', '# Queues\n\n## Status\n\nSuperseded by [3](3.md)\n'), 'Superseded by 3');
    assert.equal(statusOf('docs/decisions/3.md', '# Q\n\n* Status: **proposed**\n'), 'proposed');
    assert.equal(statusOf('docs/guide.md', '# Q\n\n* Status: fine\n'), undefined);
    const changes = splitPassages('CHANGELOG.md', '# Changes\n\n## [1.2.0] - 2024-05-01\n\n### Fixed\n\n- A leak.\n');
    assert.equal(versionOf({ path: 'CHANGELOG.md', headings: changes.at(-1)?.headings ?? [] }), '1.2.0');
    assert.equal(versionOf({ path: 'README.md', headings: ['Version 1.2.0'] }), undefined);
  });
});
