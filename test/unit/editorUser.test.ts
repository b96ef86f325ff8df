import assert from 'node:assert/strict';
import type { ApprovalRequest } from '../../src/core/ports.ts';
import { type EditorUser, openEditorUser } from '../../src/host/editorUser.ts';

const request = (what: string): ApprovalRequest => ({ id: 'checks.command', kind: 'command', what });
const question = { id: 'q1-1', text: 'How long?' };

function user(policy: 'ask' | 'deny' = 'ask'): { user: EditorUser; added: string[]; called: unknown[] } {
  const added: string[] = [];
  const called: unknown[] = [];
  const remembered = {
    has: async (what: string) => added.includes(what),
    add: async (what: string) => void added.push(what),
  };
  return {
    user: openEditorUser({ policy: () => policy, remembered, call: (about) => called.push(about) }),
    added,
    called,
  };
}

const forever = new AbortController().signal;
/** Lets the user be asked. */
const asked = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('the user in the editor', () => {
  it('approves just the command that is asked about, and it is remembered', async () => {
    const { user: editor, added } = user();
    const approval = editor.approve(request('make a'), forever);
    await asked();
    editor.decide('make b', true);
    editor.decide('make a', true);
    assert.deepEqual(await approval, { approved: true, by: 'user' });
    assert.deepEqual(added, ['make a']);
    assert.deepEqual(await editor.approve(request('make a'), forever), { approved: true, by: 'remembered' });
  });

  it('is asked again about another command, whatever was answered while nobody waited', async () => {
    const { user: editor, called } = user();
    editor.decide('make a', true);
    const early = { kind: 'approval', what: 'make a', approved: true } as const;
    const stop = new AbortController();
    await editor.during(early, async () => {
      const approval = editor.approve(request('make b'), stop.signal);
      await asked();
      assert.equal(called.length, 1);
      stop.abort(new Error('stopped'));
      await assert.rejects(approval, /stopped/);
    });
    assert.equal(called.length, 1);
  });

  it('need not be asked in a session that goes on with what was answered, and only in that one', async () => {
    const { user: editor, called } = user();
    const answers = [{ id: 'q1-1', question: 'How long?', answer: '1 hour' }];
    await editor.during({ kind: 'answers', answers }, async () => {
      assert.deepEqual(await editor.ask([question], forever), answers);
    });
    assert.equal(called.length, 0);
    const again = editor.ask([question], forever);
    await asked();
    assert.equal(called.length, 1);
    editor.answer(answers);
    assert.deepEqual(await again, answers);
  });

  it('takes no answer to a question of another run that has the same id', async () => {
    const { user: editor, called } = user();
    const stop = new AbortController();
    const answers = [{ id: 'q1-1', question: 'How deep?', answer: '3' }];
    await editor.during({ kind: 'answers', answers }, async () => {
      const asking = editor.ask([question], stop.signal);
      await asked();
      assert.equal(called.length, 1);
      stop.abort(new Error('stopped'));
      await assert.rejects(asking, /stopped/);
    });
  });

  it('is not asked where the policy denies', async () => {
    const { user: editor, called } = user('deny');
    assert.deepEqual(await editor.approve(request('make a'), forever), { approved: false, by: 'policy' });
    assert.deepEqual(called, []);
  });
});
