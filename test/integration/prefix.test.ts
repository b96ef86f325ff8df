import assert from 'node:assert/strict';
import { firstDifference } from '../../src/core/agents/cacheWatch.ts';
import type { Role, RunEvent } from '../../src/shared/events.ts';
import { FILES as SHOP, SCRIPT as SHOP_SCRIPT, TASK as SHOP_TASK } from '../bench/prefix/scenario.ts';
import { SERVED_MODELS } from '../models/fleet.ts';
import { type CrewHere, type CrewHereOptions, openCrewHere } from '../support/crewHere.ts';
import { greetByName, greetWrong, greetWrongAgain, greetWrongStill, onGreet } from '../support/greeter.ts';
import { type Coder, FILES, probeOf, SCRIPT, TASK } from '../support/greetingCrew.ts';
import { heldBefore } from '../support/heldBefore.ts';
import { GREETER } from '../support/project.ts';
import { ofType } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';
import { instability, type SentTranscript, transcriptsOf } from '../support/transcripts.ts';

/** A file that is worth caching. */
const LONG = Array.from({ length: 200 }, (_, at) => `// Line ${at} of what is known about leaving.\n`).join('');

describe('the requests of one transcript', function () {
  this.timeout(180_000);
  let crew: CrewHere | undefined;

  afterEach(async () => {
    await crew?.close();
    crew = undefined;
  });

  const open = async (options: CrewHereOptions): Promise<CrewHere> => {
    crew = await openCrewHere(options);
    return crew;
  };

  const greeters = (coder: Coder, more: Partial<CrewHereOptions> = {}): Promise<CrewHere> =>
    open({
      files: { ...FILES, 'src/leave.js': FILES['src/leave.js'] + LONG },
      script: SCRIPT,
      over: ({ urls }) => ({
        probe: async (role) => ({ ...probeOf(role, urls[role], coder), model: SERVED_MODELS[role] }),
      }),
      ...more,
    });

  /** Each begins with the one before it and its answer. @returns the transcripts that have more than one */
  async function assertStable({ fleet }: CrewHere, events: readonly RunEvent[]): Promise<SentTranscript[]> {
    await fleet.settled();
    assert.deepEqual([fleet.unmatched, fleet.violations], [[], []]);
    const transcripts = transcriptsOf(fleet.requests, events);
    for (const transcript of transcripts) assert.equal(instability(transcript), undefined);
    assert.deepEqual(ofType(events, 'cache.missed'), []);
    const longer = transcripts.filter(({ requests }) => requests.length > 1);
    assert.ok(longer.length > 0, 'there are follow-up requests');
    return longer;
  }

  it('begin with the one before, over rounds of real size; of follow-ups, at least 90 % were held before, in each role', async () => {
    const shop = await open({ files: SHOP, script: SHOP_SCRIPT });
    assert.equal((await shop.run(SHOP_TASK)).ending.code, 'approved');
    await assertStable(shop, shop.live);
    const rounds = ofType(shop.live, 'attempt.started').filter(({ subtask }) => subtask !== 'merged');
    assert.equal(rounds.length, 9);
    const { roles } = heldBefore(shop.fleet.requests, shop.live);
    assert.equal(roles.length, 3);
    for (const { role, held } of roles) assert.ok(held.followUps >= 0.9, `${role}: ${held.followUps}`);
  });

  for (const coder of ['native_streamed', 'native', 'json', 'text'] as const) {
    it(`begin with the one before, where tools are called on the rung ${coder}`, async () => {
      const greeter = await greeters(coder);
      assert.equal((await greeter.run(TASK)).ending.code, 'approved');
      const longer = await assertStable(greeter, greeter.live);
      const own = longer.find(({ role }) => role === 'coder');
      assert.equal(own?.requests[0]?.sent.tools !== undefined, coder.startsWith('native'));
    });
  }

  it('begin with the one before, where answers are mended and a lower rung is taken', async () => {
    const greeter = await greeters('native_streamed');
    for (const role of ['planner', 'reviewer'] as const) {
      greeter.fleet.inject(role, { kind: 'schemaIgnored', says: 'Gladly!' });
      greeter.fleet.inject(role, { kind: 'truncated', afterTokens: 3 });
    }
    greeter.fleet.inject('coder', 'toolCallAsText');
    assert.equal((await greeter.run(TASK)).ending.code, 'approved');
    await assertStable(greeter, greeter.live);
    assert.ok(ofType(greeter.live, 'protocol.lowered').length > 0);
  });

  it('begin with the one before, over red rounds, an escalation and new subtasks', async () => {
    const replan = {
      decision: 'replan',
      reason: 'Otherwise.',
      question: '',
      plan: plan([{ id: 'task_2', ...onGreet }]).plan,
    };
    const greeter = await open({
      files: GREETER,
      script: crewScripts({
        plan: plan([{ id: 'task_1', ...onGreet }]),
        edits: { task_1: [greetWrong, greetWrongAgain, greetWrongStill], task_2: [greetByName] },
        planner: [{ name: 'anew', when: { schema: 'escalation' }, reply: { json: replan } }],
      }),
    });
    assert.equal((await greeter.run(TASK)).ending.code, 'approved');
    await assertStable(greeter, greeter.live);
    assert.equal(ofType(greeter.live, 'subtask.escalated').length, 1);
  });

  it('begin with the one before, after a refusal for a smaller window', async () => {
    const greeter = await greeters('json');
    greeter.fleet.inject('coder', { kind: 'contextExceeded', window: 16_384 });
    greeter.fleet.inject('reviewer', 'contextExceeded');
    assert.equal((await greeter.run(TASK)).ending.code, 'approved');
    await assertStable(greeter, greeter.live);
    assert.equal(ofType(greeter.live, 'window.learnt').length, 1);
  });

  it('begin with the one before, wherever a run is stopped and resumed', async () => {
    for (let turns = 1; turns <= 8; turns += 1) {
      const stop = new AbortController();
      let taken = 0;
      const greeter = await greeters('native_streamed', {
        onEvent: ({ type }) => {
          if (type === 'turn.finished') taken += 1;
          if (taken === turns) stop.abort();
        },
      });
      const stopped = await greeter.run(TASK, stop.signal);
      assert.equal(stopped.state, 'aborted', `after turn ${turns}`);
      assert.equal((await greeter.resume(stopped.runId)).ending.code, 'approved');
      await assertStable(greeter, await greeter.persisted(stopped.runId));
      await greeter.close();
    }
    crew = undefined;
  });

  it('are found out where they do not', async () => {
    const greeter = await greeters('native_streamed');
    await greeter.run(TASK);
    const stable = (await assertStable(greeter, greeter.live)).find(({ role }) => role === 'coder');
    assert.ok(stable);
    const altered = (change: (last: SentTranscript['requests'][number]['sent']) => void): SentTranscript => {
      const copy = structuredClone(stable);
      const last = copy.requests.at(-1);
      assert.ok(last);
      change(last.sent);
      return copy;
    };
    const dated = altered(({ messages }) => {
      if (messages[0]) messages[0].content += ' It is Thursday.';
    });
    assert.match(instability(dated) ?? '', /does not begin with the one before: at \d+: .* became .*It is Thursday/);
    const otherTools = altered((sent) => {
      sent.tools = [];
    });
    assert.match(instability(otherTools) ?? '', /has other tools/);
    const otherAnswer = altered(({ messages }) => {
      const answer = messages.find(({ role }) => role === 'assistant');
      if (answer) answer.content += '!';
    });
    assert.match(instability(otherAnswer) ?? '', /does not go on with the answer/);
  });
});

