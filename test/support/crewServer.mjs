/**
 * A stand-in for vLLM that shows how it does: its start in steps, colours in its log, and metrics of somebody at work.
 * Called as `node crewServer.mjs CONTROL serve MODEL --port N …`. Files in CONTROL say how the server on a port behaves:
 * "N.hold": it stays in the middle of its start for as long as the file is there; "N.memory": it runs out of memory.
 * It counts in "N.asked" how often it was asked for its metrics.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [control = '', , model = '', ...rest] = process.argv.slice(2);
const port = Number(rest[rest.indexOf('--port') + 1]);
const told = (what) => existsSync(join(control, `${port}.${what}`));
const say = (line) => process.stdout.write(`\u001b[36m(APIServer pid=${process.pid})\u001b[0m ${line}\n`);

say('INFO 11-26 06:00:00 [api_server.py:1] vLLM API server version 0.32.0');
say(`INFO 11-26 06:00:01 [gpu_model_runner.py:1] Starting to load model ${model}...`);
say('Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01,  1.00s/it]');
if (told('memory')) {
  say('\u001b[31mERROR\u001b[0m torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.');
  process.exit(1);
}

let isReady = false;
let asked = 0;
const start = Date.now();
const rising = setInterval(() => {
  if (told('hold')) return;
  clearInterval(rising);
  setTimeout(() => {
    isReady = true;
    say('INFO:     Application startup complete.');
  }, 300);
}, 50);

/** Counters since the start, and what they rise by each tick. */
const total = { read: 0, written: 0, asked: 0, cached: 0, firsts: 0, waited: 0 };
const now = { running: 0, waiting: 0, kv: 0 };
const TICK = 100;
setInterval(() => work((Date.now() - start) / 1000), TICK);

/** The Coder works all the time, with a prompt every nine seconds; the Reviewer looks at what it has done; the others rest. */
function work(second) {
  const wave = (length, shift) => 0.5 + 0.5 * Math.sin((2 * Math.PI * (second + shift)) / length);
  const share = TICK / 1000;
  if (/Devstral/.test(model)) {
    const readsNow = second % 9 < 1.6;
    now.running = second % 18 < 12 ? 2 : 1;
    now.waiting = second % 36 > 30 ? 1 : 0;
    now.kv = 0.34 + 0.2 * wave(50, 0) + 0.05 * wave(11, 3);
    total.written += share * (62 + 24 * wave(15, 5) + 9 * wave(4, 1));
    if (readsNow) prompt(share * (2600 + 900 * wave(20, 2)), 0.8 + 0.16 * wave(35, 4), 0.24 + 0.2 * wave(25, 9));
  } else if (/Qwen3/.test(model)) {
    const isAtWork = second % 34 > 16;
    now.running = isAtWork ? 1 : 0;
    now.kv = isAtWork ? 0.14 + 0.08 * wave(17, 4) : 0.03;
    if (isAtWork) total.written += share * (44 + 12 * wave(8, 2));
    if (second % 34 > 16 && second % 34 < 19) prompt(share * 3800, 0.71 + 0.1 * wave(60, 0), 0.46);
  } else if (/Nemotron/.test(model)) {
    const isAtWork = second % 75 < 9;
    now.running = isAtWork ? 1 : 0;
    now.kv = isAtWork ? 0.11 : 0.02;
    if (isAtWork) total.written += share * 88;
    if (second % 75 < 1.5) prompt(share * 2100, 0.64, 0.19);
  }
}

function prompt(tokens, hits, seconds) {
  total.read += tokens * (1 - hits);
  total.asked += tokens;
  total.cached += tokens * hits;
  total.firsts += 0.1;
  total.waited += 0.1 * seconds;
}

function metrics() {
  const lines = {
    num_requests_running: now.running,
    num_requests_waiting: now.waiting,
    kv_cache_usage_perc: now.kv,
    prompt_tokens_total: total.read,
    generation_tokens_total: total.written,
    prefix_cache_queries_total: total.asked,
    prefix_cache_hits_total: total.cached,
    time_to_first_token_seconds_count: total.firsts,
    time_to_first_token_seconds_sum: total.waited,
  };
  return Object.entries(lines)
    .map(([name, value]) => `vllm:${name}{engine="0",model_name="crew"} ${value}\n`)
    .join('');
}

createServer(({ url }, response) => {
  if (url === '/health') response.writeHead(isReady ? 200 : 503).end();
  else if (!isReady) response.writeHead(503).end();
  else if (url === '/v1/models') response.end(JSON.stringify({ data: [{ id: 'crew' }] }));
  else if (url === '/metrics') {
    asked += 1;
    writeFileSync(join(control, `${port}.asked`), String(asked));
    response.end(metrics());
  } else response.writeHead(404).end();
}).listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
