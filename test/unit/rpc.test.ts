import assert from 'node:assert/strict';
import { openPeer, type Peer, type Wire } from '../../src/shared/rpc.ts';

interface Left {
  double: (params: { n: number }) => number;
  fail: (params: Record<string, never>) => void;
  never: (params: Record<string, never>) => void;
}
interface Right {
  name: (params: Record<string, never>) => string;
}

/** Two peers that post copies to each other, as `postMessage` does. */
function pair(): { left: Peer<Right>; right: Peer<Left>; posted: Wire[] } {
  const posted: Wire[] = [];
  const deliver = (to: () => Peer<unknown>) => (message: Wire) => {
    posted.push(message);
    queueMicrotask(() => to().receive(structuredClone(message)));
  };
  const left: Peer<Right> = openPeer<Left, Right>(
    {
      double: ({ n }) => n * 2,
      fail: () => {
        throw new Error('The disk is full.');
      },
      never: () => new Promise<void>(() => {}),
    },
    deliver(() => right),
  );
  const right: Peer<Left> = openPeer<Right, Left>(
    { name: async () => 'right' },
    deliver(() => left),
  );
  return { left, right, posted };
}

describe('messages between chat and host', () => {
  it('calls both ways, each with the answer to its own call', async () => {
    const { left, right } = pair();
    assert.deepEqual(
      await Promise.all([right.call('double', { n: 4 }), right.call('double', { n: 5 }), left.call('name', {})]),
      [8, 10, 'right'],
    );
  });

  it('rejects with the message of a method that throws, and of one that is not there', async () => {
    const { right } = pair();
    await assert.rejects(right.call('fail', {}), /^Error: The disk is full\.$/);
    await assert.rejects(right.call('toString' as 'fail', {}), /no method "toString"/);
  });

  it('rejects what waits when it is closed, and what comes after', async () => {
    const { right } = pair();
    const waiting = right.call('never', {});
    right.close();
    await assert.rejects(waiting, /closed/);
    await assert.rejects(right.call('double', { n: 1 }), /closed/);
  });

  it('ignores what is no message of ours', () => {
    const { right, posted } = pair();
    for (const junk of [null, 'x', 7, {}, { kind: 'call' }, { id: 1 }, { kind: 'other', id: 1 }]) right.receive(junk);
    assert.deepEqual(posted, []);
  });
});
