import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { RunEvent } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import { type Fleet, startFleet } from '../models/fleet.ts';
import { skip } from '../skip.ts';
import { type FetchedPackage, fetchPackage, RegistryUnreachable } from '../support/cache.ts';
import { type Conclave, openConclave } from '../support/conclave.ts';
import { makeProject, type Project } from '../support/project.ts';
import { MINIMIST, QS } from '../support/thirdPartyChanges.ts';

/** Real packages of others, with the tests that they came with: nothing in them was made for us. */
describe('a change of a package that is not ours', function () {
  this.timeout(300_000);
  for (const change of [MINIMIST, QS]) {
    describe(`${change.name} ${change.version}`, () => {
      let fleet: Fleet;
      let conclave: Conclave;
      let project: Project;
      let events: RunEvent[];

      before(async function () {
        const fetched = await fetchPackage(change.name, change.version, change.testsNeed).catch((error: unknown) => {
          if (error instanceof RegistryUnreachable) skip(this, error.message);
          throw error;
        });
        project = projectOf(fetched);
        fleet = await startFleet({ script: change.scripts });
        conclave = openConclave(fleet.urls);
      });

      after(async () => {
        await fleet?.close();
        conclave?.remove();
        project?.remove();
      });

      it('is planned, written, checked by its own tests, reviewed and applied', async () => {
        const before = await testNames(project.dir);
        assert.ok(!before.includes(change.newTest), 'its tests are as they were published');

        const args = ['run', change.task, '--workspace', project.dir, '--json', '--apply'];
        const result = await conclave.run(args);
        ({ events } = result);
        assert.equal(result.status, 0, result.stderr);
        assert.deepEqual([fleet.unmatched, fleet.violations], [[], []]);
        const changed = project.git('status', '--porcelain', '--untracked-files=all').trimEnd().split('\n');
        assert.deepEqual(changed.map((line) => line.slice(3)).sort(), change.files);
        const verdicts = events.flatMap((event) =>
          event.type === 'review.finished' && event.subtask === 'task_1' ? [event.verdict.status] : [],
        );
        assert.deepEqual(verdicts, change.verdicts);
      });

      it('was checked by the command in its package.json, without its lint before and its audit after', () => {
        const reports = events.flatMap((event) => (event.type === 'checks.finished' ? [event] : []));
        const base = reports.find(({ scope }) => scope === 'base');
        const last = reports.findLast(({ scope }) => scope !== 'base');
        for (const one of [base, last]) {
          assert.deepEqual(one?.report.argv, ['npm', 'test', '--ignore-scripts']);
          // Neither eslint nor aud is installed: with `pretest` or `posttest` this would be red.
          assert.deepEqual([one.report.status, one.report.failed], ['passed', []]);
        }
        assert.ok((last?.report.passed ?? 0) > (base?.report.passed ?? 0), 'the new test is among those that passed');
      });

      it('passes its own tests afterwards, and the new one is among them', async () => {
        const names = await testNames(project.dir);
        assert.ok(names.includes(change.newTest));
        console.log(
          `      ${change.name} ${change.version}: ${names.length} of its own tests passed, ${events.length} events`,
        );
      });

      it('is told by the event log alone as it was told live', async () => {
        const runId = events[0]?.runId ?? '';
        const replayed = await conclave.run(['replay', runId, '--json']);
        assert.equal(replayed.status, 0, replayed.stderr);
        assert.deepEqual(fold(replayed.events), fold(events));
        const proposal = replayed.events.find((event) => event.type === 'proposal.ready');
        assert.deepEqual(proposal?.type === 'proposal.ready' && proposal.files.map(({ path }) => path), change.files);
      });
    });
  }
});

/** A git repository with the package, and what its tests need beside it. */
function projectOf({ files, modules }: FetchedPackage): Project {
  const texts = readdirSync(files, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.slice(files.length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8')] as const);
  const project = makeProject({ ...Object.fromEntries(texts), '.gitignore': 'node_modules\n.nyc_output\ncoverage\n' });
  cpSync(modules, join(project.dir, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  return project;
}

/** Runs the package's tests as its `tests-only` script says, and fails where they do. @returns the tests by name */
async function testNames(dir: string): Promise<string[]> {
  const { stdout } = await execa('npm', ['run', '--silent', 'tests-only'], { cwd: dir, stdin: 'ignore' });
  assert.match(stdout, /^# tests (\d+)\n# pass +\1$/m);
  return [...stdout.matchAll(/^# (?!(?:tests|pass|fail) +\d|ok$)(.+)$/gm)].map(([, name = '']) => name);
}
