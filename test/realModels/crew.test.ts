import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROLES, type RunEvent } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import { painter } from '../../src/terminal/render/paint.ts';
import { drawProbes, type ProbeRow } from '../../src/terminal/render/probeTable.ts';
import { skip } from '../skip.ts';
import { RegistryUnreachable } from '../support/cache.ts';
import { type Conclave, type ConclaveResult, openConclave } from '../support/conclave.ts';
import { GREETER, makeProject, type Project } from '../support/project.ts';
import { endingOf, idOf, ofType } from '../support/scenario.ts';
import { figuresOf } from './figures.ts';
import type { ModelServer } from './modelServer.ts';
import { protocolTests } from './protocol.ts';
import { REAL_SERVERS } from './realServers.ts';

/**
 * Real servers, each with a real, very small model, in the smallest window that is supported: what they do, and the whole
 * crew on each. What such a model writes is rarely of use: what must hold is that every answer is either used or refused
 * with a reason, and that the run ends by itself and says why.
 */

const TASK = 'greet() takes a name';
const WINDOW = 8192;

/** A model like this one uses up every chance it gets: with fewer of them, it comes to the same in less time. */
const LIMITS = { rounds: 2, gatherTurns: 3, answerRepairs: 2, replans: 0 };
/** What becomes of one form of answers shows in few of them. */
const SHORT = { rounds: 1, gatherTurns: 2, answerRepairs: 2, replans: 0 };
/** One that was not trained to answer shows in few tokens what becomes of a run with it. */
const FEWEST = { rounds: 1, gatherTurns: 1, answerRepairs: 1, replans: 0, tokens: 4000 };
const filesWith = (limits: object) => ({ ...GREETER, '.conclave/config.json': JSON.stringify({ limits }) });

const MINUTE = 60_000;
/** Beside other work on two cores, servers of this kind write one token a second. */
const PATIENCE = 180 * MINUTE;
/** Milliseconds in which a server must have dropped what nobody waits for. */
const SOON = 15_000;

const table: ProbeRow[] = [];
after(() => {
  for (const line of drawProbes(table, painter({ colour: false }))) console.log(`  ${line}`);
});

