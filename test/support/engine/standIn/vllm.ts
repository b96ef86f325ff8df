import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { parse } from 'yaml';
import { createMetrics } from '../../../models/metrics.ts';
import { createEngine, DEFAULT_TIMING } from '../../../models/timing.ts';

/** What a stand-in is told to do: by the variable STAND_IN, or while it runs by `POST /stand-in/WORD`. */
type Behaviour =
  /** Ends while it loads, as vLLM does where the GPU is full. */
  | 'crash'
  /** Takes memory until the kernel ends it. */
  | 'oom'
  /** Never gets ready. */
  | 'hang'
  /** Its engine dies while it serves, and it ends with 0, as vLLM does. */
  | 'dead'
  /** Answers 503 to its health check. */
  | 'sick'
  /** Is well, and does not end when it is asked to, as vLLM may not with an open answer. */
  | 'stubborn'
  | 'well';

/** A model server that loads (STAND_IN_LOADS milliseconds), says what vLLM says meanwhile, and then answers as it does. */
export function serveModel(args: readonly string[]): void {
  const settings = settingsOf(args);
  let behaviour = (process.env.STAND_IN ?? 'well') as Behaviour;
  let isLoaded = false;
  const startedAt = Date.now() / 1000;
  const metrics = createMetrics(settings.names[0] ?? settings.model, 65_536);
  const engine = createEngine(DEFAULT_TIMING, 'instant', 16);

  const obey = (word: Behaviour): void => {
    behaviour = word;
    if (word === 'crash') crash();
    if (word === 'oom') takeMemory();
    if (word === 'dead') die();
  };

  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const word = /^\/stand-in\/(\w+)$/.exec(path)?.[1];
    if (word !== undefined) {
      response.end();
      return obey(word as Behaviour);
    }
    if (!isLoaded || behaviour === 'sick') return void response.writeHead(503).end();
    if (path === '/health') return void response.writeHead(200).end();
    if (path === '/metrics') return void response.end(metrics.render(engine, startedAt));
    if (path === '/v1/models') return sendModels(response, settings);
    response.writeHead(404).end('{"detail":"Not Found"}');
  });

  log(`(APIServer pid=1) INFO api_server.py:1280] vLLM API server version 0.33.0`);
  log(
    `(APIServer pid=1) INFO core.py:77] Initializing a V1 LLM engine (v0.33.0) with config: model='${settings.model}'`,
  );
  // With this machine's network, on the loopback only.
  server.listen(settings.port, process.env.STAND_IN_PORT === undefined ? undefined : '127.0.0.1');
  server.on('error', (error) => {
    log(`OSError: [Errno 98] ${error.message.includes('EADDRINUSE') ? 'Address already in use' : error.message}`);
    process.exit(1);
  });
  process.on('SIGTERM', () => {
    if (behaviour !== 'stubborn') process.exit(0);
  });
  if (behaviour !== 'well' && behaviour !== 'stubborn') return void setTimeout(() => obey(behaviour), 100);
  const loads = Number(process.env.STAND_IN_LOADS ?? 300);
  log(`(EngineCore_DP0 pid=27) INFO gpu_model_runner.py:2602] Starting to load model ${settings.model}...`);
  for (const percent of [0, 50, 100]) {
    setTimeout(
      () => {
        log(
          `Loading safetensors checkpoint shards: ${percent}% Completed | ${percent / 50}/2 [00:00<00:00,  4.00it/s]`,
        );
      },
      (loads * percent) / 120,
    );
  }
  setTimeout(() => {
    log('(EngineCore_DP0 pid=27) INFO default_loader.py:267] Loading weights took 0.12 seconds');
    log('(APIServer pid=1) INFO:     Application startup complete.');
    isLoaded = true;
  }, loads);
}

interface Settings {
  model: string;
  names: string[];
  port: number;
  window: number;
}

/** As vLLM reads them: the file that --config names, and over it the command line. */
function settingsOf(args: readonly string[]): Settings {
  const given = new Map<string, string[]>();
  let values: string[] = [];
  given.set('model', values);
  for (const arg of args) {
    const [, name, value] = /^--([\w.-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) values.push(arg);
    else {
      values = value === undefined ? [] : [value];
      given.set(name, values);
    }
  }
  const [file] = given.get('config') ?? [];
  const read = file === undefined ? {} : (parse(readFileSync(file, 'utf8')) as Record<string, unknown>);
  const asked = (name: string): string[] => {
    const said = given.get(name);
    if (said !== undefined && said.length > 0) return said;
    const value = read[name];
    return value === undefined ? [] : [value].flat().map(String);
  };
  const [model = 'Qwen/Qwen3-0.6B'] = asked('model');
  const names = asked('served-model-name');
  return {
    model,
    names: names.length > 0 ? names : [model],
    port: Number(process.env.STAND_IN_PORT ?? asked('port')[0] ?? 8000),
    window: Number(asked('max-model-len')[0] ?? 40_960),
  };
}

function sendModels(response: ServerResponse, { model, names, window }: Settings): void {
  const data = names.map((id) => ({ id, object: 'model', owned_by: 'vllm', root: model, max_model_len: window }));
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ object: 'list', data }));
}

function crash(): void {
  log('(EngineCore_DP0 pid=27) ERROR core.py:708] EngineCore failed to start.');
  log(
    'ValueError: Free memory on device cuda:0 (5.31/23.64 GiB) on startup is less than desired GPU memory utilization (0.4, 9.46 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.',
  );
  log('RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}');
  process.exit(1);
}

function die(): void {
  log('(APIServer pid=1) ERROR async_llm.py:708] AsyncLLM output_handler failed.');
  log(
    'vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above) for the root cause.',
  );
  // Who told it has its answer by then.
  setTimeout(() => process.exit(0), 100);
}

function takeMemory(): void {
  const taken: Buffer[] = [];
  setInterval(() => taken.push(Buffer.alloc(32 * 1024 * 1024, 1)), 5);
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
