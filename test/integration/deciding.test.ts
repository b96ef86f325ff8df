import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Decision, decideProposal, recordAccepted } from '../../src/core/orchestrator/deciding.ts';
import type { Crew } from '../../src/core/orchestrator/runContext.ts';
import { type RunEnd, resumeRun, type Session } from '../../src/core/orchestrator/session.ts';
import { undoProposal } from '../../src/core/orchestrator/undoing.ts';
import { loadSettings } from '../../src/node/configuration.ts';
import { openCrew, openStore } from '../../src/node/openCrew.ts';
import { openSnapshots, snapshotSizes } from '../../src/node/snapshots.ts';
import type { RunEvent } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import { idOf, type Scenario, scenarios } from '../support/scenario.ts';
import { FIRST, SECOND, THIRD, WORDS, wordScripts, words } from '../support/words.ts';

/** A finished run whose proposal is open, and what a user can do about it. */
interface Deciding {
  scenario: Scenario;
  runId: string;
  /** Each call in a process state of its own, as after a reload. */
  decide(...decisions: Decision[]): Promise<RunEnd>;
  record(...accepted: Omit<Decision, 'decision'>[]): Promise<RunEnd>;
  undo(): Promise<RunEnd>;
  events(): Promise<RunEvent[]>;
  /** The ports, where one shall misbehave. */
  over: (crew: Crew) => Partial<Crew>;
}

const accept = (path: string, hunks: Decision['hunks'] = 'undecided'): Decision => ({
  path,
  hunks,
  decision: 'accepted',
});
const reject = (path: string, hunks: Decision['hunks'] = 'undecided'): Decision => ({
  path,
  hunks,
  decision: 'rejected',
});
const ALL = ['src/deep/renamed.js', 'src/fresh.js', 'src/gone.sh', 'src/words.js'];

