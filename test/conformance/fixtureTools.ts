import { setTimeout as wait } from 'node:timers/promises';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  type CallToolResult,
  CreateMessageResultSchema,
  type ElicitRequestFormParams,
  ElicitResultSchema,
  type ServerNotification,
  type ServerRequest,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';
import { PIXEL, SILENCE } from './samples.ts';

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
type Content = CallToolResult['content'][number];

/** A tool of the official suite's. */
export interface FixtureTool {
  description: string;
  inputSchema?: Tool['inputSchema'];
  run(args: Record<string, unknown>, extra: Extra): Promise<Content[]> | Content[];
}

const text = (words: string): Content => ({ type: 'text', text: words });
const image: Content = { type: 'image', data: PIXEL, mimeType: 'image/png' };

/** Every tool that a scenario calls, by its name. A call that throws is a result that says so. */
export const FIXTURE_TOOLS: Record<string, FixtureTool> = {
  test_simple_text: {
    description: 'A text.',
    run: () => [text('This is a simple text response for testing.')],
  },
  test_image_content: { description: 'A picture.', run: () => [image] },
  test_audio_content: {
    description: 'A sound.',
    run: () => [{ type: 'audio', data: SILENCE, mimeType: 'audio/wav' }],
  },
  test_embedded_resource: {
    description: 'A resource.',
    run: () => [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  },
  test_multiple_content_types: {
    description: 'A text, a picture and a resource.',
    run: () => [
      text('Multiple content types test:'),
      image,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: JSON.stringify({ test: 'data', value: 123 }),
        },
      },
    ],
  },
  test_tool_with_logging: {
    description: 'Logs while it works.',
    async run(_args, { sendNotification }) {
      for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await sendNotification({ method: 'notifications/message', params: { level: 'info', data } });
        await wait(50);
      }
      return [text('Logged.')];
    },
  },
  test_tool_with_progress: {
    description: 'Says how far it is.',
    async run(_args, { sendNotification, _meta }) {
      for (const progress of [0, 50, 100]) {
        if (_meta?.progressToken !== undefined) {
          const params = { progressToken: _meta.progressToken, progress, total: 100 };
          await sendNotification({ method: 'notifications/progress', params });
        }
        await wait(50);
      }
      return [text('Done.')];
    },
  },
  test_error_handling: {
    description: 'Fails.',
    run() {
      throw new Error('This tool intentionally returns an error for testing');
    },
  },
  test_sampling: {
    description: "Asks the client's model.",
    inputSchema: { type: 'object', properties: { prompt: { type: 'string' } }, required: ['prompt'] },
    async run({ prompt }, { sendRequest }) {
      const { content } = await sendRequest(
        {
          method: 'sampling/createMessage',
          params: { messages: [{ role: 'user', content: { type: 'text', text: String(prompt) } }], maxTokens: 100 },
        },
        CreateMessageResultSchema,
      );
      return [text(`LLM response: ${content.type === 'text' ? content.text : content.type}`)];
    },
  },
  test_elicitation: {
    description: 'Asks the user.',
    inputSchema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
    run: async ({ message }, extra) => {
      const answer = await elicited(extra, String(message), {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      });
      return [text(`User response: ${answer}`)];
    },
  },
  test_elicitation_sep1034_defaults: {
    description: 'Asks the user, and says what is likely.',
    run: async (_args, extra) => {
      const answer = await elicited(extra, 'Are these right?', {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      });
      return [text(`Elicitation completed: ${answer}`)];
    },
  },
  test_elicitation_sep1330_enums: {
    description: 'Has the user choose.',
    run: async (_args, extra) => {
      const options = ['option1', 'option2', 'option3'];
      const answer = await elicited(extra, 'Which of these?', {
        untitledSingle: { type: 'string', enum: options },
        titledSingle: { type: 'string', oneOf: titled('value', ['First Option', 'Second Option', 'Third Option']) },
        legacyEnum: {
          type: 'string',
          enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'],
        },
        untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
        titledMulti: {
          type: 'array',
          items: { anyOf: titled('value', ['First Choice', 'Second Choice', 'Third Choice']) },
        },
      });
      return [text(`Elicitation completed: ${answer}`)];
    },
  },
  test_reconnection: {
    description: 'Closes its stream before it answers.',
    async run(_args, { closeSSEStream }) {
      closeSSEStream?.();
      await wait(100);
      return [text('Answered after the stream was closed.')];
    },
  },
  json_schema_2020_12_tool: {
    description: 'Has a schema with parts of its own.',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } },
      },
      properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
      additionalProperties: false,
    },
    run: (args) => [text(JSON.stringify(args))],
  },
};

function titled(prefix: string, titles: string[]): { const: string; title: string }[] {
  return titles.map((title, at) => ({ const: `${prefix}${at + 1}`, title }));
}

async function elicited(
  { sendRequest }: Extra,
  message: string,
  properties: ElicitRequestFormParams['requestedSchema']['properties'],
): Promise<string> {
  const { action, content } = await sendRequest(
    { method: 'elicitation/create', params: { message, requestedSchema: { type: 'object', properties } } },
    ElicitResultSchema,
  );
  return `action=${action}, content=${JSON.stringify(content ?? {})}`;
}

/** @returns the result of a call, or undefined where there is no such tool */
export async function callFixture(
  name: string,
  args: Record<string, unknown>,
  extra: Extra,
): Promise<CallToolResult | undefined> {
  const tool = FIXTURE_TOOLS[name];
  if (!tool) return undefined;
  try {
    return { content: await tool.run(args, extra) };
  } catch (error) {
    return { content: [text(error instanceof Error ? error.message : String(error))], isError: true };
  }
}
