import assert from 'node:assert/strict';
import fc from 'fast-check';
import { anchorOf, lineAt } from '../../src/host/findings/anchor.ts';
import { type FindingsState, foldFindings, noFindings, shownFindings } from '../../src/host/findings/shownFindings.ts';
import { fixedText, isFixed, smallestEdit, suggestionStands } from '../../src/host/findings/suggestedFix.ts';
import type { EventBody, Finding } from '../../src/shared/events.ts';

function finding(more: Partial<Finding> = {}): Finding {
  return {
    severity: 'high',
    type: 'bug',
    location: 'src/a.js:2',
    message: 'Wrong.',
    fingerprint: 'f1',
    path: 'src/a.js',
    line: 2,
    quote: '  return a;',
    blocking: true,
    because: 'high, in round 1',
    ...more,
  };
}

function reviewed(subtask: string, ...findings: Finding[]): EventBody {
  return {
    type: 'review.finished',
    subtask,
    round: 1,
    review: { status: 'failed', issues: [], feedback: '' },
    verdict: { status: 'failed', failingChecks: [], findings, notes: [] },
  };
}

const edited: EventBody = {
  type: 'edit.applied',
  lane: 'coder:task_1',
  subtask: 'task_1',
  edit: 'e1',
  path: 'src/a.js',
  action: 'modify',
  added: 1,
  removed: 1,
};

function after(...bodies: EventBody[]): FindingsState {
  return bodies.reduce(
    (state, body, index) => foldFindings(state, { ...body, runId: 'run', seq: index + 1, at: '2026-11-23T00:00:00Z' }),
    noFindings('run'),
  );
}

function shown(...bodies: EventBody[]): [string, string][] {
  return shownFindings(after(...bodies)).map(({ finding: { fingerprint }, about }) => [fingerprint, about]);
}

describe('the findings of a run', () => {
  it('are those of the latest verdict in each scope', () => {
    const other = finding({ fingerprint: 'f2' });
    assert.deepEqual(shown(reviewed('task_1', finding()), reviewed('task_1', other), reviewed('task_2')), [
      ['f2', 'disk'],
    ]);
  });

  it('are listed once, with the words of the last scope that has them', () => {
    const state = after(reviewed('task_1', finding()), reviewed('merged', finding({ message: 'Newer.' })));
    assert.deepEqual(
      shownFindings(state).map(({ finding: { message } }) => message),
      ['Newer.'],
    );
  });

  it('go with a subtask whose work is thrown away', () => {
    const ended: EventBody = {
      type: 'subtask.finished',
      subtask: 'task_1',
      start: 1,
      outcome: 'replaced',
      rounds: 3,
      reason: '',
      files: [],
    };
    assert.deepEqual(shown(reviewed('task_1', finding()), ended), []);
    assert.deepEqual(shown(reviewed('task_1', finding()), { ...ended, outcome: 'failed' }).length, 1);
  });

  it('are about a proposal where the run edited the file, until it is written', () => {
    const ready: EventBody = { type: 'proposal.ready', files: [], base: [] } as never;
    const written: EventBody = { type: 'proposal.accepted', paths: ['src/a.js'], by: 'user' };
    const steps = [edited, reviewed('task_1', finding(), finding({ fingerprint: 'f2', path: 'src/b.js' }))];
    assert.deepEqual(shown(...steps), [
      ['f1', 'unseen'],
      ['f2', 'disk'],
    ]);
    assert.deepEqual(shown(...steps, ready)[0], ['f1', 'proposal']);
    assert.deepEqual(shown(...steps, ready, written)[0], ['f1', 'disk']);
    assert.deepEqual(shown(...steps, ready, { type: 'proposal.rejected', reason: '' })[0], ['f1', 'unseen']);
  });
});

