import assert from 'node:assert/strict';
import type { Attachment } from '../../src/shared/protocol.ts';
import {
  canSend,
  commandOf,
  stepInHistory,
  triggerAt,
  withAttachments,
  withoutTrigger,
} from '../../src/webview/composerText.ts';

describe('the composer', () => {
  it('completes a mention at the caret and a command at the start', () => {
    assert.deepEqual(triggerAt('look at @src/a', 14), { kind: 'mention', query: 'src/a', from: 8, to: 14 });
    assert.deepEqual(triggerAt('@', 1), { kind: 'mention', query: '', from: 0, to: 1 });
    assert.deepEqual(triggerAt('/re', 3), { kind: 'command', query: 're', from: 0, to: 3 });
    assert.equal(triggerAt('mail me@example', 15), undefined);
    assert.equal(triggerAt('a /re', 5), undefined);
    assert.equal(triggerAt('@src done', 9), undefined);
  });

  it('takes what was typed for a completion out of the text', () => {
    const text = 'look at @src/a please';
    assert.deepEqual(withoutTrigger(text, triggerAt(text, 14) ?? assert.fail()), { text: 'look at please', caret: 8 });
    assert.deepEqual(withoutTrigger('/re', triggerAt('/re', 3) ?? assert.fail()), { text: '', caret: 0 });
  });

  it('knows a command that leads the text', () => {
    assert.deepEqual(commandOf('/plan Add a cache'), { command: 'plan', text: 'Add a cache' });
    assert.deepEqual(commandOf('/review'), { command: 'review', text: '' });
    assert.deepEqual(commandOf('/unknown thing'), { text: '/unknown thing' });
    assert.deepEqual(commandOf('a /plan'), { text: 'a /plan' });
  });

  it('sends words, or a command that needs none', () => {
    assert.equal(canSend('  ', undefined, []), false);
    assert.equal(canSend('do', undefined, []), true);
    assert.equal(canSend('', 'review', []), true);
    assert.equal(canSend('', 'plan', []), false);
  });

  it('walks back through what was asked, and forth to the draft', () => {
    const history = ['first', 'second'];
    const start = { at: -1, draft: '' };
    const newest = stepInHistory(history, start, 'older') ?? assert.fail();
    assert.equal(newest.text, 'second');
    const oldest = stepInHistory(history, newest.position, 'older') ?? assert.fail();
    assert.equal(oldest.text, 'first');
    assert.equal(stepInHistory(history, oldest.position, 'older'), undefined);
    assert.equal(stepInHistory(history, newest.position, 'newer')?.text, '');
  });

  it('attaches a thing once', () => {
    const file: Attachment = { kind: 'file', label: 'a.ts', path: 'src/a.ts' };
    assert.deepEqual(withAttachments([file], [{ ...file }, { ...file, path: 'b/a.ts' }]), [
      file,
      { ...file, path: 'b/a.ts' },
    ]);
  });
});
