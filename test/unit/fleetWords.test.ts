import assert from 'node:assert/strict';
import { openFleetAlarms } from '../../src/host/fleet/fleetAlarms.ts';
import { fleetGlance } from '../../src/host/fleet/fleetGlance.ts';
import { logLine } from '../../src/host/fleet/logText.ts';
import { startStage } from '../../src/host/fleet/startWords.ts';
import type { Role } from '../../src/shared/events.ts';
import type { FleetState, ServiceState } from '../../src/shared/fleet.ts';
import { fourServers, inUse, serverOf } from '../support/fleetViews.ts';

/** English, as it is written. */
const t = (text: string, ...args: (string | number)[]): string =>
  text.replace(/\{(\d+)\}/g, (_, at: string) => String(args[Number(at)]));

const glance = (states: Partial<Record<Role, ServiceState>>, elsewhere: Partial<Record<Role, string>> = {}) =>
  fleetGlance(inUse(fourServers(states)), elsewhere, t);

const loading: ServiceState = {
  kind: 'starting',
  step: 'loading weights',
  percent: 50.7,
  since: '2026-11-26T06:00:00Z',
};
const failed: ServiceState = { kind: 'failed', why: 'The memory of the GPU ran out.' };
const crashing: ServiceState = { kind: 'crashing', times: 3, why: 'The memory of the GPU ran out.' };
const off: ServiceState = { kind: 'stopped' };

describe('the status bar, of the fleet', () => {
  const cases: [string, ReturnType<typeof glance>, string, 'plain' | 'error'][] = [
    ['all that is ready', glance({}), '$(pass) Conclave 4/4 ready', 'plain'],
    [
      'a start, with how far it is',
      glance({
        planner: loading,
        coder: { kind: 'queued', after: 'vllm-planner' },
        reviewer: { kind: 'queued', after: 'vllm-coder' },
      }),
      '$(sync~spin) Conclave 1/4 ready, 50 %',
      'plain',
    ],
    [
      'a download that does not tell how far it is',
      glance({ coder: { kind: 'fetching', what: 'image x' } }),
      '$(sync~spin) Conclave 3/4 ready',
      'plain',
    ],
    ['a needed one that failed', glance({ coder: failed }), '$(error) Conclave 3/4 ready', 'error'],
    [
      'a needed one that failed while another starts',
      glance({ coder: failed, planner: loading }),
      '$(error) Conclave 2/4 ready',
      'error',
    ],
    ['one that is not needed and failed', glance({ preprocessor: failed }), '$(warning) Conclave 3/4 ready', 'plain'],
    ['one that the user stopped', glance({ coder: off }), '$(warning) Conclave 3/4 ready', 'plain'],
    [
      'none, because the user stopped them',
      glance({ preprocessor: off, planner: off, coder: off, reviewer: off }),
      '$(circle-slash) Conclave 0/4 ready',
      'plain',
    ],
    [
      'one whose server is the user’s own',
      glance({ coder: failed }, { coder: 'http://gpu-box:8002/v1' }),
      '$(pass) Conclave 3/3 ready',
      'plain',
    ],
    [
      'one that is set to the fleet’s own server',
      glance({}, { coder: 'http://localhost:8002/v1/' }),
      '$(pass) Conclave 4/4 ready',
      'plain',
    ],
  ];
  for (const [what, seen, text, tone] of cases) {
    it(`counts ${what}`, () => assert.deepEqual([seen?.text, seen?.tone], [text, tone]));
  }

  it('counts roles, not servers', () => {
    const shared = { ...serverOf('coder', loading), roles: ['planner', 'coder', 'reviewer'] as const };
    const state: FleetState = {
      services: [shared, { name: 'redis', kind: 'store', roles: [], state: { kind: 'ready' } }],
    };
    assert.equal(fleetGlance(inUse(state), {}, t)?.text, '$(sync~spin) Conclave 0/3 ready, 50 %');
  });

  it('says of each role its state, its model and its window, and nothing in it is taken for Markdown', () => {
    const { tooltip = '', markdown = '' } = glance({ planner: loading }, { reviewer: 'http://gpu_box/v1' }) ?? {};
    assert.deepEqual(tooltip.split('\n'), [
      'Conclave 2/3 ready, 50 %',
      'One card with 96 GB',
      'Preprocessor: Ready · google/gemma-2-2b-it · window 8192',
      'Planner: loading weights 50 % · nvidia/Llama-3.1-Nemotron-Nano-8B-v1 · window 32768',
      'Coder: Ready · mistralai/Devstral-Small-2-24B-Instruct-2512 · window 65536',
      'Reviewer: your own server, http://gpu_box/v1',
    ]);
    assert.match(
      markdown,
      /^\*\*One card with 96 GB\*\*\n\n\$\(pass-filled\) \*\*Preprocessor\*\* Ready · google\/gemma\\-2\\-2b/,
    );
    assert.match(markdown, /gpu\\_box/);
    const odd = { ...serverOf('coder', failed), model: '$(bug) [a](command:b)' };
    assert.match(
      fleetGlance(inUse({ services: [odd] }), {}, t)?.markdown ?? '',
      /\\\$\\\(bug\\\) \\\[a\\\]\\\(command:b\\\)/,
    );
  });

  it('says what keeps the fleet from being seen', () => {
    const problem = { what: 'Docker does not answer.', remedy: 'Start it.' };
    const seen = fleetGlance(inUse({ ...fourServers(), problem }), {}, t);
    assert.equal(seen?.tone, 'error');
    assert.match(seen?.tooltip ?? '', /Docker does not answer\.\nStart it\./);
    assert.equal(fleetGlance({ kind: 'unusable', profile: 'gpu-80gb', problem }, {}, t)?.tone, 'error');
  });

  it('says nothing of it where there is none, or the servers are the user’s own', () => {
    for (const kind of ['looking', 'none', 'own'] as const) assert.equal(fleetGlance({ kind }, {}, t), undefined);
    assert.equal(fleetGlance(inUse({ services: [] }), {}, t), undefined);
  });
});

