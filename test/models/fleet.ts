/**
 * The scripted fleet: one HTTP server a role that speaks vLLM's API (as of 0.32, see TESTING.md) and answers from a script.
 * For tests, benches and the demo. Where a real server behaves otherwise, this one is wrong.
 */
import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ROLES, type Role } from '../../src/shared/events.ts';
import { serveChat } from './chatCompletions.ts';
import type { ChatRequest } from './chatRequest.ts';
import { type Fault, type FaultInput, faultSchema } from './faults.ts';
import { infoFor, sendInfo } from './info.ts';
import { createMetrics } from './metrics.ts';
import { errorBody, UNAUTHORIZED } from './refusals.ts';
import { type Exchange, type Outcome, type RequestRecord, type RoleServer, sendJson } from './roleServer.ts';
import { createMatcher, loadScripts, type Script } from './script.ts';
import { createEngine, DEFAULT_TIMING, type Pace, type Timing } from './timing.ts';
import { createVocabulary } from './tokens.ts';
import { type ServerTraits, VLLM } from './traits.ts';
import { serveTranscription } from './transcriptions.ts';

interface RoleOptions {
  /** Served model name. */
  model?: string;
  /** Further names that it serves, as vLLM does adapters. */
  others?: string[];
  /** max_model_len, in tokens. */
  window?: number;
  /** Under which name reasoning is sent. */
  reasoningField?: 'reasoning' | 'reasoning_content';
  /** What it does otherwise than vLLM with the flags that README asks for. */
  traits?: Partial<ServerTraits>;
}

export interface FleetOptions {
  /** A directory with planner.yaml, coder.yaml, …; or the same as data. */
  script: string | Partial<Record<Role, Script>>;
  /** `instant` where absent. */
  pace?: Pace;
  timing?: Partial<Timing>;
  roles?: Partial<Record<Role, RoleOptions>>;
  /** Protects /v1, and nothing else, as vLLM's does. */
  apiKey?: string;
  /** The roles get this port and the three after it; free ones where absent. */
  portBase?: number;
  /** Gets every RequestRecord as a line of JSON. */
  logFile?: string;
}

export interface Fleet {
  /** Base URLs, each ending in /v1. */
  readonly urls: Readonly<Record<Role, string>>;
  /** The requests that ended, in the order in which they did, without those of probes. */
  readonly requests: readonly RequestRecord[];
  /** The requests of probes that ended, likewise. */
  readonly probes: readonly RequestRecord[];
  /** Requests that no reply of the script fits. */
  readonly unmatched: readonly string[];
  /** Replies of the script that could not be the answer to the request they matched. */
  readonly violations: readonly string[];
  /**
   * Gives the next requests of a role (one where `times` is absent) a fault; of those for which `at` holds, where it is there.
   * @returns what takes back those that are left
   */
  inject(
    role: Role,
    fault: FaultInput,
    options?: { times?: number; at?: (request: ChatRequest) => boolean },
  ): () => void;
  /** The server of a role is gone, its connections with it, until the returned function starts it again at the same place. */
  outage(role: Role): Promise<() => Promise<void>>;
  /** From now on, the server of a role shows that it was started anew. */
  restart(role: Role): void;
  /** The prefix cache of a role's server is empty: others used it. */
  forget(role: Role): void;
  /** Requests of a role that a slot works on. */
  running(role: Role): number;
  /** Resolves once no request is under way. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export const SERVED_MODELS: Readonly<Record<Role, string>> = {
  preprocessor: 'google/gemma-2-2b-it',
  planner: 'nvidia/Llama-3.1-Nemotron-Nano-8B-v1',
  coder: 'mistralai/Devstral-Small-2-24B-Instruct-2512',
  reviewer: 'Qwen/Qwen3-Coder-30B-A3B-Instruct',
};

const DEFAULT_SERVED_WINDOW = 32_768;

/** Seconds since 1970. */
const FIRST_START = 1_764_000_000;

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const scripts = typeof options.script === 'string' ? loadScripts(options.script) : options.script;
  const timing: Timing = { ...DEFAULT_TIMING, ...options.timing };
  const requests: RequestRecord[] = [];
  const probes: RequestRecord[] = [];
  const unmatched: string[] = [];
  const violations: string[] = [];
  const faults: { role: Role; fault: Fault; left: number; at: (request: ChatRequest) => boolean }[] = [];
  const waitingForQuiet: (() => void)[] = [];
  let underWay = 0;

  const log = (record: RequestRecord): void => {
    (record.probe === undefined ? requests : probes).push(record);
    if (options.logFile !== undefined) appendFileSync(options.logFile, `${JSON.stringify(record)}\n`);
  };

