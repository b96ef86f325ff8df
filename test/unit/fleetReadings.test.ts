import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { startProgress } from '../../src/core/fleet/startProgress.ts';
import { readLook, vitalsOf } from '../../src/core/fleet/vitals.ts';
import { whyEnded } from '../../src/core/fleet/whyEnded.ts';
import { createMetrics } from '../models/metrics.ts';

const ENGINE = { running: () => 2, waiting: () => 3 } as unknown as Parameters<
  ReturnType<typeof createMetrics>['render']
>[0];

describe('the vitals of a server', () => {
  it('are the gauges of one look, and rates between two', () => {
    const metrics = createMetrics('coder', 1000);
    metrics.hold(250);
    const first = readLook(metrics.render(ENGINE, 1), 10_000);
    assert.ok(first);
    assert.deepEqual(vitalsOf(first), { running: 2, waiting: 3, kvUse: 0.25 });
    metrics.finish({
      reason: 'stop',
      promptTokens: 400,
      cachedTokens: 100,
      completionTokens: 50,
      queue: 100,
      prefill: 300,
      decode: 1000,
    });
    const second = readLook(metrics.render(ENGINE, 1), 15_000);
    assert.ok(second);
    const vitals = vitalsOf(second, first);
    assert.equal(vitals.reading, 80);
    assert.equal(vitals.writing, 10);
    assert.equal(vitals.prefixHits, 0.25);
    assert.equal(Math.round(vitals.firstTokenMs ?? 0), 400);
  });

  it('have no share of prefix hits, and no wait, where nothing was read', () => {
    const metrics = createMetrics('coder', 1000);
    const first = readLook(metrics.render(ENGINE, 1), 0);
    const second = readLook(metrics.render(ENGINE, 1), 1000);
    assert.ok(first && second);
    assert.deepEqual(vitalsOf(second, first), { running: 2, waiting: 3, kvUse: 0, reading: 0, writing: 0 });
  });

  it('have no rates across a new start of the server', () => {
    const page = (written: number): string => `vllm:num_requests_running 0\nvllm:generation_tokens_total ${written}\n`;
    const before = readLook(page(500), 0);
    const after = readLook(page(20), 1000);
    assert.ok(before && after);
    assert.deepEqual(vitalsOf(after, before), { running: 0, waiting: 0 });
  });

  it("are read from llama.cpp's names too, which count what was computed", () => {
    const page = (computed: number, cached: number): string =>
      `llamacpp:requests_processing 1\nllamacpp:requests_deferred 4\nllamacpp:prompt_tokens_total ${computed}\nllamacpp:prompt_tokens_cached_total ${cached}\nllamacpp:tokens_predicted_total 7\n`;
    const before = readLook(page(0, 0), 0);
    const now = readLook(page(30, 90), 1000);
    assert.ok(before && now);
    assert.deepEqual(vitalsOf(now, before), { running: 1, waiting: 4, prefixHits: 0.75, reading: 30, writing: 0 });
  });

  it('are none for a page of something else', () => {
    assert.equal(readLook('process_start_time_seconds 1\n', 0), undefined);
  });
});

/** As vLLM 0.32 writes them, and the model hub's own bars. */
const START: [line: string, step: string, percent?: number][] = [
  ['(APIServer pid=7) INFO 11-23 10:00:01 [utils.py:233] vLLM API server version 0.32.0', 'starting the engine'],
  [
    "(EngineCore_DP0 pid=9) INFO 11-23 10:00:09 [core.py:134] Initializing a V1 LLM engine (v0.32.0) with config: model='m'",
    'starting the engine',
  ],
  ['Fetching 4 files:  25%|██▌       | 1/4 [00:00<00:02,  1.3it/s]', 'downloading weights', 25],
  ['model-00001-of-00002.safetensors:  12%|█▏        | 600M/4.98G [00:10<01:13, 59.6MB/s]', 'downloading weights', 12],
  [
    '(EngineCore_DP0 pid=9) INFO [weight_utils.py:533] Time spent downloading weights for m: 4.2 seconds',
    'loading weights',
  ],
  ['(EngineCore_DP0 pid=9) INFO [gpu_model_runner.py:5040] Starting to load model m...', 'loading weights'],
  [
    '(EngineCore_DP0 pid=9) Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01,  1.02s/it]',
    'loading weights',
    50,
  ],
  ['(EngineCore_DP0 pid=9) INFO [default_loader.py:502] Loading weights took 2.11 seconds', 'measuring memory'],
  ['(EngineCore_DP0 pid=9) INFO [backends.py:1167] Dynamo bytecode transform time: 4.31 s', 'compiling'],
  ['(EngineCore_DP0 pid=9) INFO [cpu_model_runner.py:87] Warming up model for the compilation...', 'compiling'],
  ['(EngineCore_DP0 pid=9) INFO [gpu_worker.py:760] Available KV cache memory: 3.2 GiB', 'measuring memory'],
  [
    'Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  43%|████▎     | 29/67 [00:02<00:02, 13.8it/s]',
    'capturing CUDA graphs',
    43,
  ],
  ['(EngineCore_DP0 pid=9) INFO Graph capturing finished in 5 secs, took 0.51 GiB', 'opening the server'],
  ['(APIServer pid=7) INFO [entry.py:140] Starting vLLM server on http://127.0.0.1:8002', 'opening the server'],
];