for (const real of REAL_SERVERS) {
  const { title, model, answers: isTrained, whyNot, start } = real;
  describe(`the crew on ${title}`, function () {
    this.timeout(PATIENCE);
    let server: ModelServer;
    let conclave: Conclave;
    let project: Project;
    let result: ConclaveResult;
    const printed: string[] = [];

    before(async function () {
      const reason = await whyNot();
      if (reason !== undefined) skip(this, reason);
      server = await start(WINDOW).catch((error: unknown) => {
        if (error instanceof RegistryUnreachable) skip(this, error.message);
        throw error;
      });
      conclave = openConclave(Object.fromEntries(ROLES.map((role) => [role, server.url])));
    });

    beforeEach(() => {
      project = makeProject(filesWith(isTrained ? LIMITS : FEWEST));
    });

    afterEach(() => project.remove());

    after(async () => {
      for (const line of printed) console.log(`      ${line}`);
      conclave?.remove();
      await server?.stop();
    });

    it('is found by the doctor, with its model and its window', async () => {
      const { status, stdout, stderr } = await conclave.run(['doctor', '--json', '--workspace', project.dir]);
      assert.equal(status, 0, stderr);
      const { findings } = JSON.parse(stdout) as { findings: { what: string; state: string; found: string }[] };
      for (const role of ['Preprocessor', 'Planner', 'Coder', 'Reviewer']) {
        assert.deepEqual(
          findings.find(({ what }) => what === role),
          {
            subject: 'servers',
            what: role,
            state: 'good',
            found: `${model} at ${server.url}, window ${WINDOW} tokens`,
          },
        );
      }
    });

    it('plans, writes, and ends by itself with a named reason', async () => {
      // It asks what is no question, as often as it may: whatever it is, it is answered.
      const answers = join(conclave.data, 'answers.json');
      writeFileSync(answers, JSON.stringify(Array.from({ length: 30 }, () => 'Decide that yourself.')));
      const before = project.files();
      const began = Date.now();
      const args = ['run', TASK, '--json', '--apply', '--answers', answers, '--workspace', project.dir];
      result = await conclave.run(args);
      printed.push(...figuresOf(server.name, result.events, Date.now() - began));
      keep(title, result);

      const { events, status } = result;
      const { code, message } = endingOf(events);
      const last = events.at(-1)?.type;
      // One that was not trained uses up its few tokens, and could go on with more.
      const isUsedUp = !isTrained && code === 'limit_reached';
      assert.equal(last, isUsedUp ? 'run.paused' : 'run.finished', `${code}: ${message}`);
      assert.notEqual(code, 'internal_error', message);
      assert.ok(message.length > 20, `"${message}" is a reason`);
      assert.equal(status, code === 'approved' || code === 'nothing_to_do' ? 0 : 1, result.stderr);
      if (code !== 'approved') assert.deepEqual(project.files(), before, 'what is not approved changes nothing');
      if (!isTrained) return;
      assert.ok(ofType(events, 'plan.proposed').length > 0, `there was a plan; but ${code}: ${message}`);
      const turns = ofType(events, 'turn.finished');
      assert.ok(
        turns.some(({ role }) => role === 'coder'),
        `a Coder was asked; but ${code}: ${message}`,
      );
      for (const lane of coderLanes(events)) assertEveryAnswerCounts(events.filter((event) => concerns(event, lane)));
    });

    it('is told by the event log alone as it was told live', async () => {
      const replayed = await conclave.run(['replay', idOf(result.events), '--json']);
      assert.equal(replayed.status, 0, replayed.stderr);
      assert.deepEqual(fold(replayed.events), fold(result.events));
    });

    it('leaves the server with nothing to do', async () => {
      assert.equal(await server.requests(), 0);
    });

    if (isTrained) {
      it('frees the server when it is stopped in the middle of an answer, and exits 130', async () => {
        let stopped: number | undefined;
        let working = 0;
        const { ended } = conclave.start(['run', TASK, '--json', '--workspace', project.dir], {
          onEvent: async ({ type }, child) => {
            if ((type !== 'plan.delta' && type !== 'agent.delta') || stopped !== undefined) return;
            stopped = Date.now();
            working = await server.requests();
            stopped = Date.now();
            child.kill('SIGINT');
          },
        });
        const { status, events } = await ended;
        const idle = await untilIdle(server);
        assert.equal(working, 1, 'it was at work');
        assert.equal(status, 130);
        assert.equal(endingOf(events).code, 'aborted');
        printed.push(
          `stopped in mid-answer: after ${idle - (stopped ?? idle)} ms Conclave had ended and the server had no request left`,
        );
      });

      it('answers a question, or says why it cannot', async () => {
        const began = Date.now();
        const args = ['ask', 'What does greet() in src/greet.js return?', '--json', '--workspace', project.dir];
        const { events, status, stderr } = await conclave.run(args);
        const { code, message } = endingOf(events);
        printed.push(...figuresOf(`${server.name}, conclave ask`, events, Date.now() - began));
        assert.equal(events.at(-1)?.type, 'run.finished', `${code}: ${message}`);
        if (code === 'answered') {
          assert.equal(status, 0, stderr);
          assert.notEqual(ofType(events, 'answer.finished')[0]?.text.trim(), '');
        } else {
          assert.deepEqual([code, status], ['not_approved', 1], message);
          assert.ok(ofType(events, 'redflag.raised').length > 0, 'each answer was refused with a reason');
        }
        assert.equal(await server.requests(), 0);
      });
    }

    if (isTrained) {
      it('begins with native tool calls where a probe saw them work, and comes to a lower form where they do not', async () => {
        promiseTools(join(conclave.data, 'probes'));
        project.remove();
        project = makeProject(filesWith(SHORT));
        const answers = join(conclave.data, 'answers.json');
        const began = Date.now();
        const args = ['run', TASK, '--json', '--answers', answers, '--workspace', project.dir];
        const { events } = await conclave.run(args);
        printed.push(...figuresOf(`${server.name}, from native tool calls`, events, Date.now() - began));
        const { code, message } = endingOf(events);
        assert.equal(events.at(-1)?.type, 'run.finished', `${code}: ${message}`);
        const rungs = ofType(events, 'turn.finished').flatMap(({ role, rung }) =>
          role === 'coder' && rung !== undefined ? [rung] : [],
        );
        assert.equal(rungs[0], 'native_streamed', `${code}: ${message}`);
        for (const { role, from, to, reason } of ofType(events, 'protocol.lowered'))
          printed.push(`  ${role}: ${from} → ${to}, because ${reason}`);
        for (const lane of coderLanes(events)) assertEveryAnswerCounts(events.filter((event) => concerns(event, lane)));
        assert.equal(await server.requests(), 0);
      });
    }

    protocolTests(
      real,
      () => ({ server, window: WINDOW }),
      (row) => table.push(row),
    );
  });
}

