/** POST /v1/chat/completions */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Choice, composeChoice, lieIn } from './answer.ts';
import { bodyWriter, type Head, streamWriter, timingsOf, usageOf } from './answerWriter.ts';
import { type ChatRequest, chatRequestSchema, renderPrompt, schemaName } from './chatRequest.ts';
import { breaks, type Fault, misbehave, type RefusingFault, refuses } from './faults.ts';
import type { Finished } from './metrics.ts';
import { probeAnswer, probeName } from './probeAnswers.ts';
import { BUSY, badRequest, ENGINE_DEAD, endOfPrompt, errorBody, refusalOf, tooLong } from './refusals.ts';
import { type Reply, ragged } from './reply.ts';
import { type Exchange, hang, type Outcome, type RoleServer, refuse } from './roleServer.ts';
import { isRecursive } from './schemaCheck.ts';
import { tokensOf } from './tokens.ts';
import type { ServerTraits } from './traits.ts';

/** Answers a chat completion request. Rejects when the client goes away. */
export async function serveChat(server: RoleServer, exchange: Exchange): Promise<Outcome> {
  const { record } = exchange;
  const parsed = chatRequestSchema.safeParse(record.body);
  if (!parsed.success) return refuse(exchange, badRequest(z.prettifyError(parsed.error)));
  const asked = parsed.data;
  // What it does not know, it drops with a line in its log.
  const request = server.traits.tools.required === 'broken' ? { ...asked, tool_choice: null } : asked;
  const promptText = renderPrompt(request);
  const prompt = tokensOf(promptText, server.traits.charactersPerToken);
  record.promptTokens = prompt.length;
  const refusal = refusalOf(asked, server, prompt.length);
  const probe = probeName(request);
  if (probe !== undefined) record.probe = probe;
  if (refusal) return refuse(exchange, refusal);
  const room = server.window - prompt.length;
  const maxTokens = Math.min(request.max_completion_tokens ?? request.max_tokens ?? room, room);
  if (probe !== undefined) {
    const given = probeAnswer(probe, server.traits);
    if (given.kind === 'refusal') return refuse(exchange, given.refusal);
    if (given.kind === 'hang') return spoil(server, exchange, { kind: 'hangBeforeFirstByte' });
    const choices = [composeChoice(given.reply, request, given.fault, maxTokens)];
    return answer(server, exchange, { request, promptText, prompt, choices, fault: given.fault });
  }

  const injected = server.takeFault(request);
  if (injected && refuses(injected)) return spoil(server, exchange, injected);
  const match = server.matcher.chat(request);
  if (match === undefined) {
    const schema = schemaName(request);
    const how = schema === undefined ? 'without a schema' : `with the schema "${schema}"`;
    const problem = `No reply in the script of the ${server.role} matches this request ${how}. It ends with: ${endOfPrompt(request)}`;
    server.unmatched(problem);
    return refuse(exchange, badRequest(problem));
  }
  record.reply = match.name;
  const fault = injected ?? match.fault ?? faultOfSchema(request, server.traits);
  if (fault && refuses(fault)) return spoil(server, exchange, fault);
  if (fault) record.fault = fault.kind;

  const choices: Choice[] = [];
  for (let index = 0; index < (request.n ?? 1); index += 1) {
    const turn = Math.abs((request.seed ?? 0) + index) % match.replies.length;
    const reply = match.replies[turn] ?? {};
    const lie = fault && misbehave(fault, reply, maxTokens) ? undefined : lieIn(reply, request, server.traits);
    if (lie !== undefined) {
      const problem = `The reply "${match.name}" in the script of the ${server.role} cannot be the answer: ${lie}.`;
      server.violated(match.name, problem);
      return refuse(exchange, errorBody(500, 'InternalServerError', problem));
    }
    choices.push(composeChoice(asServed(reply, request, server.traits), request, fault, maxTokens));
  }
  return answer(server, exchange, { request, promptText, prompt, choices, fault });
}

/** A reply in the manner of the server. */
function asServed(reply: Reply, request: ChatRequest, { schema, parallelCalls }: ServerTraits): Reply {
  if (schema === 'ragged' && schemaName(request) !== undefined) return ragged(reply);
  const isOneCall = request.parallel_tool_calls === false && parallelCalls === 'heeded';
  return isOneCall && reply.toolCalls ? { ...reply, toolCalls: reply.toolCalls.slice(0, 1) } : reply;
}

/** What vLLM's grammars make of some schemas. */
function faultOfSchema(request: ChatRequest, { pages }: ServerTraits): Fault | undefined {
  const isEndless = pages === 'vLLM' && isRecursive(request.response_format?.json_schema?.schema);
  return isEndless ? { kind: 'endlessNesting' } : undefined;
}

