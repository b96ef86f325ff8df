import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { emptyChangeSet, withStates } from '../../src/core/changes/changeSet.ts';
import { hashText } from '../../src/core/changes/hash.ts';
import { type FileProposal, fileProposal, linesOfHunk, textsWith } from '../../src/core/changes/hunks.ts';
import { proposeFiles } from '../../src/core/changes/proposal.ts';
import type { FileState } from '../../src/shared/events.ts';

/** The proposal of states over a workspace with these files. */
function proposalsOf(files: Record<string, string>, states: FileState[]): FileProposal[] {
  const baseOf = (path: string) => {
    const text = files[path];
    return text === undefined ? undefined : { text, hash: hashText(text) };
  };
  return proposeFiles(withStates(emptyChangeSet, states, baseOf)).map((file) => fileProposal(file, baseOf));
}

function proposalOf(base: string, result: string): FileProposal {
  const [proposal] = proposalsOf({ 'a.txt': base }, [{ path: 'a.txt', text: result }]);
  assert.ok(proposal);
  return proposal;
}

const textWith = (proposal: FileProposal, ...hunks: number[]) => textsWith(proposal, new Set(hunks))[0]?.text;
const numbered = (count: number, end = '\n') => Array.from({ length: count }, (_, i) => `line ${i}${end}`);

