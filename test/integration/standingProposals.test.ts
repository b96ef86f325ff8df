import assert from 'node:assert/strict';
import { emptyChangeSet, withStates } from '../../src/core/changes/changeSet.ts';
import { hashText } from '../../src/core/changes/hash.ts';
import { proposeFiles } from '../../src/core/changes/proposal.ts';
import type { EventLog } from '../../src/core/ports.ts';
import { StoreError } from '../../src/core/store/storeError.ts';
import { openStandingProposals } from '../../src/host/proposals/standingProposals.ts';
import type { EventBody, RunEvent } from '../../src/shared/events.ts';
import { type FileStoreUnderTest, openFileStore } from './contract/fileStoreUnderTest.ts';
import { eventAt, ready, started, take } from './contract/storeUnderTest.ts';

const BASE = { text: 'old\n', hash: hashText('old\n') };
const FILES = proposeFiles(withStates(emptyChangeSet, [{ path: 'a.txt', text: 'new\n' }], () => BASE));
const PROPOSED: EventBody[] = [
  { type: 'file.based', path: 'a.txt', ...BASE },
  { type: 'proposal.ready', files: FILES },
];

describe('the proposals as they stand', () => {
  let store: FileStoreUnderTest;
  let log: EventLog;
  let append: (runId: string, ...events: RunEvent[]) => Promise<void>;
  /** What was read: "run after seq: how many events". */
  let reads: string[];

  beforeEach(async () => {
    store = await openFileStore();
    const client = await store.connect();
    log = client.log;
    reads = [];
    append = async (runId, ...events) => {
      const lease = await take(client.leases, `run/${runId}`);
      await log.append(lease, events, true);
      await log.append(lease, [], true);
      await client.leases.release(lease);
    };
  });
  afterEach(() => store.dispose());

  const counted: Pick<EventLog, 'read'> = {
    async *read(runId, since = 0) {
      let events = 0;
      for await (const event of log.read(runId, since)) {
        events += 1;
        yield event;
      }
      reads.push(`${runId} after ${since}: ${events}`);
    },
  };
  const propose = (runId: string) =>
    append(
      runId,
      started(runId, '2026-01-01T00:00:00Z'),
      ...PROPOSED.map((body, at) => eventAt(runId, at + 2, body)),
      ready(runId, 4),
    );

  it('are read once, and then only what came since', async () => {
    await propose('a');
    const of = openStandingProposals(counted);
    const first = await of('a');
    assert.deepEqual([first?.workspace, first?.proposal.state], ['/projects/calculator', 'open']);
    assert.equal(await of('a'), first, 'nothing came, so nothing is made anew');
    await append('a', eventAt('a', 5, { type: 'proposal.decided', path: 'a.txt', hunks: [0], decision: 'rejected' }));
    const [second, third] = await Promise.all([of('a'), of('a')]);
    assert.deepEqual([second?.proposal.decided, third], [{ 'a.txt': { 0: 'rejected' } }, second]);
    assert.deepEqual(reads, ['a after 0: 4', 'a after 4: 0', 'a after 4: 1', 'a after 5: 0']);
  });

  it('of a run that was deleted are forgotten, and those of a few runs are remembered', async () => {
    const of = openStandingProposals(counted);
    const runs = ['a', 'b', 'c', 'd', 'e'];
    for (const run of runs) await propose(run);
    for (const run of runs) await of(run);
    reads = [];
    for (const run of ['e', 'a']) await of(run);
    assert.deepEqual(reads, ['e after 4: 0', 'a after 0: 4']);
    await log.delete('a');
    await assert.rejects(of('a'), (error) => error instanceof StoreError && error.failure === 'unknownRun');
    await propose('a');
    assert.equal((await of('a'))?.proposal.state, 'open');
  });

  it('are none where a run proposes nothing', async () => {
    await append('a', started('a', '2026-01-01T00:00:00Z'), ready('a', 2));
    const of = openStandingProposals(counted);
    assert.equal(await of('a'), undefined);
    await append('a', ...PROPOSED.map((body, at) => eventAt('a', at + 3, body)));
    assert.equal((await of('a'))?.proposal.files.length, 1);
  });
});
