import assert from 'node:assert/strict';
import type { FleetState, Service, ServiceState } from '../../src/shared/fleet.ts';
import { drawFleet, drawProfiles } from '../../src/terminal/render/fleet.ts';
import { painter } from '../../src/terminal/render/paint.ts';
import { columnsOf } from '../../src/terminal/render/plainText.ts';

const paint = painter({ colour: false });
const now = Date.parse('2026-01-01T00:01:30Z');

function service(name: string, state: ServiceState, more: Partial<Service> = {}): Service {
  return { name, kind: 'model', roles: ['coder'], model: 'org/model', url: 'http://127.0.0.1:8002/v1', state, ...more };
}

const STATE: FleetState = {
  profile: 'gpu-24gb',
  services: [
    service(
      'vllm-coder',
      { kind: 'ready' },
      {
        window: 131_072,
        vitals: {
          running: 2,
          waiting: 1,
          kvUse: 0.304,
          prefixHits: 0.5,
          reading: 1200,
          writing: 45.4,
          firstTokenMs: 310,
        },
      },
    ),
    service('vllm-planner', { kind: 'starting', step: 'loading weights', percent: 50, since: '2026-01-01T00:00:00Z' }),
    service('vllm-reviewer', { kind: 'queued', after: 'vllm-planner' }),
    {
      name: 'redis',
      kind: 'store',
      roles: [],
      state: { kind: 'failed', why: 'Its port is taken.\u001b[31m Stop that.' },
    },
  ],
};

describe('the table of a fleet', () => {
  it('says where each service stands, and what it is doing', () => {
    assert.deepEqual(drawFleet(STATE, { width: 200, paint, now }), [
      'Profile gpu-24gb',
      '✓ vllm-coder     ready                             org/model · 131,072 tokens · port 8002 · 2 running, 1 waiting · memory 30 % · prefix hits 50 % · reads 1,200, writes 45 tokens/s · first token 310 ms',
      '… vllm-planner   loading weights 50 %, 1 min 30 s  org/model · port 8002',
      '· vllm-reviewer  waits for vllm-planner            org/model · port 8002',
      '✗ redis          failed',
      '  Its port is taken. Stop that.',
    ]);
  });

  it('keeps to the width', () => {
    for (const width of [40, 60, 80]) {
      for (const line of drawFleet(STATE, { width, paint, now })) {
        assert.ok(columnsOf(line) <= width, `${columnsOf(line)} columns: ${line}`);
      }
    }
  });

  it('says nothing of services where nothing can be seen', () => {
    const problem = { what: 'Docker does not answer.', remedy: 'Start it.' };
    assert.deepEqual(drawFleet({ ...STATE, problem }, { width: 80, paint, now }), [
      'Profile gpu-24gb',
      '✗ Docker does not answer.',
      '  Start it.',
    ]);
  });

  it('lists profiles with what speaks against them', () => {
    const entries = [
      { name: 'cpu', title: 'No GPU', summary: 'Tiny', isAdvised: true as const },
      { name: 'apple', title: 'A Mac', summary: 'Large', refusal: 'this is no Mac.' },
    ];
    assert.deepEqual(drawProfiles(entries, { width: 80, paint }), [
      '★ cpu    No GPU (the best for this machine)',
      '         Tiny',
      '✗ apple  A Mac',
      '         Large',
      '         Not here: this is no Mac.',
    ]);
  });
});
