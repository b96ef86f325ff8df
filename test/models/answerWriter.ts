/** How an answer leaves the server: as a stream of events, or in one piece. */
import { once } from 'node:events';
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Choice, Piece } from './answer.ts';
import type { BreakingFault } from './faults.ts';
import type { Finished } from './metrics.ts';
import { ENGINE_DEAD } from './refusals.ts';
import { type Exchange, hang, type RoleServer, sendJson } from './roleServer.ts';
import type { ServerTraits } from './traits.ts';

/** What every chunk begins with. */
export interface Head {
  id: string;
  object: 'chat.completion' | 'chat.completion.chunk';
  created: number;
  model: string;
}

export interface UsageBody {
  prompt_tokens: number;
  total_tokens: number;
  completion_tokens: number;
  prompt_tokens_details: { cached_tokens: number } | null;
  completion_tokens_details: { reasoning_tokens: number };
}

/** What llama.cpp's server tells beside the usage. */
export interface TimingsBody {
  cache_n: number;
  prompt_n: number;
  prompt_ms: number;
  prompt_per_second: number;
  predicted_n: number;
  predicted_ms: number;
  predicted_per_second: number;
}

export interface AnswerWriter {
  /** The next token of a choice; without one where the answer is empty. */
  piece(index: number, piece: Piece | undefined, finishReason: string | null): Promise<void>;
  /** @param about.wanted whether a stream is to tell the usage */
  end(usage: UsageBody, about: { wanted: boolean; timings?: TimingsBody }): Promise<void>;
  broken(fault: BreakingFault): Promise<void>;
}

export function streamWriter(server: RoleServer, { response, signal }: Exchange, head: Head): AnswerWriter {
  const begun = new Set<number>();
  const sendText = async (text: string): Promise<void> => {
    signal.throwIfAborted();
    if (!response.write(`data: ${text}\n\n`)) await once(response, 'drain', { signal });
  };
  const send = (body: object): Promise<void> => sendText(JSON.stringify({ ...head, ...body }));
  const sendDelta = (index: number, delta: object, finishReason: string | null): Promise<void> =>
    send({
      choices: [
        {
          index,
          delta,
          logprobs: null,
          finish_reason: finishReason,
          ...(finishReason === null ? {} : { stop_reason: null }),
        },
      ],
    });
  // The headers go out at once, as vLLM's do; the first piece may take its time.
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  response.flushHeaders();
  return {
    piece: async (index, piece, finishReason) => {
      if (!begun.has(index)) await sendDelta(index, { role: 'assistant', content: '' }, null);
      begun.add(index);
      await sendDelta(index, piece ? deltaOf(piece, server.reasoningField) : { content: '' }, finishReason);
    },
    end: async (usage, { wanted, ...timings }) => {
      if (wanted) await send({ choices: [], usage, ...timings });
      await sendText('[DONE]');
      response.end();
    },
    broken: async (fault) => {
      switch (fault.kind) {
        case 'dropMidStream':
          // What was written leaves first.
          await nextTick();
          response.destroy();
          return;
        case 'hangMidStream':
          return hang(signal);
        case 'malformedChunk':
          await sendText(`{"id": "${head.id}", "choices": [{"index": 0, "del`);
          break;
        case 'deadEngine':
          await sendText(JSON.stringify(ENGINE_DEAD.body));
          break;
        case 'endWithoutFinish':
          break;
        default:
          return fault satisfies never;
      }
      await sendText('[DONE]');
      response.end();
    },
  };
}

export function bodyWriter(server: RoleServer, { response, signal }: Exchange, head: Head): AnswerWriter {
  const choices = new Map<number, { pieces: Piece[]; finishReason: string | null }>();
  const body = (usage: UsageBody | null, more: object = {}): object => ({
    ...head,
    choices: [...choices].map(([index, { pieces, finishReason }]) => ({
      index,
      message: messageOf(pieces, server.reasoningField),
      logprobs: null,
      finish_reason: finishReason,
      stop_reason: null,
    })),
    usage,
    ...more,
  });
  return {
    piece: async (index, piece, finishReason) => {
      const choice = choices.get(index) ?? { pieces: [], finishReason: null };
      if (piece) choice.pieces.push(piece);
      choice.finishReason = finishReason;
      choices.set(index, choice);
    },
    end: async (usage, { wanted: _, ...timings }) => sendJson(response, 200, body(usage, timings)),
    broken: async (fault) => {
      switch (fault.kind) {
        case 'hangMidStream':
          return hang(signal);
        case 'deadEngine':
          return sendJson(response, ENGINE_DEAD.status, ENGINE_DEAD.body);
        case 'endWithoutFinish':
          return sendJson(response, 200, body(null));
        case 'malformedChunk':
        case 'dropMidStream': {
          const half = JSON.stringify(body(null)).slice(0, 40);
          response.writeHead(200, { 'content-type': 'application/json' });
          if (fault.kind === 'malformedChunk') {
            response.end(half);
            return;
          }
          response.write(half);
          await nextTick();
          response.destroy();
          return;
        }
        default:
          return fault satisfies never;
      }
    },
  };
}

function deltaOf(piece: Piece, reasoningField: RoleServer['reasoningField']): object {
  if (piece.kind === 'broken') return { tool_calls: [{ function: piece.arguments }] };
  if (piece.kind !== 'toolCall') return { [piece.kind === 'content' ? 'content' : reasoningField]: piece.text };
  const { id, name, index } = piece;
  if (name === undefined) return { tool_calls: [{ index, function: { arguments: piece.arguments } }] };
  return { tool_calls: [{ id, type: 'function', index, function: { name, arguments: piece.arguments } }] };
}

function messageOf(pieces: readonly Piece[], reasoningField: RoleServer['reasoningField']): object {
  const text = (kind: Piece['kind']): string | null =>
    pieces.map((piece) => ('text' in piece && piece.kind === kind ? piece.text : '')).join('') || null;
  const calls: { id: string; type: 'function'; function: { name: string; arguments: string } }[] = [];
  for (const piece of pieces) {
    if (piece.kind !== 'toolCall') continue;
    const call = calls[piece.index];
    if (call) call.function.arguments += piece.arguments;
    else calls.push({ id: piece.id ?? '', type: 'function', function: { name: piece.name ?? '', arguments: '' } });
  }
  return {
    role: 'assistant',
    content: text('content'),
    refusal: null,
    [reasoningField]: text('reasoning'),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

export function usageOf(
  finished: Finished,
  choices: readonly Choice[],
  { reportsCached }: Pick<ServerTraits, 'reportsCached'>,
): UsageBody {
  const reasoning = choices.flatMap(({ pieces }) => pieces).filter(({ kind }) => kind === 'reasoning').length;
  return {
    prompt_tokens: finished.promptTokens,
    total_tokens: finished.promptTokens + finished.completionTokens,
    completion_tokens: finished.completionTokens,
    prompt_tokens_details: reportsCached ? { cached_tokens: finished.cachedTokens } : null,
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}

export function timingsOf({ promptTokens, cachedTokens, completionTokens, prefill, decode }: Finished): TimingsBody {
  const perSecond = (tokens: number, ms: number): number => (ms === 0 ? 0 : (tokens * 1000) / ms);
  const read = promptTokens - cachedTokens;
  return {
    cache_n: cachedTokens,
    prompt_n: read,
    prompt_ms: prefill,
    prompt_per_second: perSecond(read, prefill),
    predicted_n: completionTokens,
    predicted_ms: decode,
    predicted_per_second: perSecond(completionTokens, decode),
  };
}
