/** The endpoints that tell about a server: health, models, tokens, metrics. */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { chatRequestSchema, renderPrompt } from './chatRequest.ts';
import { badRequest } from './refusals.ts';
import type { RoleServer } from './roleServer.ts';
import { tokensOf } from './tokens.ts';

export type Info = { status: number; json: unknown } | { status: number; text: string };

const tokenizeSchema = z.union([
  chatRequestSchema.pick({ messages: true, tools: true }).transform(renderPrompt),
  z.looseObject({ prompt: z.string() }).transform(({ prompt }) => prompt),
]);
const detokenizeSchema = z.looseObject({ tokens: z.array(z.number()) });

/** @param route method and path */
export function infoFor(server: RoleServer, route: string, body: unknown): Info {
  const { model, window, engine, metrics, vocabulary } = server;
  switch (route) {
    case 'GET /health':
    case 'GET /ping':
    case 'POST /ping':
      return { status: 200, text: '' };
    case 'GET /version':
      return ok({ version: '0.32.0' });
    case 'GET /metrics':
      return { status: 200, text: metrics.render(engine) };
    case 'GET /v1/models':
      return ok({
        object: 'list',
        data: [
          {
            id: model,
            object: 'model',
            created: 0,
            owned_by: 'vllm',
            root: model,
            parent: null,
            max_model_len: window,
          },
        ],
      });
    case 'POST /tokenize': {
      const read = tokenizeSchema.safeParse(body);
      if (!read.success) return refused('Expected messages or a prompt.');
      const tokens = tokensOf(read.data);
      return ok({ count: tokens.length, max_model_len: window, tokens: vocabulary.ids(tokens), token_strs: null });
    }
    case 'POST /detokenize': {
      const read = detokenizeSchema.safeParse(body);
      return read.success ? ok({ prompt: vocabulary.text(read.data.tokens) }) : refused('Expected tokens.');
    }
    default:
      return { status: 404, json: { detail: 'Not Found' } };
  }
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