describe('hunks', () => {
  it('are those of the diff, each with or without the others', () => {
    const base = numbered(40);
    const result = base.toSpliced(35, 1).toSpliced(20, 2, 'twenty\n').toSpliced(1, 0, 'new\n');
    const proposal = proposalOf(base.join(''), result.join(''));
    assert.equal(proposal.hunks.length, 3);
    assert.equal(proposal.file.diff.match(/^@@ /gm)?.length, 3);
    assert.equal(textWith(proposal), base.join(''));
    assert.equal(textWith(proposal, 0, 1, 2), result.join(''));
    assert.equal(textWith(proposal, 1), base.toSpliced(20, 2, 'twenty\n').join(''));
    assert.deepEqual(linesOfHunk(proposal, 2, new Set([0, 1, 2])), { from: 35, count: 0 });
    assert.deepEqual(linesOfHunk(proposal, 1, new Set([0, 1])), { from: 21, count: 1 });
    assert.deepEqual(linesOfHunk(proposal, 1, new Set([2])), { from: 20, count: 2 });
  });

  it('keep line ends, the BOM and the lack of a final newline', () => {
    const base = `\uFEFFone\r\ntwo\r\n${numbered(12, '\r\n').join('')}last`;
    const result = base.replace('one', 'ONE').replace('last', 'end\r\nlast');
    const proposal = proposalOf(base, result);
    assert.equal(proposal.hunks.length, 2);
    assert.equal(textWith(proposal, 0), base.replace('one', 'ONE'));
    assert.equal(textWith(proposal, 1), base.replace('last', 'end\r\nlast'));
    assert.equal(textWith(proposal, 0, 1), result);
  });

  it('are one for a file that is created, deleted or renamed', () => {
    const long = numbered(60).join('');
    const files = { 'old.txt': long, 'gone.txt': long, 'same.sh': 'x\n' };
    const proposals = proposalsOf(files, [
      { path: 'empty.txt', text: '' },
      { path: 'fresh "name".txt', text: 'a\n' },
      { path: 'gone.txt', text: null },
      { path: 'new.txt', from: 'old.txt', text: long.replace('line 3\n', 'three\n').replace('line 50\n', 'fifty\n') },
      { path: 'moved.sh', from: 'same.sh', text: 'x\n' },
    ]);
    const all = new Map(proposals.map((proposal) => [proposal.file.path, proposal]));
    assert.deepEqual(
      [...all].map(([path, { hunks }]) => [path, hunks.length]),
      ['empty.txt', 'fresh "name".txt', 'gone.txt', 'moved.sh', 'new.txt'].map((path) => [path, 1]),
    );
    const of = (path: string, ...hunks: number[]) => textsWith(all.get(path) ?? assert.fail(path), new Set(hunks));
    assert.deepEqual(of('empty.txt', 0), [{ path: 'empty.txt', text: '' }]);
    assert.deepEqual(of('empty.txt'), [{ path: 'empty.txt', text: null }]);
    assert.deepEqual(of('gone.txt', 0), [{ path: 'gone.txt', text: null }]);
    assert.deepEqual(of('gone.txt'), [{ path: 'gone.txt', text: long }]);
    assert.deepEqual(of('moved.sh', 0), [
      { path: 'same.sh', text: null },
      { path: 'moved.sh', text: 'x\n', from: 'same.sh' },
    ]);
    assert.deepEqual(of('moved.sh'), [
      { path: 'same.sh', text: 'x\n' },
      { path: 'moved.sh', text: null },
    ]);
    assert.match(of('new.txt', 0)[1]?.text ?? '', /three\n[\s\S]*fifty\n/);
  });

  it('of a damaged record are refused by name', () => {
    const { file } = proposalOf('a\nb\n', 'a\nc\n');
    const base = { text: 'a\nb\n', hash: hashText('a\nb\n') };
    assert.throws(() => fileProposal(file, () => ({ text: 'a\nx\n', hash: '' })), /change of a\.txt .* made from/);
    const damaged = { ...file, diff: file.diff.replace('+c', '+d') };
    assert.throws(() => fileProposal(damaged, () => base), /change of a\.txt .* its result/);
    assert.throws(() => fileProposal(file, () => undefined), /a\.txt/);
  });

  it('any of them, applied by us or by git, give the same', function () {
    this.timeout(120_000);
    const dir = mkdtempSync(join(tmpdir(), 'conclave-hunks-'));
    const line = fc.tuple(
      fc.constantFrom('a', 'b', 'c', '', 'd e', '-x', '+y', '@@ z', '\\ q', 'ü\r'),
      fc.constantFrom('\n', '\r\n'),
    );
    const lines = fc.array(
      line.map(([text, end]) => text + end),
      { minLength: 1, maxLength: 60 },
    );
    const changes = fc.array(fc.tuple(fc.nat(60), fc.nat(3), fc.array(line, { maxLength: 3 })), {
      minLength: 1,
      maxLength: 5,
    });
    const cut = (text: string, isCut: boolean) => (isCut ? text.replace(/\r?\n$/, '') : text);
    try {
      fc.assert(
        fc.property(
          fc.constantFrom('', '\uFEFF'),
          lines,
          changes,
          fc.boolean(),
          fc.boolean(),
          fc.infiniteStream(fc.boolean()),
          (bom, before, edits, cutBefore, cutAfter, picks) => {
            const after = edits.reduce(
              (all, [at, count, fresh]) =>
                all.toSpliced(at % (all.length + 1), count, ...fresh.map((one) => one.join(''))),
              before,
            );
            const base = bom + cut(before.join(''), cutBefore);
            const result = bom + cut(after.join(''), cutAfter);
            fc.pre(base !== result && result !== '' && base !== '');
            const proposal = proposalOf(base, result);
            const all = [...proposal.hunks.keys()];
            assert.equal(textWith(proposal), base);
            assert.equal(textWith(proposal, ...all), result);
            const chosen = all.filter(() => picks.next().value);
            assert.equal(textWith(proposal, ...chosen), appliedByGit(dir, base, proposal.file.diff, chosen));
          },
        ),
        { numRuns: 150 },
      );
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

/** What git makes of a text with some hunks of a diff. */
function appliedByGit(dir: string, base: string, diff: string, chosen: readonly number[]): string {
  const file = join(dir, 'a.txt');
  writeFileSync(file, base);
  if (chosen.length > 0) {
    const [head = '', ...hunks] = diff.split(/^(?=@@ -\d)/m);
    writeFileSync(join(dir, 'p.patch'), head + chosen.map((hunk) => hunks[hunk]).join(''));
    // Positions are off where hunks are left out; git then looks for the context, which may be there twice.
    execFileSync('git', ['apply', '--recount', '--whitespace=nowarn', 'p.patch'], { cwd: dir, stdio: 'pipe' });
  }
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