describe('a proposal, decided after the run', () => {
  const given = scenarios();

  async function proposed(files = WORDS): Promise<Deciding> {
    const scenario = await given(wordScripts, { files });
    const { conclave, project, run } = scenario;
    chmodSync(join(project.dir, 'src/gone.sh'), 0o755);
    const { events, status, stderr } = await run(['run', 'Say it in words']);
    assert.equal(status, 0, stderr);
    const runId = idOf(events);
    const work = async (flow: Session['work']): Promise<RunEnd> => {
      const store = await openStore({ home: resolve('.'), env: conclave.env });
      try {
        const env = conclave.env;
        const loaded = await loadSettings({ env, workspace: project.dir, trusted: true, flags: {} });
        const user = { ask: async () => 'unanswered' as const, approve: async () => 'unanswered' as const };
        const installation = { version: '0', home: resolve('.'), env };
        const crew = await openCrew(installation, { workspace: project.dir, user, loaded, ripgrep: undefined });
        const session: Session = {
          holder: 'test',
          signal: new AbortController().signal,
          onEvent: () => {},
          catchUp: () => {},
          work: flow,
        };
        return await resumeRun({ ...crew, ...deciding.over(crew) }, store, session, runId, () => true);
      } finally {
        await store.close();
      }
    };
    const deciding: Deciding = {
      scenario,
      runId,
      decide: (...decisions) => work((context) => decideProposal(context, decisions)),
      record: (...accepted) => work((context) => recordAccepted(context, accepted)),
      undo: () => work(undoProposal),
      over: () => ({}),
      events: async () => {
        const store = await openStore({ home: resolve('.'), env: conclave.env });
        const all: RunEvent[] = [];
        for await (const event of store.log.read(runId)) all.push(event);
        await store.close();
        return all;
      },
    };
    return deciding;
  }

  const stateOf = async ({ events }: Deciding) => fold(await events()).proposal;

  it('two of three hunks are in the workspace at once; undo brings everything back, deletions with their permissions', async () => {
    const deciding = await proposed();
    const { project, fleet, conclave } = deciding.scenario;
    const before = project.files();
    const asked = fleet.requests.length;

    const first = await deciding.decide(accept('src/words.js', [0]));
    assert.deepEqual([first.state, first.ending.code], ['finished', 'approved'], first.ending.message);
    assert.match(first.ending.message, /1 of 6 hunks so far/);
    assert.equal(project.read('src/words.js'), words(FIRST));
    await deciding.decide(reject('src/words.js', [1]), accept('src/words.js', [2]));
    assert.equal(project.read('src/words.js'), words(FIRST, THIRD));
    assert.equal((await stateOf(deciding))?.state, 'open');

    const last = await deciding.decide(...ALL.map((path) => accept(path)));
    assert.match(last.ending.message, /Accepted 5 of 6 hunks; written to 4 files/);
    assert.equal((await stateOf(deciding))?.state, 'accepted');
    assert.equal(project.read('src/words.js'), words(FIRST, THIRD), 'what was rejected stays so');
    assert.deepEqual(Object.keys(project.files()), [
      'package.json',
      'src/deep/renamed.js',
      'src/fresh.js',
      'src/words.js',
    ]);
    assert.equal((await deciding.decide(reject('src/words.js', [0]))).ending.code, 'configuration', 'it is closed');

    const undone = await deciding.undo();
    assert.equal(undone.ending.code, 'approved', undone.ending.message);
    assert.deepEqual(project.files(), before);
    assert.equal(existsSync(join(project.dir, 'src/deep')), false);
    assert.equal(statSync(join(project.dir, 'src/gone.sh')).mode & 0o777, 0o755);
    assert.equal((await stateOf(deciding))?.state, 'undone');
    assert.deepEqual(await snapshotSizes(join(conclave.data, 'snapshots')), []);
    assert.match((await deciding.undo()).ending.message, /undone already/);
    assert.match((await deciding.decide(accept('src/fresh.js'))).ending.message, /was undone/);
    assert.equal(fleet.requests.length, asked, 'no model is asked for any of it');
  });

  it('rejected as a whole leaves the workspace as it was', async () => {
    const deciding = await proposed();
    const before = deciding.scenario.project.files();
    const end = await deciding.decide(...ALL.map((path) => reject(path)));
    assert.equal(end.ending.code, 'proposal_rejected');
    assert.equal((await stateOf(deciding))?.state, 'rejected');
    assert.deepEqual(deciding.scenario.project.files(), before);
    assert.match((await deciding.undo()).ending.message, /has written nothing/);
  });

  it('is merged with what the user changed meanwhile, and so is undo', async () => {
    const deciding = await proposed();
    const { project } = deciding.scenario;
    project.write('src/words.js', `// mine\n${words()}`);
    assert.equal((await deciding.decide(accept('src/words.js', [0, 2]))).ending.code, 'approved');
    assert.equal(project.read('src/words.js'), `// mine\n${words(FIRST, THIRD)}`);
    project.write('src/words.js', `// mine\n${words(FIRST, THIRD)}// and mine\n`);
    assert.equal((await deciding.decide(accept('src/words.js', [1]))).ending.code, 'approved');
    assert.equal(project.read('src/words.js'), `// mine\n${words(FIRST, SECOND, THIRD)}// and mine\n`);
    await deciding.undo();
    assert.equal(project.read('src/words.js'), `// mine\n${words()}// and mine\n`);
  });

  it('is a conflict by name and line where both changed the same, and then nothing is written or recorded', async () => {
    const deciding = await proposed();
    const { project } = deciding.scenario;
    project.write('src/words.js', words("export const word15 = 'my fifteen';"));
    project.write('src/fresh.js', 'mine\n');
    const before = project.files();
    const end = await deciding.decide(...ALL.map((path) => accept(path)));
    assert.equal(end.ending.code, 'conflict');
    assert.match(
      end.ending.message,
      /Nothing was written: src\/fresh\.js exists by now; src\/words\.js changed since in line 16\./,
    );
    assert.deepEqual(project.files(), before);
    assert.deepEqual((await stateOf(deciding))?.decided, {});

    await deciding.decide(accept('src/words.js', [0, 2]), reject('src/words.js', [1]));
    assert.equal(project.read('src/words.js'), words(FIRST, "export const word15 = 'my fifteen';", THIRD));
    project.write('src/words.js', words("export const word2 = 'my two';", THIRD));
    assert.match((await deciding.undo()).ending.message, /Nothing was undone: src\/words\.js changed since in line 3/);
    assert.equal(project.read('src/words.js'), words("export const word2 = 'my two';", THIRD));
  });

  it('decided again after a crash between write and record changes nothing more', async () => {
    const deciding = await proposed();
    const { project } = deciding.scenario;
    const before = project.files();
    deciding.over = ({ writer }) => ({
      writer: {
        write: async (writes) => {
          await writer.write(writes);
          throw new Error('the process died here');
        },
      },
    });
    const decisions = [accept('src/words.js', [0, 1]), accept('src/gone.sh'), accept('src/deep/renamed.js')];
    assert.equal((await deciding.decide(...decisions)).ending.code, 'workspace_failed');
    const written = project.files();
    assert.equal(written['src/words.js'], words(FIRST, SECOND));
    assert.deepEqual((await stateOf(deciding))?.decided, {});

    deciding.over = () => ({});
    assert.equal((await deciding.decide(...decisions)).ending.code, 'approved');
    assert.deepEqual(project.files(), written);
    await deciding.undo();
    assert.deepEqual(project.files(), before);
    assert.equal(statSync(join(project.dir, 'src/gone.sh')).mode & 0o777, 0o755);
  });

  it('of a file that cannot be written says which, and nothing is recorded', async () => {
    const deciding = await proposed();
    deciding.over = () => ({
      writer: {
        write: () =>
          Promise.reject(new Error('src/words.js could not be written: it is read-only. Nothing was changed.')),
      },
    });
    const end = await deciding.decide(accept('src/words.js', [0]));
    assert.deepEqual([end.ending.code, end.state], ['workspace_failed', 'finished']);
    assert.match(end.ending.message, /read-only/);
    assert.deepEqual((await stateOf(deciding))?.decided, {});
  });

  it('what a formatter made of it is what undo takes back', async () => {
    const deciding = await proposed();
    const { project } = deciding.scenario;
    const formatted = words(FIRST).replaceAll("'", '"');
    deciding.over = ({ writer }) => ({
      writer: {
        write: async (writes) => {
          const written = await writer.write(writes);
          project.write('src/words.js', formatted);
          return written.kind === 'conflict'
            ? written
            : { ...written, files: [{ path: 'src/words.js', text: formatted }] };
        },
      },
    });
    await deciding.decide(accept('src/words.js', [0]));
    assert.equal(project.read('src/words.js'), formatted);
    deciding.over = () => ({});
    await deciding.undo();
    assert.equal(project.read('src/words.js'), words());
  });

  it('is undone from the events alone where the snapshots are gone', async () => {
    const deciding = await proposed();
    const { project, conclave } = deciding.scenario;
    const before = project.files();
    await deciding.decide(accept('src/words.js', [0, 2]), accept('src/gone.sh'), accept('src/deep/renamed.js'));
    assert.deepEqual(readdirSync(join(conclave.data, 'snapshots')), [deciding.runId]);
    rmSync(join(conclave.data, 'snapshots'), { recursive: true });
    await deciding.undo();
    assert.deepEqual(project.files(), before);
  });

  it('is undone as a whole where the snapshots of its first part had to make room', async () => {
    const deciding = await proposed();
    const { project, conclave } = deciding.scenario;
    const before = project.files();
    await deciding.decide(accept('src/words.js', [0]));
    const dir = join(conclave.data, 'snapshots');
    const other = openSnapshots(dir, project.dir, { file: 1_000, total: 0 });
    await other.keep('another-run', [{ path: 'a', before: 'a', after: 'b' }]);
    await deciding.decide(accept('src/words.js', [2]));
    const { ending } = await deciding.undo();
    assert.equal(ending.code, 'approved', ending.message);
    assert.deepEqual(project.files(), before);
  });

  it('decided in part is finished by --apply, which keeps what was rejected; what was undone it leaves alone', async () => {
    const deciding = await proposed();
    const { project, conclave } = deciding.scenario;
    const before = project.files();
    await deciding.decide(accept('src/words.js', [0]), reject('src/words.js', [1]));
    const apply = () =>
      conclave.run(['run', '--resume', deciding.runId, '--apply', '--json', '--workspace', project.dir]);
    const { status, stderr } = await apply();
    assert.equal(status, 0, stderr);
    assert.equal(project.read('src/words.js'), words(FIRST, THIRD));
    assert.equal(existsSync(join(project.dir, 'src/gone.sh')), false);
    assert.equal((await stateOf(deciding))?.state, 'accepted');
    await deciding.undo();
    assert.deepEqual(project.files(), before);
    await apply();
    assert.deepEqual(project.files(), before);
  });

  it('applied in the terminal can be undone in the editor', async () => {
    const deciding = await proposed();
    const { project, conclave } = deciding.scenario;
    const before = project.files();
    await conclave.run(['run', '--resume', deciding.runId, '--apply', '--workspace', project.dir]);
    assert.equal(project.read('src/words.js'), words(FIRST, SECOND, THIRD));
    await deciding.undo();
    assert.deepEqual(project.files(), before);
  });

  it('and written by another hand is recorded only, and closed where nothing waits any more', async () => {
    const deciding = await proposed();
    const before = deciding.scenario.project.files();
    assert.match((await deciding.record()).ending.message, /Accepted 0 of 6 hunks so far, rejected 0; 6 still/);
    const first = await deciding.record({ path: 'src/words.js', hunks: [0, 2] });
    assert.match(first.ending.message, /Accepted 2 of 6 hunks so far/);
    assert.match((await deciding.record({ path: 'src/none.js', hunks: [0] })).ending.message, /no change of/);
    await deciding.record(...ALL.map((path) => ({ path, hunks: 'undecided' as const })));
    assert.equal((await stateOf(deciding))?.state, 'accepted');
    assert.deepEqual(deciding.scenario.project.files(), before);
    assert.match((await deciding.record()).ending.message, /is decided already/);
  });

  it('with a hunk that is not there is refused by name', async () => {
    const deciding = await proposed();
    assert.match((await deciding.decide(accept('src/words.js', [3]))).ending.message, /no hunk 4 of src\/words\.js/);
    assert.match((await deciding.decide(accept('src/none.js'))).ending.message, /no change of src\/none\.js/);
    await deciding.decide(accept('src/words.js', [0]));
    assert.match((await deciding.decide(reject('src/words.js', [0]))).ending.message, /accepted already/);
  });
});
