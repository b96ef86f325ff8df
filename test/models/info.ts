/** The endpoints that tell about a server: health, models, tokens, metrics. */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { chatRequestSchema, renderPrompt } from './chatRequest.ts';
import { badRequest } from './refusals.ts';
import type { RoleServer } from './roleServer.ts';
import { tokensOf } from './tokens.ts';

export type Info = { status: number; json: unknown } | { status: number; text: string };

const rendered = chatRequestSchema.pick({ messages: true, tools: true }).transform(renderPrompt);
const tokenizeSchema = z.union([rendered, z.looseObject({ prompt: z.string() }).transform(({ prompt }) => prompt)]);
const contentSchema = z.looseObject({ content: z.string() });
const detokenizeSchema = z.looseObject({ tokens: z.array(z.number()) });

/** @param route method and path */
export function infoFor(server: RoleServer, route: string, body: unknown): Info {
  const { window, vocabulary } = server;
  const page = ownPage(server, route, body);
  if (page !== undefined) return page;
  switch (route) {
    case 'GET /health':
    case 'GET /ping':
    case 'POST /ping':
      return { status: 200, text: '' };
    case 'GET /v1/models':
      return ok({
        object: 'list',
        data: [server.model, ...server.others].map((id) => ({ id, object: 'model', created: 0, ...listed(server) })),
      });
    case 'POST /tokenize': {
      const read = tokenizeSchema.safeParse(body);
      if (!read.success) return refused('Expected messages or a prompt.');
      const tokens = tokensOf(read.data, server.traits.charactersPerToken);
      return ok({ count: tokens.length, max_model_len: window, tokens: vocabulary.ids(tokens), token_strs: null });
    }
    case 'POST /detokenize': {
      const read = detokenizeSchema.safeParse(body);
      return read.success ? ok({ prompt: vocabulary.text(read.data.tokens) }) : refused('Expected tokens.');
    }
    default:
      return NOT_FOUND;
  }
}

const NOT_FOUND: Info = { status: 404, json: { detail: 'Not Found' } };

/** What only one kind of server shows. */
function ownPage(server: RoleServer, route: string, body: unknown): Info | undefined {
  const { model, window, engine, metrics, traits, startedAt, vocabulary } = server;
  if (traits.transcriber === 'faster-whisper' && route === 'GET /v1/models') return NOT_FOUND;
  switch (`${traits.pages} ${route}`) {
    case 'vLLM GET /version':
      return ok({ version: '0.32.0' });
    case 'vLLM GET /metrics':
      return { status: 200, text: metrics.render(engine, startedAt) };
    case 'llama.cpp GET /metrics':
      return {
        status: 200,
        text: metrics.renderShort(engine),
      };
    case 'llama.cpp POST /apply-template': {
      const read = rendered.safeParse(body);
      return read.success ? ok({ prompt: read.data }) : refused("'messages' is required");
    }
    case 'llama.cpp POST /tokenize': {
      // Messages say nothing to it.
      const read = contentSchema.safeParse(body);
      return ok({ tokens: read.success ? vocabulary.ids(tokensOf(read.data.content, traits.charactersPerToken)) : [] });
    }
    case 'llama.cpp GET /props':
      return ok({
        default_generation_settings: { n_ctx: window, params: {} },
        total_slots: engine.timing.maxRunning,
        model_path: `/models/${model}.gguf`,
        chat_template: '{{ messages }}',
        build_info: `b11434-${startedAt}`,
      });
    case 'Ollama GET /api/version':
      return ok({ version: '0.14.2' });
    case 'Ollama GET /api/ps':
      return ok({ models: [{ name: model, model, size: 1, context_length: window }] });
    case 'LM Studio GET /api/v0/models':
      return ok({
        object: 'list',
        data: [
          { id: model, type: 'llm', state: 'loaded', max_context_length: window * 4, loaded_context_length: window },
        ],
      });
    default:
      return undefined;
  }
}

/** What the list of models says of the model. */
function listed({ model, window, traits }: RoleServer): object {
  const owner = {
    'llama.cpp': 'llamacpp',
    vLLM: 'vllm',
    Ollama: 'library',
    'LM Studio': 'organization_owner',
    none: '',
  };
  const told = traits.pages === 'llama.cpp' ? { meta: { n_ctx: window } } : { max_model_len: window };
  return { owned_by: owner[traits.pages], root: model, parent: null, ...(traits.tellsWindow ? told : {}) };
}

export function sendInfo(response: ServerResponse, info: Info): void {
  const isText = 'text' in info;
  const type = isText ? 'text/plain; version=0.0.4; charset=utf-8' : 'application/json';
  response.writeHead(info.status, { 'content-type': type }).end(isText ? info.text : JSON.stringify(info.json));
}

function ok(json: unknown): Info {
  return { status: 200, json };
}

function refused(message: string): Info {
  const { status, body } = badRequest(message);
  return { status, json: body };
}
