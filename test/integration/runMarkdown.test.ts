import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { runAsMarkdown } from '../../src/core/export/runMarkdown.ts';
import { fold } from '../../src/shared/fold.ts';
import { recordDemo } from '../support/demoRun.ts';

const GOLDEN = 'test/fixtures/demoRun.md';

describe('a run as a document', () => {
  it('tells what was asked, planned, done, found and decided, and the change (the demo)', async () => {
    const document = comparable(runAsMarkdown(fold(await recordDemo())));
    // `UPDATE_GOLDEN=1 npx mocha test/integration/runMarkdown.test.ts` writes it anew, to be read before it is committed.
    if (process.env.UPDATE_GOLDEN) writeFileSync(GOLDEN, document);
    assert.equal(document, readFileSync(GOLDEN, 'utf8'));
  });

  it('fences a text that has fences itself', () => {
    const state = { ...fold([]), task: 'Like this:\n```js\nx();\n```' };
    assert.match(runAsMarkdown(state), /\n````\nLike this:\n```js\nx\(\);\n```\n````\n/);
  });
});

/** Without what differs from run to run: ids, times, folders, token counts, and the order in which subtasks that run in parallel meet the servers. */
function comparable(document: string): string {
  return document
    .replace(/Run `[^`]+` in `[^`]+`, \S+ to \S+\./, 'Run `RUN` in `WORKSPACE`, START to END.')
    .replace(/\d+ \+ \d+ tokens \(\d+ cached\)/g, 'N + N tokens (N cached)');
}