describe('the progress of a start', () => {
  it("is read from vLLM's log, the last that it tells", () => {
    for (const [at, [, step, percent]] of START.entries()) {
      const lines = [...START.slice(0, at + 1).map(([line]) => line), 'WARNING something else'];
      assert.deepEqual(startProgress(lines), { step, ...(percent === undefined ? {} : { percent }) });
    }
  });

  it("is read from a real vLLM's log, as it grew", () => {
    const lines = readFileSync('test/fixtures/fleet/vllmStart.txt', 'utf8').split('\n');
    const steps = lines.map((_, at) => {
      const { step, percent } = startProgress(lines.slice(0, at + 1));
      return percent === undefined ? step : `${step} ${percent}`;
    });
    assert.deepEqual(
      steps.filter((step, at) => step !== steps[at - 1]),
      [
        'starting',
        'starting the engine',
        'loading weights',
        'loading weights 0',
        'loading weights 100',
        'measuring memory',
        'opening the server',
        'answering',
      ],
    );
  });

  it('is the last of several bars within a line', () => {
    const line =
      'Capturing CUDA graphs (decode, FULL):   0%| | 0/35\rCapturing CUDA graphs (decode, FULL):  80%|████ | 28/35';
    assert.deepEqual(startProgress([line]), { step: 'capturing CUDA graphs', percent: 80 });
  });

  it('is over when the server says so, whatever it was asked since', () => {
    const lines = [...START.map(([line]) => line), '(APIServer pid=7) INFO:     Application startup complete.'];
    const asked = '(APIServer pid=7) INFO:     127.0.0.1:4 - "GET /health HTTP/1.1" 200 OK';
    assert.equal(startProgress([...lines, asked]).isUp, true);
    assert.equal(startProgress([asked]).isUp, true);
    assert.deepEqual(startProgress([]), { step: 'starting' });
  });
});

describe('why a server ended', () => {
  const cases: [lines: string[], code: number | null, why: RegExp][] = [
    [
      [
        'ValueError: Free memory on device cuda:0 (3.21/23.69 GiB) on startup is less than desired GPU memory utilization (0.8, 18.95 GiB).',
        'RuntimeError: Engine core initialization failed. See root cause above.',
      ],
      1,
      /Only 3\.21 of the GPU's 23\.69 GiB were free .*smaller profile/,
    ],
    [
      [
        "ValueError: To serve at least one request with the model's max seq len (131072), (16.0 GiB KV cache is needed, which is larger than the available KV cache memory (4.1 GiB).",
      ],
      1,
      /one request of 131072 tokens/,
    ],
    [['Cannot access gated repo for url https://huggingface.co/api/models/google/gemma.'], 1, /licence.*HF_TOKEN/],
    [
      [
        "OSError: org/nope is not a local folder and is not a valid model identifier listed on 'https://huggingface.co/models'",
      ],
      1,
      /not found on the hub/,
    ],
    [['vllm: error: unrecognized arguments: --no-such-option 3'], 2, /option --no-such-option 3\./],
    [['INFO all is well'], null, /killed from outside.*memory/],
    [[], 137, /killed from outside/],
    [['RuntimeError: Engine core proc died unexpectedly'], 1, /Its engine died/],
    [['KeyError: hf_abcdefghijklmnop', '  at line 3'], 3, /with code 3; it said: "KeyError: hf_\*\*\*"/],
  ];
  for (const [lines, code, why] of cases) {
    it(`says ${why.source} `, () => assert.match(whyEnded(lines, code), why));
  }
});
