/**
 * Behaves as vLLM does, for tests of what starts and ends it: three processes in one group, of which the last two outlive
 * the first when that is killed; healthy only after a while; deaf to SIGTERM while a stream is open.
 * Called as `node serverLike.mjs serve MODEL --port N …`. SERVER_LIKE says how it fails: "memory", "option", "stuck".
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const [what, model, ...rest] = process.argv.slice(2);
const say = (line) => process.stdout.write(`(APIServer pid=${process.pid}) ${line}\n`);

if (what === 'engine') setInterval(() => {}, 60_000);
else serve();

function serve() {
  const mode = process.env.SERVER_LIKE ?? '';
  if (mode === 'option') {
    process.stderr.write('vllm: error: unrecognized arguments: --no-such-option\n');
    process.exit(2);
  }
  const children = [1, 2].map(() => spawn(process.execPath, [process.argv[1], 'engine'], { stdio: 'ignore' }));
  say(`INFO vLLM API server version 0; token ${process.env.HF_TOKEN ?? 'none'}`);
  say(`INFO [gpu_model_runner.py:1] Starting to load model ${model}...`);
  if (mode === 'memory') {
    say('ERROR torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.');
    // As a crash of the interpreter does: what it has started stays.
    process.kill(process.pid, 'SIGABRT');
    return;
  }
  say('Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01,  1.00s/it]');
  let isReady = false;
  let streams = 0;
  if (mode !== 'stuck') {
    setTimeout(() => {
      isReady = true;
      say('INFO:     Application startup complete.');
    }, 300);
  }
  createServer((request, response) => {
    if (request.url === '/health') response.writeHead(isReady ? 200 : 503).end();
    else if (request.url === '/v1/models') response.end(JSON.stringify({ data: [{ id: model }] }));
    else if (request.url === '/v1/chat/completions') {
      streams += 1;
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n');
      response.on('close', () => {
        streams -= 1;
      });
    } else response.writeHead(404).end();
  }).listen(Number(rest[rest.indexOf('--port') + 1]), '127.0.0.1');
  process.on('SIGTERM', () => {
    if (streams > 0) return;
    for (const child of children) child.kill('SIGKILL');
    process.exit(0);
  });
}
