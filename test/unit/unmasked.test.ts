import assert from 'node:assert/strict';
import { applyBlock, emptyChangeSet } from '../../src/core/changes/changeSet.ts';
import { hashText } from '../../src/core/changes/hash.ts';
import type { Workspace } from '../../src/core/ports.ts';
import { maskSecretLines } from '../../src/core/secrets/maskSecrets.ts';

const KEY_LINE = 'MIIEpAIBAAKCAQEA2v0Xy7sQf3kLZ8pVtR1dGmC4uWnE5hJ9bT6oYqPzS0xKcFaI';
const FILE = `import { open } from './db.ts';

const password = 'tr0ub4dor&3';
const other = 1;
const options = {
  db: { password: 'c0rrect-h0rse!' },
  mail: { password: 'b4ttery-st4ple!' },
};
const key = \`-----BEGIN PRIVATE KEY-----
${KEY_LINE}
${KEY_LINE}x
-----END PRIVATE KEY-----\`;
open(password, options, key, other);
`;
const SHOWN = maskSecretLines(FILE);
const MASK = '‹secret: password›';

const workspace: Workspace = {
  root: '/w',
  read: async () => ({ kind: 'text', text: FILE, hash: hashText(FILE) }),
  list: async () => [],
  search: async () => [],
};

async function afterEdit(search: string, replace: string) {
  const block = {
    kind: 'edit' as const,
    path: 'a.ts',
    search: search.split('\n'),
    replace: replace.split('\n'),
    explanation: '',
  };
  return outcomeOf(await applyBlock(emptyChangeSet, block, workspace));
}

const outcomeOf = (outcome: Awaited<ReturnType<typeof applyBlock>>) =>
  outcome.kind === 'applied' ? (outcome.state.text ?? '') : `refused: ${outcome.reason}`;

describe('edits of files that models see masked', () => {
  it('(the file is masked where a model sees it)', () => {
    assert.equal(SHOWN.split('\n').length, FILE.split('\n').length);
    assert.equal(SHOWN.split(MASK).length, 4);
    assert.ok(!SHOWN.includes(KEY_LINE));
  });

  it('keep the secret in a line that is repeated as it was shown', async () => {
    const shown = `const password = '${MASK}';\nconst other = 1;`;
    assert.equal(await afterEdit(shown, shown.replace('1', '2')), FILE.replace('other = 1', 'other = 2'));
  });

  it('keep it in a line that is changed around it, or moved', async () => {
    assert.equal(
      await afterEdit(`const password = '${MASK}';`, `const secret = '${MASK}';`),
      FILE.replace('const password =', 'const secret ='),
    );
    assert.equal(
      await afterEdit(`const password = '${MASK}';\nconst other = 1;`, `const other = 1;\nconst password = '${MASK}';`),
      FILE.replace(
        "const password = 'tr0ub4dor&3';\nconst other = 1;",
        "const other = 1;\nconst password = 'tr0ub4dor&3';",
      ),
    );
  });

  it('tell lines that look alike apart by what is searched around them', async () => {
    const shown = `  mail: { password: '${MASK}' },\n};`;
    assert.equal(
      await afterEdit(shown, shown.replace('};', '  more: 1,\n};')),
      FILE.replace("!' },\n};", "!' },\n  more: 1,\n};"),
    );
  });

  it('keep a whole key', async () => {
    const shown = SHOWN.slice(SHOWN.indexOf('const key'), SHOWN.indexOf('open(password'));
    const replaced = await afterEdit(`${shown}open(password, options, key, other);`, `${shown}open(other);`);
    assert.equal(replaced, FILE.replace('open(password, options, key, other)', 'open(other)'));
  });

  it('work elsewhere in the file, and as a whole', async () => {
    assert.equal(await afterEdit('const other = 1;', 'const other = 2;'), FILE.replace('other = 1', 'other = 2'));
    const whole = { kind: 'whole' as const, path: 'a.ts', text: SHOWN.replace('other = 1', 'other = 2') };
    assert.equal(outcomeOf(await applyBlock(emptyChangeSet, whole, workspace)), FILE.replace('other = 1', 'other = 2'));
  });

  it('never write a mask: they are refused, with what to do', async () => {
    for (const [search, replace] of [
      ['const other = 1;', `const other = '‹secret: GitHub token›';`],
      ['const other = 1;', `const other = '${MASK}';`],
      [`const nowhere = '${MASK}';`, 'const nowhere = 1;'],
    ] as const) {
      const outcome = await afterEdit(search, replace);
      assert.match(outcome, /^refused: The edit of a\.ts holds a mask .* Leave lines with a mask out/);
    }
    const appended = { kind: 'append' as const, path: 'a.ts', lines: [`const more = '‹secret: key›';`] };
    assert.match(outcomeOf(await applyBlock(emptyChangeSet, appended, workspace)), /^refused: .*holds a mask/);
  });

  it('say what a missed SEARCH is most like without showing the secret', async () => {
    const outcome = await afterEdit('const pasword = 1;\nconst other = 1;\nconst option = {', 'x');
    assert.match(outcome, /nearest now/);
    assert.ok(!outcome.includes('tr0ub4dor') && outcome.includes(MASK), outcome);
  });
});
