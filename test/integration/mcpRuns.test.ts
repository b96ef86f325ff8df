import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import type { RunEvent } from '../../src/shared/events.ts';
import { greetByName, onGreet } from '../support/greeter.ts';
import { stdioClient } from '../support/mcpClient.ts';
import { makeProject } from '../support/project.ts';
import { scenarios } from '../support/scenario.ts';
import { crewScripts, plan } from '../support/scripts.ts';

const greeting = () => crewScripts({ plan: plan([{ id: 'task_1', ...onGreet }]), edits: { task_1: [greetByName] } });

describe('What runs have left, over MCP', () => {
  const given = scenarios();
  const TASK = 'Greet by name; the key is ghp_a1B2c3D4e5F6a1B2c3D4e5F6a1B2c3D4e5F6';

  it('is listed and read: the plan and the events, without secrets', async () => {
    const scenario = await given(greeting());
    const { events } = await scenario.run(['run', TASK]);
    const run = events[0]?.runId ?? '';
    const client = await stdioClient(scenario.conclave, scenario.project.dir);
    try {
      const { resources } = await client.listResources();
      const uris = resources.map(({ uri }) => uri);
      assert.deepEqual(uris.slice(0, 2), [`conclave://runs/${run}/plan`, `conclave://runs/${run}/events`]);
      assert.match(resources[0]?.description ?? '', /Greet by name; the key is ‹secret: /);

      const read = async (uri: string): Promise<string> => {
        const { contents } = await client.readResource({ uri });
        return contents.map((one) => ('text' in one ? one.text : '')).join('');
      };
      const plan = JSON.parse(await read(`conclave://runs/${run}/plan`));
      const planned = events.find((event) => event.type === 'plan.proposed');
      assert.ok(planned?.type === 'plan.proposed');
      assert.deepEqual(plan.plan, planned.plan.plan);
      assert.equal(plan.subtasks[0].state, 'approved');

      const text = await read(`conclave://runs/${run}/events`);
      assert.doesNotMatch(text, /ghp_a1B2/);
      const lines = (all: string): RunEvent[] => all.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []));
      assert.deepEqual([lines(text)[0]?.type, lines(text).at(-1)?.type], ['run.started', 'run.finished']);
      const since = Math.floor((events.at(-1)?.seq ?? 0) / 2);
      const rest = lines(await read(`conclave://runs/${run}/events?since=${since}`));
      assert.deepEqual(
        rest,
        lines(text).filter(({ seq }) => seq > since),
      );
      assert.ok(rest.length > 0 && rest.length < lines(text).length);

      const { completion } = await client.complete({
        ref: { type: 'ref/resource', uri: 'conclave://runs/{id}/plan' },
        argument: { name: 'id', value: run.slice(0, 4) },
      });
      assert.deepEqual(completion.values, [run]);
      await assert.rejects(client.readResource({ uri: 'conclave://runs/no-such-run/plan' }), /there is no such run/);
    } finally {
      await client.close();
    }
  });

  it("is nobody's business in another workspace, or where roots leave only a part of this one", async () => {
    const scenario = await given(greeting());
    const { events } = await scenario.run(['run', 'Greet by name']);
    const uri = `conclave://runs/${events[0]?.runId}/events`;
    const other = makeProject({ 'a.js': 'x\n' });
    const elsewhere = await stdioClient(scenario.conclave, other.dir);
    const part = await stdioClient(scenario.conclave, scenario.project.dir, {
      roots: () => [pathToFileURL(`${scenario.project.dir}/src`).href],
    });
    try {
      for (const client of [elsewhere, part]) {
        const { resources } = await client.listResources();
        assert.ok(resources.length > 0 && resources.every((one) => one.uri.startsWith('file://')));
        await assert.rejects(client.readResource({ uri }), /cannot be read/);
        await assert.rejects(client.subscribeResource({ uri }), /cannot be read/);
      }
    } finally {
      await elsewhere.close();
      await part.close();
      other.remove();
    }
  });

  it('tells of new events while a run is at work elsewhere', async () => {
    const scenario = await given(greeting());
    const told = new Set<string>();
    let client: Awaited<ReturnType<typeof stdioClient>> | undefined;
    let subscribed: Promise<unknown> | undefined;
    const { ended } = scenario.start(['run', 'Greet by name'], {
      onEvent: ({ type, runId }, child) => {
        if (type !== 'plan.proposed' || subscribed) return;
        child.kill('SIGSTOP');
        subscribed = (async () => {
          try {
            client = await stdioClient(scenario.conclave, scenario.project.dir);
            client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void told.add(params.uri));
            await client.subscribeResource({ uri: `conclave://runs/${runId}/events` });
            await client.subscribeResource({ uri: `conclave://runs/${runId}/plan` });
          } finally {
            child.kill('SIGCONT');
          }
        })();
        // Its failure is the test's, below.
        subscribed.catch(() => {});
      },
    });
    const { events } = await ended;
    await subscribed;
    const base = `conclave://runs/${events[0]?.runId}`;
    while (told.size < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual([...told].sort(), [`${base}/events`, `${base}/plan`]);
    await client?.close();
  });
});
