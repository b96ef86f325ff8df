import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_SETTINGS } from '../../src/core/settings.ts';
import { openProbes, type Probes } from '../../src/node/probes.ts';
import { ROLES, type Role } from '../../src/shared/events.ts';
import { fold } from '../../src/shared/fold.ts';
import type { Probe } from '../../src/shared/probe.ts';
import { type Fleet, SERVED_MODELS, startFleet } from '../models/fleet.ts';
import { LLAMA_CPP, type ServerTraits, VLLM } from '../models/traits.ts';
import { endingOf, ofType, scenarios } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';

const never = new AbortController().signal;
const HOUR = 3600_000;

describe('a probe', () => {
  let fleet: Fleet;
  let dir: string;
  let now: number;

  beforeEach(() => {
    dir = join(mkdtempSync(join(tmpdir(), 'conclave-probes-')), 'probes');
    now = Date.parse('2026-11-23T20:00:00Z');
  });
  afterEach(async () => {
    await fleet?.close();
    rmSync(join(dir, '..'), { recursive: true, force: true });
  });

  async function given(traits: Partial<ServerTraits> = {}, window = 16_384): Promise<Fleet> {
    fleet = await startFleet({ script: {}, roles: { coder: { traits, window }, reviewer: { traits } } });
    return fleet;
  }
  /** As a new process would open them. Time stands still but for what a test adds. */
  function probes(urls: Partial<Record<Role, string>> = {}): Probes {
    const endpoints = Object.fromEntries(
      ROLES.map((role) => [role, { url: urls[role] ?? fleet.urls[role] }]),
    ) as typeof DEFAULT_SETTINGS.endpoints;
    return openProbes({
      dir,
      loaded: { settings: { ...DEFAULT_SETTINGS, endpoints }, nameOf: (key) => key },
      now: () => new Date(now),
      timeouts: { first: 1000, each: 1000, cancel: 200 },
    });
  }
  const measured = async (): Promise<Probe> =>
    (await probes().probe('coder', never)) ?? assert.fail('nothing was measured');
  /** What was just measured is kept for so many milliseconds, and then measured again. */
  async function assertKeptFor(ms: number): Promise<void> {
    const asked = fleet.probes.length;
    now += ms - 1;
    await measured();
    assert.equal(fleet.probes.length, asked);
    now += 1;
    await measured();
    assert.equal(fleet.probes.length, 2 * asked);
  }
  /** Without what is the same in every probe here. */
  const told = ({ url, model, at, requests, ...rest }: Probe): Partial<Probe> => {
    assert.deepEqual([url, model, at], [fleet.urls.coder, SERVED_MODELS.coder, new Date(now).toISOString()]);
    assert.equal(requests, fleet.probes.length, 'it counts its requests');
    assert.ok(requests <= 10, `${requests} requests are at most ten`);
    return rest;
  };

  describe('sees of', () => {
    it('vLLM 0.32, without the flags for tools, what TESTING saw', async () => {
      await given();
      assert.deepEqual(told(await measured()), {
        product: 'vLLM',
        version: '0.32.0',
        instance: '1764000000',
        window: 16_384,
        windowFrom: 'told',
        tools: { streamed: 'refused', whole: 'refused', required: 'works', heldToSchema: 'broken' },
        schema: 'held',
        reasoning: 'none',
        cachedTokens: 'reported',
        cancel: 'stops',
        vision: 'refused',
        audio: 'refused',
        complete: true,
        notes: ['tools streamed', 'tools whole'].map(
          (name) =>
            `"${name}": The coder server at ${fleet.urls.coder} refuses the request (HTTP 400: "auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set); see the server's log.`,
        ),
      });
      const [first, again] = fleet.probes.filter(({ probe }) => probe?.startsWith('long prefix'));
      assert.ok((first?.promptTokens ?? 0) > 400 && (first?.promptTokens ?? 0) < 700, `${first?.promptTokens} tokens`);
      assert.equal(first?.cachedTokens, 0);
      assert.ok((again?.cachedTokens ?? 0) > 384, `${again?.cachedTokens} tokens of the prefix were cached`);
    });

    it('llama-server: required ignored without a word, ragged JSON that keeps to the schema', async () => {
      await given(LLAMA_CPP);
      const { instance, ...rest } = told(await measured());
      assert.match(instance ?? '', /Devstral/);
      assert.deepEqual(rest, {
        product: 'llama.cpp',
        version: 'b11434-1764000000',
        window: 16_384,
        windowFrom: 'told',
        tools: { streamed: 'works', whole: 'works', required: 'broken', heldToSchema: 'untried' },
        schema: 'held',
        reasoning: 'none',
        cachedTokens: 'reported',
        cancel: 'stops',
        vision: 'refused',
        audio: 'refused',
        complete: true,
        notes: [],
      });
    });

    it('a server that fails open: schema ignored, calls as text, arguments free, nothing reported', async () => {
      await given({
        tools: { streamed: 'broken', whole: 'works', required: 'works', heldToSchema: true },
        schema: 'ignored',
        reasoning: 'inline',
        reportsCached: false,
        vision: 'broken',
        audio: 'taken',
      });
      const probe = await measured();
      assert.deepEqual(probe.tools, { streamed: 'broken', whole: 'works', required: 'works', heldToSchema: 'works' });
      assert.deepEqual(
        [probe.schema, probe.reasoning, probe.cachedTokens, probe.vision, probe.audio],
        ['ignored', 'inline', 'silent', 'broken', 'untried'],
      );
    });

    it('a server whose schema answers run away, that thinks apart, sees, and goes on for nobody', async () => {
      await given({ schema: 'runsAway', reasoning: 'separate', vision: 'works', cancels: false });
      const { schema, reasoning, vision, cancel } = await measured();
      assert.deepEqual([schema, reasoning, vision, cancel], ['runsAway', 'separate', 'works', 'goesOn']);
    });

    it('a server that refuses tools and schemas: that, with its words', async () => {
      await given({
        tools: { streamed: 'refused', whole: 'refused', required: 'refused', heldToSchema: false },
        schema: 'refused',
      });
      const { tools, schema, notes, complete } = await measured();
      assert.deepEqual(tools, { streamed: 'refused', whole: 'refused', required: 'refused', heldToSchema: 'refused' });
      assert.equal(schema, 'refused');
      assert.ok(complete);
      assert.match(notes.join('\n'), /"schema": .*response_format is not supported/);
    });
  });

  describe('takes the window from', () => {
    const cases: [string, Partial<ServerTraits>, Pick<Probe, 'window' | 'windowFrom' | 'product'>][] = [
      [
        'Ollama’s list of what is loaded',
        { pages: 'Ollama' },
        { window: 16_384, windowFrom: 'told', product: 'Ollama' },
      ],
      ['LM Studio’s own list', { pages: 'LM Studio' }, { window: 16_384, windowFrom: 'told', product: 'LM Studio' }],
      ['llama.cpp’s properties', { pages: 'llama.cpp' }, { window: 16_384, windowFrom: 'told', product: 'llama.cpp' }],
    ];
    for (const [where, traits, expected] of cases) {
      it(where, async () => {
        await given({ ...traits, tellsWindow: false, checksMaxTokens: false });
        const { window, windowFrom, product } = await measured();
        assert.deepEqual({ window, windowFrom, product }, expected);
      });
    }

    it('a refusal of too many tokens, where a server is silent', async () => {
      await given({ pages: 'none', tellsWindow: false });
      const probe = await measured();
      assert.deepEqual([probe.window, probe.windowFrom, probe.cancel], [16_384, 'measured', 'untold']);
      assert.equal(probe.requests, 10);
    });

    it('nowhere, and says so, where it refuses nothing either', async () => {
      await given({ pages: 'none', tellsWindow: false, checksMaxTokens: false });
      const { window, windowFrom, notes } = await measured();
      assert.deepEqual([window, windowFrom], [8192, 'assumed']);
      assert.match(notes.join(), /does not tell its window: 8192 tokens are assumed/);
      await fleet.settled();
      assert.equal(fleet.running('coder'), 0, 'what was asked for is not written');
    });
  });

  it('that gets no answer to one request gives the rest, with a note, and counts for an hour', async () => {
    await given({ hangsOn: 'tools streamed' });
    const probe = await measured();
    assert.deepEqual([probe.tools.streamed, probe.tools.required, probe.schema], ['untried', 'works', 'held']);
    assert.equal(probe.complete, false);
    assert.match(probe.notes.join('\n'), /"tools streamed": no answer within 1 s/);
    await assertKeptFor(HOUR);
  });

  it('ends at once when it is stopped, and leaves nothing at work', async () => {
    await given({ hangsOn: 'schema' });
    const stop = new AbortController();
    const reason = new Error('stopped by the test');
    const probe = probes().probe('coder', stop.signal);
    const stopped = assert.rejects(probe, reason);
    for (let looks = 0; looks < 400 && !(fleet.probes.length === 3 && fleet.running('coder') === 1); looks += 1)
      await sleep(5);
    stop.abort(reason);
    await stopped;
    await fleet.settled();
    assert.equal(fleet.running('coder'), 0);
    assert.equal(fleet.probes.length, 4);
  });

  it('of a server that is not there is none', async () => {
    await given();
    await fleet.close();
    assert.equal(await probes().probe('coder', never), undefined);
  });

  describe('is kept', () => {
    it('and taken by the next process, until the server is started again', async () => {
      await given();
      const first = await measured();
      const asked = fleet.probes.length;
      now += 100 * 24 * HOUR;
      assert.deepEqual(await measured(), first);
      assert.equal(fleet.probes.length, asked, 'nothing was asked again');
      fleet.restart('coder');
      const second = await measured();
      assert.equal(fleet.probes.length, 2 * asked);
      assert.notEqual(second.instance, first.instance);
      assert.equal(readdirSync(dir).length, 1, 'in place of the old one');
    });

    it('for a day, where a server does not show when it was started', async () => {
      await given({ pages: 'none' });
      await measured();
      await assertKeptFor(24 * HOUR);
    });

    it('once for roles that share server and model, however many ask at the same time', async () => {
      await given();
      const all = probes({ reviewer: fleet.urls.coder, planner: fleet.urls.coder });
      const seen = await Promise.all([
        all.probe('coder', never),
        all.probe('planner', never),
        all.probe('reviewer', never),
        all.probe('coder', never),
      ]);
      assert.equal(fleet.probes.length, seen[0]?.requests);
      for (const probe of seen) assert.deepEqual(probe, seen[0]);
    });

    it('apart from that of another model', async () => {
      await given();
      const all = probes();
      await all.probe('coder', never);
      await all.probe('reviewer', never);
      assert.equal(readdirSync(dir).length, 2);
    });

    it('for thirty days after its measurement, where others are measured', async () => {
      await given();
      await measured();
      const [old = ''] = readdirSync(dir);
      const daysAgo = (days: number) => Date.now() / 1000 - days * 24 * 3600;
      utimesSync(join(dir, old), daysAgo(29), daysAgo(29));
      await probes().probe('reviewer', never);
      assert.equal(readdirSync(dir).length, 2);
      utimesSync(join(dir, old), daysAgo(31), daysAgo(31));
      await probes().probe('planner', never);
      assert.equal(readdirSync(dir).includes(old), false);
      assert.equal(readdirSync(dir).length, 2);
    });

    it('until it is forgotten', async () => {
      await given();
      const all = probes();
      const first = await all.probe('coder', never);
      assert.equal(await all.probe('coder', never), first);
      await probes().forget('coder');
      assert.deepEqual(readdirSync(dir), []);
      await all.forget('coder');
      await all.probe('coder', never);
      assert.equal(fleet.probes.length, 2 * (first?.requests ?? 0));
    });

    it('and measured again, which it says, where the file cannot be read', async () => {
      await given();
      await measured();
      const file = join(dir, readdirSync(dir)[0] ?? '');
      for (const [content, why] of [
        ['{"url": 1', /is no JSON/],
        ['{"url": "x"}', /holds something else/],
      ] as const) {
        writeFileSync(file, content);
        assert.match((await measured()).notes.join('\n'), why);
        assert.doesNotMatch(readFileSync(file, 'utf8'), why, 'it is not said for ever');
        assert.doesNotMatch((await measured()).notes.join('\n'), why);
      }
    });

    it('or not, which it says, where the folder cannot be written', async () => {
      await given();
      mkdirSync(join(dir, '..'), { recursive: true });
      writeFileSync(dir, 'a file where the folder should be');
      const probe = await measured();
      assert.equal(probe.schema, 'held');
      assert.match(probe.notes.join('\n'), /could not be kept, and will be measured again/);
    });
  });

  it('tells apart what VLLM’s flags change', async () => {
    await given({ ...VLLM, tools: { streamed: 'works', whole: 'works', required: 'works', heldToSchema: false } });
    const { tools } = await measured();
    assert.deepEqual(tools, { streamed: 'works', whole: 'works', required: 'works', heldToSchema: 'broken' });
  });
});