function coderLanes(events: readonly RunEvent[]): Set<string> {
  return new Set(ofType(events, 'turn.finished').flatMap(({ role, lane }) => (role === 'coder' ? [lane] : [])));
}

/** Has what was measured say that tool calls work. @param folder of the kept probes */
function promiseTools(folder: string): void {
  for (const name of readdirSync(folder)) {
    const kept = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { tools: object };
    Object.assign(kept.tools, { streamed: 'works', whole: 'works' });
    writeFileSync(join(folder, name), JSON.stringify(kept));
  }
}

/** Whether an event is of a Coder's lane, or about its subtask. */
function concerns(event: RunEvent, lane: string): boolean {
  if ('lane' in event && event.lane === lane) return true;
  return 'subtask' in event && `coder:${event.subtask}` === lane;
}

/**
 * What a Coder answers is a tool call, "done", an edit that applies, or refused with a reason. A round whose answer was
 * taken ends with checks and a review.
 * @param events of one Coder's lane and its subtask
 */
function assertEveryAnswerCounts(events: readonly RunEvent[]): void {
  const turns = events.flatMap((event, index) =>
    event.type === 'turn.finished' && event.role === 'coder' ? [index] : [],
  );
  turns.forEach((at, number) => {
    const turn = events[at];
    if (turn?.type !== 'turn.finished') return;
    // Edits come with the stream, before the turn is recorded; what is made of it as a whole comes after.
    const during = events.slice(number === 0 ? 0 : (turns[number - 1] ?? 0) + 1, at);
    const then = events.slice(at + 1, turns[number + 1]);
    const came = [...during.filter(({ type }) => type.startsWith('edit.')), ...then].map(({ type }) => type);
    const isDone = /"action"\s*:\s*"done"/.test(turn.text);
    const used = came.find((type) => ANSWERED.has(type));
    assert.ok(isDone || used !== undefined, `nothing came of this answer but ${came.join(', ')}:\n${turn.text}`);
  });
  const checked = ofType(events, 'checks.finished').filter(({ scope }) => scope === 'attempt');
  const reviewed = ofType(events, 'review.finished');
  assert.deepEqual(
    checked.map(({ round }) => round),
    reviewed.map(({ round }) => round),
    'what is checked is reviewed',
  );
  for (const { reason } of ofType(events, 'edit.rejected')) assert.notEqual(reason, '');
  for (const { message } of ofType(events, 'redflag.raised')) assert.notEqual(message, '');
}

const ANSWERED: ReadonlySet<RunEvent['type']> = new Set([
  'tool.called',
  'edit.applied',
  'edit.rejected',
  'redflag.raised',
  'checks.started',
]);

/** @returns when the server had nothing to do any more */
async function untilIdle(server: ModelServer): Promise<number> {
  const limit = Date.now() + SOON;
  while ((await server.requests()) > 0) {
    assert.ok(Date.now() < limit, `the server is still at work ${SOON / 1000} s after the run was stopped`);
    await sleep(100);
  }
  return Date.now();
}

/** The log of a run is worth a look, whatever the test says: it is kept where CONCLAVE_KEEP_LOGS names a folder. */
function keep(title: string, { stdout, stderr }: ConclaveResult): void {
  const folder = process.env.CONCLAVE_KEEP_LOGS;
  if (folder === undefined) return;
  writeFileSync(join(folder, `${title}.jsonl`), stdout);
  writeFileSync(join(folder, `${title}.txt`), stderr);
}
