import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assess } from '../../src/core/models/assessProbe.ts';
import { openEndpoint } from '../../src/core/models/endpoint.ts';
import { ModelError } from '../../src/core/models/modelError.ts';
import type { ModelRequest } from '../../src/core/ports.ts';
import { DEFAULT_SETTINGS } from '../../src/core/settings.ts';
import { openProbes } from '../../src/node/probes.ts';
import { ROLES } from '../../src/shared/events.ts';
import type { Probe } from '../../src/shared/probe.ts';
import type { ProbeRow } from '../../src/terminal/render/probeTable.ts';
import type { ModelServer } from './modelServer.ts';
import type { RealServer } from './realServers.ts';

/** What a probe must see of each kind of server, whatever its model knows. */
const SEEN: Record<RealServer['product'], object> = {
  // It ignores tool_choice "required" without a word.
  'llama.cpp': { required: 'broken', heldToSchema: 'untried' },
  // It forces a call, and leaves its arguments free where they are not asked for strictly.
  vLLM: { required: 'works', heldToSchema: 'broken' },
};

/** Milliseconds in which a server must have dropped what nobody waits for. */
const SOON = 15_000;
const never = new AbortController().signal;

const says = (content: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [{ role: 'user', content }],
  maxTokens: 256,
  temperature: 0,
  ...more,
});

/**
 * Tests of the protocol between us and one real server. The last of them kills it.
 * @param of the server, once it has been started, with `window` tokens
 * @param seen gets what the probe saw, for the table
 */
export function protocolTests(
  real: RealServer,
  of: () => { server: ModelServer; window: number },
  seen: (row: ProbeRow) => void,
): void {
  const open = () => openEndpoint({ role: 'coder', url: of().server.url });

  it('is seen by the probe as what it is', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'conclave-probes-'));
    try {
      const { url } = of().server;
      const endpoints = Object.fromEntries(ROLES.map((role) => [role, { url }])) as typeof DEFAULT_SETTINGS.endpoints;
      const probes = openProbes({
        dir,
        loaded: { settings: { ...DEFAULT_SETTINGS, endpoints }, nameOf: (key) => key },
        now: () => new Date(),
        // Beside other work on two cores, servers of this kind write one token a second.
        timeouts: { first: 600_000, each: 600_000 },
      });
      const probe: Probe = (await probes.probe('coder', never)) ?? assert.fail('nothing was measured');
      seen({ name: real.title, aspects: assess(probe) });
      const { product, model, window, windowFrom, tools, schema, cachedTokens, cancel, vision, audio, complete } =
        probe;
      const { required, heldToSchema } = tools;
      assert.deepEqual(
        { product, model, window, windowFrom, required, heldToSchema, schema, cachedTokens, cancel, vision, audio },
        {
          ...{ product: real.product, model: real.model, window: of().window, windowFrom: 'told' },
          ...SEEN[real.product],
          ...{ schema: 'held', cachedTokens: 'reported', cancel: 'stops', vision: 'refused', audio: 'refused' },
        },
        probe.notes.join('\n'),
      );
      assert.ok(complete && probe.requests <= 10, `${probe.requests} requests`);
      // A tiny model reads faster than the clock can tell; one with random weights, of two layers, writes so, too.
      const [reads, writes] = [probe.prefill ?? 1, probe.decode ?? (real.answers ? 0 : 1)];
      assert.ok(reads > 0 && writes > 0, 'it has a pace');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('tells its window where a prompt does not fit', async () => {
    const error = await failureOf(says('river '.repeat(of().window + 100)));
    assert.deepEqual(error.failure, { kind: 'contextExceeded', window: of().window }, error.message);
  });

  it('answers in JSON of a schema', async () => {
    const schema = {
      type: 'object',
      properties: { risk: { type: 'string', enum: ['low', 'high'] }, tested: { type: 'boolean' } },
      required: ['risk', 'tested'],
      additionalProperties: false,
    };
    const asked = says('How risky is it to rename a function? Answer as JSON: {"risk", "tested"}.', {
      schema: { name: 'risk', schema },
    });
    let text = '';
    for await (const event of open().stream(asked, never)) if (event.type === 'text') text += event.delta;
    const answer = JSON.parse(text) as { risk: string; tested: boolean };
    assert.deepEqual(Object.keys(answer).toSorted(), ['risk', 'tested'], text);
    assert.ok(['low', 'high'].includes(answer.risk) && typeof answer.tested === 'boolean', text);
  });

  it('drops an answer that is given up', async () => {
    const stop = new AbortController();
    const reason = new Error('given up by the test');
    await assert.rejects(async () => {
      for await (const { type } of open().stream(says('Count from 1 to 500.'), stop.signal))
        if (type !== 'finished') stop.abort(reason);
    }, reason);
    for (let waited = 0; (await of().server.requests()) > 0; waited += 100) {
      assert.ok(waited < SOON, `it is still at work after ${SOON / 1000} s`);
      await sleep(100);
    }
  });

  it('that is killed in the middle of an answer is a failure with a name', async () => {
    // A model of a few million parameters writes hundreds of tokens before the system has ended its server.
    const error = await failureOf(says('Count from 1 to 500.', { maxTokens: 6000 }), () => of().server.kill());
    assert.equal(error.failure.kind, 'lost', error.message);
    assert.match(error.message, /^The coder server at http.* broke off its answer/);
    const { failure } = await failureOf(says('Are you there?'));
    assert.equal(failure.kind, 'unreachable');
  });

  /** @param onText called at the first piece of the answer */
  async function failureOf(request: ModelRequest, onText: () => void = () => {}): Promise<ModelError> {
    let begun = false;
    try {
      for await (const event of open().stream(request, never)) {
        if (event.type !== 'finished' && !begun) onText();
        begun = true;
      }
    } catch (error) {
      if (error instanceof ModelError) return error;
      throw error;
    }
    return assert.fail('the request did not fail');
  }
}