/** Waits for the grammar of a schema that is new to the server. */
async function compile({ traits, grammars }: RoleServer, request: ChatRequest, signal: AbortSignal): Promise<void> {
  const schema = request.response_format?.json_schema?.schema;
  if (schema === undefined || traits.firstSchemaMs === 0) return;
  const key = JSON.stringify(schema);
  if (grammars.has(key)) return;
  await sleep(traits.firstSchemaMs, undefined, { signal });
  grammars.add(key);
}

interface Work {
  request: ChatRequest;
  promptText: string;
  /** Tokens. */
  prompt: string[];
  choices: Choice[];
  fault: Fault | undefined;
}

async function answer(server: RoleServer, exchange: Exchange, work: Work): Promise<Outcome> {
  const { record, signal } = exchange;
  const { engine, metrics } = server;
  const head: Head = {
    id: `chatcmpl-${randomUUID().replaceAll('-', '')}`,
    object: work.request.stream ? 'chat.completion.chunk' : 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: server.model,
  };
  const write = work.request.stream ? streamWriter(server, exchange, head) : bodyWriter(server, exchange, head);
  const release = metrics.hold(work.prompt.length);
  const finished: Finished = {
    reason: 'abort',
    promptTokens: work.prompt.length,
    cachedTokens: 0,
    completionTokens: 0,
    queue: 0,
    prefill: 0,
    decode: 0,
  };
  const slot = await engine.enter(signal).catch((reason) => {
    release();
    throw reason;
  });
  try {
    finished.queue = slot.waited;
    finished.cachedTokens = engine.cachedTokens(work.prompt);
    record.cachedTokens = finished.cachedTokens;
    finished.prefill = ((work.prompt.length - finished.cachedTokens) / engine.timing.prefill) * 1000;
    // The probe of a recorded crew is not to be waited for.
    const pass: typeof engine.pass = (ms, own) => engine.pass(record.probe === undefined ? ms : 0, own);
    await compile(server, work.request, signal);
    await pass(finished.prefill, signal);
    const breaking = breaks(work.fault) ? work.fault : undefined;
    const longest = Math.max(...work.choices.map(({ pieces }) => pieces.length));
    for (let at = 0; at < Math.max(1, longest); at += 1) {
      if (breaking && at >= breaking.afterTokens) break;
      await pass(1000 / engine.timing.decode, signal);
      finished.decode += 1000 / engine.timing.decode;
      for (const [index, choice] of work.choices.entries()) {
        const piece = choice.pieces[at];
        const isLast = at >= choice.pieces.length - 1 && breaking === undefined;
        if (piece) finished.completionTokens += 1;
        if (piece || at === 0) await write.piece(index, piece, isLast ? choice.finishReason : null);
      }
    }
    record.completionTokens = finished.completionTokens;
    record.modelMs = finished.queue + finished.prefill + finished.decode;
    if (breaking) {
      await write.broken(breaking);
      finished.reason = 'error';
    } else {
      engine.remember(tokensOf(work.promptText + (work.choices[0]?.turn ?? ''), server.traits.charactersPerToken));
      finished.reason = work.choices[0]?.finishReason ?? 'stop';
      await write.end(usageOf(finished, work.choices, server.traits), {
        wanted: work.request.stream_options?.include_usage === true,
        ...(server.traits.timings ? { timings: timingsOf(finished) } : {}),
      });
    }
    return work.fault ? 'faulted' : 'served';
  } finally {
    // A server that does not notice works on for somebody who is gone.
    if (server.traits.cancels || !signal.aborted) slot.leave();
    release();
    metrics.finish(finished);
  }
}

/** A fault that shows before any answer is there. */
async function spoil(server: RoleServer, exchange: Exchange, fault: RefusingFault): Promise<Outcome> {
  const { record, response, signal } = exchange;
  record.fault = fault.kind;
  switch (fault.kind) {
    case 'dropBeforeHeaders':
      response.destroy();
      return 'faulted';
    case 'hangBeforeFirstByte': {
      const slot = await server.engine.enter(signal);
      return await hang(signal).finally(slot.leave);
    }
    case 'busy': {
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
      refuse(exchange, { ...BUSY, headers });
      return 'faulted';
    }
    case 'serverError':
      refuse(exchange, ENGINE_DEAD);
      return 'faulted';
    case 'toolsRefused':
      refuse(
        exchange,
        badRequest('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
      );
      return 'faulted';
    case 'schemaRefused':
      refuse(
        exchange,
        badRequest('The provided JSON schema contains features not supported by xgrammar.', 'response_format'),
      );
      return 'faulted';
    case 'contextExceeded':
      refuse(
        exchange,
        tooLong({ traits: server.traits, window: fault.window ?? server.window }, record.promptTokens ?? 0),
      );
      return 'faulted';
    default:
      return fault satisfies never;
  }
}