describe('a server that forgets what it was asked', function () {
  this.timeout(60_000);

  async function runForgetting(role: Role, every: boolean): Promise<RunEvent[]> {
    const crew = await openCrewHere({
      files: { ...FILES, 'src/leave.js': FILES['src/leave.js'] + LONG },
      script: SCRIPT,
      over: ({ urls }) => ({
        probe: async (asked) => ({ ...probeOf(asked, urls[asked], 'json'), model: SERVED_MODELS[asked] }),
      }),
      onEvent: (event, fleet) => {
        if (every && event.type === 'turn.finished') fleet.forget(role);
      },
    });
    try {
      const end = await crew.run(TASK);
      assert.equal(end.ending.code, 'approved');
      return await crew.persisted(end.runId);
    } finally {
      await crew.close();
    }
  }

  it('is told once for its role, with how much was expected', async () => {
    const [missed, ...more] = ofType(await runForgetting('coder', true), 'cache.missed');
    assert.deepEqual(more, []);
    assert.ok(missed);
    assert.deepEqual([missed.role, missed.lane, missed.differsAt], ['coder', 'coder:task_1', undefined]);
    assert.ok(missed.expected > 500 && missed.cached < missed.expected * 0.6);
  });

  it('is not told where it remembers', async () => {
    assert.deepEqual(ofType(await runForgetting('coder', false), 'cache.missed'), []);
  });

  it('is told from a request of ours that begins otherwise, by its first byte', () => {
    assert.equal(firstDifference('abc', 'abcd'), undefined);
    assert.equal(firstDifference('äbc', 'äbd'), 3);
    assert.equal(firstDifference('abcd', 'abc'), 3);
  });
});