describe('a run', () => {
  const given = scenarios();

  it('probes each needed role once, at its first contact, and takes the record when it is resumed', async () => {
    const scripts = crewScripts({ plan: plan([]), edits: {} });
    const { run, fleet } = await given(scripts);
    const { events } = await run(['plan', 'Nothing to do']);
    const probed = ofType(events, 'server.probed');
    assert.deepEqual(
      probed.map(({ role, step, probe }) => [role, step, probe.model, probe.schema]),
      [['planner', 'probe/planner', SERVED_MODELS.planner, 'held']],
    );
    const first = events.findIndex(({ type }) => type === 'plan.started');
    assert.ok(events.findIndex(({ type }) => type === 'server.probed') < first, 'before it asks for anything');
    assert.deepEqual(fold(events).probes.planner, probed[0]?.probe);
    const asked = fleet.probes.length;
    assert.equal(asked, probed[0]?.probe.requests);
    await run(['run', 'Nothing to do']);
    assert.equal(fleet.probes.length, 3 * asked, 'what was kept is taken by the next run: two more servers are asked');
  });

  it('that learns another window has the next run measure anew', async () => {
    const { run, fleet } = await given(crewScripts({ plan: plan([]), edits: {} }));
    fleet.inject('planner', { kind: 'contextExceeded', window: 16_000 });
    const { events } = await run(['plan', 'Nothing to do']);
    assert.equal(ofType(events, 'window.learnt')[0]?.window, 16_000);
    const asked = fleet.probes.length;
    await run(['plan', 'Nothing to do']);
    assert.equal(fleet.probes.length, 2 * asked);
    await run(['plan', 'Nothing to do']);
    assert.equal(fleet.probes.length, 2 * asked, 'what was seen then counts again');
  });

  it('takes the window from the probe, where the list of models does not tell it', async () => {
    const silent = { pages: 'Ollama' as const, tellsWindow: false, checksMaxTokens: false };
    const { run } = await given({}, { roles: { planner: { traits: silent, window: 4096 } } });
    const { events, status } = await run(['plan', 'Anything']);
    assert.equal(status, 2);
    assert.match(endingOf(events).message, /planner's server .* serves a window of 4096 tokens/);
  });
});