  const takeFault = (role: Role, request: ChatRequest): Fault | undefined => {
    const found = faults.find((each) => each.role === role && each.left > 0 && each.at(request));
    if (found) found.left -= 1;
    return found?.fault;
  };

  const servers = {} as Record<Role, RoleServer>;
  const https = {} as Record<Role, Server>;
  const urls = {} as Record<Role, string>;
  for (const [index, role] of ROLES.entries()) {
    const model = options.roles?.[role]?.model ?? SERVED_MODELS[role];
    const window = options.roles?.[role]?.window ?? DEFAULT_SERVED_WINDOW;
    const traits: ServerTraits = { ...VLLM, ...options.roles?.[role]?.traits };
    const server: RoleServer = {
      role,
      model,
      others: options.roles?.[role]?.others ?? [],
      window,
      reasoningField: options.roles?.[role]?.reasoningField ?? 'reasoning',
      traits,
      startedAt: FIRST_START,
      engine: createEngine(timing, options.pace ?? 'instant', traits.cacheBlock),
      metrics: createMetrics(model, window * timing.maxRunning),
      matcher: createMatcher(scripts[role] ?? [], role),
      vocabulary: createVocabulary(),
      grammars: new Set(),
      takeFault: (request) => takeFault(role, request),
      unmatched: (problem) => void unmatched.push(problem),
      violated: (reply, problem) => void violations.push(`${role}/${reply}: ${problem}`),
    };
    servers[role] = server;
    const http = createServer((request, response) => {
      underWay += 1;
      void serve(server, request, response, { apiKey: options.apiKey, log }).finally(() => {
        underWay -= 1;
        if (underWay === 0) for (const resolve of waitingForQuiet.splice(0)) resolve();
      });
    });
    https[role] = http;
    urls[role] =
      `http://127.0.0.1:${await listen(http, options.portBase === undefined ? 0 : options.portBase + index)}/v1`;
  }

  return {
    urls,
    requests,
    probes,
    unmatched,
    violations,
    inject: (role, fault, { times = 1, at = () => true } = {}) => {
      const injected = { role, fault: faultSchema.parse(fault), left: times, at };
      faults.push(injected);
      return () => {
        injected.left = 0;
      };
    },
    outage: async (role) => {
      const { port } = https[role].address() as AddressInfo;
      await closed(https[role]);
      return async () => void (await listen(https[role], port));
    },
    restart: (role) => {
      servers[role].startedAt += 60;
    },
    forget: (role) => servers[role].engine.forget(),
    running: (role) => servers[role].engine.running(),
    settled: () => (underWay === 0 ? Promise.resolve() : new Promise((resolve) => waitingForQuiet.push(resolve))),
    close: async () => {
      await Promise.all(Object.values(https).map(closed));
    },
  };
}

async function serve(
  server: RoleServer,
  request: IncomingMessage,
  response: ServerResponse,
  { apiKey, log }: { apiKey: string | undefined; log: (record: RequestRecord) => void },
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const gone = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const record: Exchange['record'] = { role: server.role, path, at: new Date().toISOString(), body: null };
  const exchange: Exchange = { response, signal: gone.signal, record };
  const finish = (outcome: Outcome): void => log({ ...record, outcome });
  try {
    const body = await readBody(request);
    if (apiKey !== undefined && path.startsWith('/v1') && request.headers.authorization !== `Bearer ${apiKey}`) {
      record.problem = 'wrong API key';
      sendJson(response, UNAUTHORIZED.status, UNAUTHORIZED.body);
      return finish('refused');
    }
    // vLLM has its chat there too, where no key is asked for.
    const isOpenDoor = server.traits.pages === 'vLLM' && path === '/invocations';
    switch (`${request.method} ${isOpenDoor ? '/v1/chat/completions' : path}`) {
      case 'POST /v1/chat/completions':
        record.body = parsedJson(body);
        return finish(await serveChat(server, exchange));
      case 'POST /v1/audio/transcriptions':
        return finish(await serveTranscription(server, exchange, body, request.headers['content-type'] ?? ''));
      default:
        sendInfo(response, infoFor(server, `${request.method} ${path}`, parsedJson(body)));
    }
  } catch (error) {
    if (gone.signal.aborted) return finish('cancelled');
    record.problem = String(error);
    finish('refused');
    // The fleet itself is broken: that must not pass for an answer.
    if (response.headersSent) response.destroy();
    else sendJson(response, 500, errorBody(500, 'InternalServerError', `scripted fleet: ${error}`).body);
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Undefined where it is no JSON; whoever needs it says so. */
function parsedJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