describe('the progress of a start', () => {
  const names = ['vllm-planner', 'vllm-coder', 'vllm-reviewer'];
  const at = (states: Partial<Record<Role, ServiceState>>, of = names) => startStage(fourServers(states), of, t);

  it('names the server, its place in the order and how far it is', () => {
    assert.deepEqual(at({ coder: { ...loading, percent: 50 }, reviewer: { kind: 'queued', after: 'vllm-coder' } }), {
      words: 'Starting Coder (2 of 3): loading weights 50 %',
      percent: 50,
    });
    assert.deepEqual(at({ planner: { kind: 'absent' }, coder: off, reviewer: off }), {
      words: 'Starting Planner (1 of 3): being started',
      percent: 0,
    });
    assert.deepEqual(at({ coder: loading }, ['vllm-coder']).words, 'Starting Coder: loading weights 50 %');
    assert.equal(at({}).percent, 100);
  });
});

describe('alarms of the fleet', () => {
  const seen = (state: ServiceState) => inUse(fourServers({ coder: state }));
  const names = (services: readonly { name: string }[]) => services.map(({ name }) => name);

  it('tell of a failure once, until the server was ready or the user starts it anew', () => {
    const alarms = openFleetAlarms();
    assert.deepEqual(names(alarms.look(inUse(fourServers()))), []);
    assert.deepEqual(names(alarms.look(seen(failed))), ['vllm-coder']);
    assert.deepEqual(names(alarms.look(seen(failed))), []);
    assert.deepEqual(names(alarms.look(inUse(fourServers()))), []);
    assert.deepEqual(names(alarms.look(seen(failed))), ['vllm-coder']);
    alarms.forget(['vllm-coder']);
    assert.deepEqual(names(alarms.look(seen(failed))), ['vllm-coder']);
  });

  it('tell once of a server that crashes again and again', () => {
    const alarms = openFleetAlarms();
    alarms.look(inUse(fourServers()));
    const told = [crashing, loading, crashing, loading, crashing].map((state) => names(alarms.look(seen(state))));
    assert.deepEqual(told, [['vllm-coder'], [], [], [], []]);
  });

  it('do not tell of what was down before this window looked, nor of what cannot be seen', () => {
    const alarms = openFleetAlarms();
    assert.deepEqual(names(alarms.look(seen(failed))), []);
    assert.deepEqual(names(alarms.look(seen(failed))), []);
    const problem = { what: 'Docker does not answer.', remedy: 'Start it.' };
    assert.deepEqual(names(alarms.look(inUse({ ...fourServers({ planner: failed }), problem }))), []);
  });
});

describe('a line of a log', () => {
  const cases: [string, string, string][] = [
    ['plain text', 'INFO ready\t1', 'INFO ready\t1'],
    ['colours, which end with it', '\u001b[31mERROR\u001b[0m x', '\u001b[31mERROR\u001b[0m x\u001b[0m'],
    ['the last state of a progress bar', 'Loading:  0%|\rLoading: 50%|#\rLoading: 100%|##\r', 'Loading: 100%|##'],
    ['no moves of the caret', 'a\u001b[2J\u001b[10;10Hb\u001b[1Ac', 'abc'],
    [
      'no titles, links or clipboards',
      '\u001b]0;title\u0007a\u001b]52;c;aGk=\u0007b\u001b]8;;http://x.test\u0007c\u001b]8;;\u0007',
      'abc',
    ],
    ['no control characters', 'a\u0000b\u0008c\u009b31md\u001b', 'abcd'],
  ];
  for (const [what, written, shown] of cases) {
    it(`has ${what}`, () => assert.equal(logLine(written), shown));
  }
});
