import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DEFAULT_SETTINGS } from '../../src/core/settings.ts';
import { type Examination, examine } from '../../src/node/doctor/examine.ts';
import type { Finding } from '../../src/node/doctor/finding.ts';
import { findLocalServers } from '../../src/node/localServers.ts';
import { ROLES, type Role } from '../../src/shared/events.ts';
import type { Probe } from '../../src/shared/probe.ts';
import { SERVED_MODELS } from '../models/fleet.ts';
import { LLAMA_CPP } from '../models/traits.ts';
import { scenarios } from '../support/scenario.ts';

const never = new AbortController().signal;

describe('the doctor', () => {
  const given = scenarios();

  it('shows what each role’s server was seen to do, in a table of at most 100 columns, with what can be done', async () => {
    const { conclave, project } = await given(
      {},
      {
        roles: {
          planner: { traits: { schema: 'runsAway', reportsCached: false } },
          coder: { traits: LLAMA_CPP },
          reviewer: {
            traits: { tools: { streamed: 'broken', whole: 'works', required: 'works', heldToSchema: true } },
          },
        },
      },
    );
    const { status, stdout } = await conclave.run(['doctor', '--workspace', project.dir]);
    assert.equal(status, 0);
    const lines = stdout.split('\n');
    const at = lines.findIndex((line) => line.startsWith('What the servers were seen to do'));
    const table = lines.slice(at + 1, at + 6);
    for (const line of table) assert.ok(line.length <= 100, `${line.length} columns: ${line}`);
    assert.deepEqual(
      table.map((line) => line.split(/ {2,}/)[0]?.split(' ')[0]),
      ['', 'Preprocessor', 'Planner', 'Coder', 'Reviewer'],
    );
    assert.match(
      table[0] ?? '',
      /Window +Schema +Tools +Required +Args +Thoughts +Cached +Cancel +Tok\/s +Sees +Hears/,
    );
    assert.match(table[2] ?? '', /^Planner +32,768 runs away refused +works +free +none +silent stops/);
    assert.match(table[3] ?? '', /^Coder +32,768 held +streamed +ignored +– +none +told +stops/);
    assert.match(table[4] ?? '', /^Reviewer +32,768 held +whole +works +held/);
    const rest = lines.slice(at + 6).join('\n');
    assert.match(rest, /! Planner: Schema: .*"disable_any_whitespace":true/);
    assert.match(rest, /! Planner: Cached: .*--enable-prompt-tokens-details/);
    assert.match(rest, /! Preprocessor, Planner: Tools: .*--enable-auto-tool-choice --tool-call-parser/);
    assert.match(rest, /! Reviewer: Tools: calls are broken where they are streamed/);
  });

  it('gives the probes as JSON, measures nothing twice, and names no table where nobody answers', async () => {
    const { conclave, project, fleet } = await given({});
    const doctor = async (): Promise<{ probes: Record<string, Probe>; findings: { what: string }[] }> =>
      JSON.parse((await conclave.run(['doctor', '--json', '--workspace', project.dir])).stdout);
    const { probes } = await doctor();
    assert.deepEqual(Object.keys(probes), ROLES);
    assert.equal(probes.coder?.model, SERVED_MODELS.coder);
    const asked = fleet.probes.length;
    assert.deepEqual((await doctor()).probes, probes);
    assert.equal(fleet.probes.length, asked);
    await fleet.close();
    assert.deepEqual((await doctor()).probes, {});
    assert.doesNotMatch((await conclave.run(['doctor', '--workspace', project.dir])).stdout, /were seen to do/);
  });

  describe('of a role whose server does not answer', () => {
    const data = mkdtempSync(join(tmpdir(), 'conclave-doctor-'));
    after(() => rmSync(data, { recursive: true, force: true }));

    async function examined(
      urls: Record<Role, string>,
      findServers: NonNullable<Parameters<typeof examine>[0]['findServers']>,
      apiKey?: string,
    ): Promise<Examination> {
      const endpoints = Object.fromEntries(ROLES.map((role) => [role, { url: urls[role] }])) as Record<
        Role,
        { url: string }
      >;
      return examine({
        workspace: data,
        installation: { home: resolve('.'), env: { CONCLAVE_DATA: join(data, 'data') } },
        loaded: {
          settings: { ...DEFAULT_SETTINGS, endpoints, timeouts: { firstToken: 1, betweenTokens: 1 } },
          ...(apiKey === undefined ? {} : { apiKey }),
          sources: Object.fromEntries(Object.keys(endpoints).map((role) => [`endpoints.${role}.url`, 'editor'])),
          nameOf: (key: string) => `conclave.${key}`,
          toolServers: { servers: [] },
        },
        ripgrep: undefined,
        signal: never,
        now: () => new Date(),
        findServers,
      });
    }

    it('names the servers of this machine, and how to set them', async () => {
      const { fleet } = await given({}, { roles: { reviewer: { traits: { pages: 'Ollama', tellsWindow: false } } } });
      const dead = 'http://127.0.0.1:9/v1';
      const nobody = 'http://127.0.0.1:11/v1';
      const { findings, probes } = await examined({ ...fleet.urls, coder: dead }, (signal) =>
        findLocalServers(signal, [fleet.urls.reviewer, nobody, fleet.urls.planner]),
      );
      const { offers, remedy } = findings.find(({ what }) => what === 'Coder') ?? assert.fail('no finding');
      assert.deepEqual(offers, [
        {
          role: 'coder',
          what: `Ollama at ${fleet.urls.reviewer} serves ${SERVED_MODELS.reviewer}`,
          url: fleet.urls.reviewer,
          model: SERVED_MODELS.reviewer,
        },
        {
          role: 'coder',
          what: `vLLM at ${fleet.urls.planner} serves ${SERVED_MODELS.planner}`,
          url: fleet.urls.planner,
          model: SERVED_MODELS.planner,
        },
      ]);
      assert.match(
        remedy ?? '',
        /Found on this machine: Ollama at .*: set conclave\.endpoints\.coder\.url to its address/,
      );
      assert.deepEqual(
        probes.map(({ role }) => role),
        ['preprocessor', 'planner', 'reviewer'],
      );
    });

    it('offers nothing where there is nothing, and looks nowhere where every role has a server', async () => {
      const { fleet } = await given({});
      const none = await examined({ ...fleet.urls, coder: 'http://127.0.0.1:9/v1' }, async () => []);
      assert.equal(none.findings.find(({ what }) => what === 'Coder')?.offers, undefined);
      const { findings } = await examined(fleet.urls, () => assert.fail('it looked for servers'));
      assert.equal(findings.find(({ what }) => what === 'Coder')?.state, 'good');
    });

    it('says that a key alone guards no server of another machine', async () => {
      const { fleet } = await given({}, { apiKey: 'sesame' });
      const about = async (urls: Partial<Record<Role, string>>, key?: string): Promise<Finding | undefined> =>
        (await examined({ ...fleet.urls, ...urls }, async () => [], key)).findings.find(
          ({ what }) => what === 'API key',
        );
      assert.equal(await about({}, 'sesame'), undefined, 'here it is enough');
      assert.equal(await about({ coder: 'http://[::1]:9/v1', planner: 'http://localhost:9/v1' }, 'sesame'), undefined);
      const far = { coder: 'http://192.0.2.1:8002/v1' };
      assert.equal(await about(far), undefined);
      const warned = (await about(far, 'sesame')) ?? assert.fail('no finding');
      assert.equal(warned.state, 'limited');
      assert.match(warned.found, /Coder at http:\/\/192\.0\.2\.1:8002\/v1$/);
      assert.match(warned.remedy ?? '', /\/invocations without it.*127\.0\.0\.1/);
      assert.doesNotMatch(JSON.stringify(warned), /sesame/);
    });

    it('never looks on another machine', async () => {
      await assert.rejects(findLocalServers(never, ['http://192.0.2.1:8000/v1']), /is not on this machine/);
    });
  });
});