describe('the place of a finding', () => {
  const text = 'function f() {\r\n  return a;\r\n}\r\n\r\nfunction g() {\r\n  return a;\r\n}\r\n';
  const startOf = (quote: string | undefined, line: number | undefined, within = text) => {
    const anchor = anchorOf(within, { quote, line });
    return anchor && [anchor.startLine, anchor.startCharacter, anchor.endLine, anchor.endCharacter];
  };

  it('is the quoted line nearest to where it was', () => {
    assert.deepEqual(startOf('return a;', 2), [1, 2, 1, 11]);
    assert.deepEqual(startOf('return a;', 7), [5, 2, 5, 11]);
  });

  it('follows the line, and is none where the quoted text is gone', () => {
    assert.deepEqual(startOf('return a;', 2, `// new\n// new\n${text}`), [3, 2, 3, 11]);
    assert.equal(startOf('return b;', 2), undefined);
  });

  it('spans a quote of several lines', () => {
    assert.deepEqual(startOf('function g() {\n  return a;\n}', 5), [4, 0, 6, 1]);
  });

  it('is the line itself without a quote, and the beginning without a line', () => {
    assert.deepEqual(startOf(undefined, 2), [1, 2, 1, 11]);
    assert.deepEqual(startOf(undefined, 99), undefined);
    assert.deepEqual(startOf(undefined, undefined), [0, 0, 0, 0]);
    assert.equal(lineAt(text, 2), 'return a;');
    assert.equal(lineAt(text, 4), undefined);
  });
});

describe('the suggestion of a Reviewer', () => {
  const text = 'function f() {\n  if (a == 1) return b;\n  go();\n  go();\n}\n';
  const apply = (search: string, replace: string, within = text) =>
    fixedText(within, { path: 'a.js', suggested_fix: { search, replace } });
  const why = (search: string, replace: string): string | undefined => {
    const fixed = apply(search, replace);
    return fixed.kind === 'cannot' ? fixed.why : undefined;
  };

  it('replaces whole lines, and a part of one line', () => {
    const wanted = { kind: 'text', text: text.replace('==', '===') };
    assert.deepEqual(apply('  if (a == 1) return b;', '  if (a === 1) return b;'), wanted);
    assert.deepEqual(apply('a == 1', 'a === 1'), wanted);
    assert.deepEqual(apply('if (a == 1) return b;', 'if (a === 1) return b;'), wanted);
  });

  it('takes the replacement literally', () => {
    assert.deepEqual(apply('a == 1', "a === '$&'"), { kind: 'text', text: text.replace('a == 1', () => "a === '$&'") });
  });

  it('keeps the line ends of the file', () => {
    const crlf = text.replaceAll('\n', '\r\n');
    assert.deepEqual(apply('a == 1', 'a === 1', crlf), { kind: 'text', text: crlf.replace('==', '===') });
  });

  it('is not applied but word by word, once, and where it changes something', () => {
    assert.equal(why('  if (a == 2) return b;', 'x'), 'missing');
    assert.equal(why('  go();', '  stop();'), 'several');
    assert.equal(why('go', 'stop'), 'several');
    assert.equal(why('a == 1', 'a == 1'), 'no_change');
    assert.equal(why('', 'x'), 'no_suggestion');
    assert.equal(why('if (a == 1)\nreturn b;', 'x'), 'missing');
  });

  it('counts as applied where the text reads so, also where it only adds', () => {
    const fix = (search: string, replace: string) => ({ suggested_fix: { search, replace } });
    assert.equal(isFixed(text, fix('a == 1', 'a === 1'), true), false);
    assert.equal(isFixed(text.replace('==', '==='), fix('a == 1', 'a === 1'), true), true);
    assert.equal(isFixed(text, fix('  go();', '  check();\n  go();'), false), false);
    assert.equal(
      isFixed(text.replace('  go();', '  check();\n  go();'), fix('  go();', '  check();\n  go();'), false),
      true,
    );
    // The model may have mistaken what stands there.
    assert.equal(isFixed(text, fix('nothing', 'go();'), false), false);
    assert.equal(isFixed(text, {}, true), false);
    assert.equal(suggestionStands(text, fix('a == 1', 'x')), true);
    assert.equal(suggestionStands(text, fix('nothing', 'x')), false);
  });

  it('becomes the smallest replacement of whole lines', () => {
    const lines = fc.array(fc.constantFrom('a\n', 'b\r\n', '\n', 'c'), { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const { start, end, text } = smallestEdit(before, after);
        assert.equal(before.slice(0, start) + text + before.slice(end), after);
      }),
    );
    assert.deepEqual(smallestEdit('a\nb\nc\n', 'a\nx\nc\n'), { start: 2, end: 4, text: 'x\n' });
  });
});
