import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { skip } from '../skip.ts';
import { RegistryUnreachable } from '../support/cache.ts';
import { plannedServers } from '../support/plannedServers.ts';
import { VLLM_OPTIONS } from '../support/vllmOptions.ts';
import { whyNoVllm } from './vllm.ts';
import { askVllm, optionsText } from './vllmOptions.ts';

describe("vLLM's own reading of what the profiles start it with", function () {
  this.timeout(1_200_000);
  const BROKEN = { 'unknown option': { 'no-such': 1 }, 'wrong value': { 'kv-cache-dtype': 'fp9' } };
  let dir: string;
  let said: Awaited<ReturnType<typeof askVllm>>;
  const file = (name: string): string => join(dir, `${name}.yaml`);

  before(async function () {
    const missing = await whyNoVllm();
    if (missing !== undefined) skip(this, missing);
    dir = mkdtempSync(join(tmpdir(), 'conclave-vllm-options-'));
    const servers = (await plannedServers()).map(({ profile, service, config }) => [`${profile}-${service}`, config]);
    const broken = Object.entries(BROKEN).map(([name, config]) => [name, { model: 'maker/model', ...config }]);
    const files = [...servers, ...broken].map(([name, config]) => {
      writeFileSync(file(`${name}`), stringify(config));
      return file(`${name}`);
    });
    try {
      said = await askVllm(files);
    } catch (error) {
      if (error instanceof RegistryUnreachable) skip(this, error.message);
      throw error;
    }
  });
  after(() => dir && rmSync(dir, { recursive: true }));

  it('takes every configuration', () => {
    const refused = Object.entries(said.refusals).filter(
      ([path]) => !Object.keys(BROKEN).some((name) => file(name) === path),
    );
    assert.ok(refused.length > 10);
    assert.deepEqual(
      refused.filter(([, why]) => why !== null),
      [],
    );
  });

  it('refuses what it does not know', () => {
    assert.match(said.refusals[file('unknown option')] ?? '', /unrecognized arguments: --no-such/);
    assert.match(said.refusals[file('wrong value')] ?? '', /--kv-cache-dtype: invalid choice: 'fp9'/);
  });

  it('is what the tests without vLLM go by', () => {
    assert.equal(readFileSync(VLLM_OPTIONS, 'utf8'), optionsText(said), 'run "npx tsx test/realModels/vllmOptions.ts"');
  });
});
