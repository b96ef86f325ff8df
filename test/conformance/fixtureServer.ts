import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  type GetPromptResult,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  type Prompt,
  ReadResourceRequestSchema,
  type ReadResourceResult,
  type Resource,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { callFixture, FIXTURE_TOOLS } from './fixtureTools.ts';
import { PIXEL } from './samples.ts';

/** A server with all that the official suite calls by name, word for word as its scenarios say. */
export function fixtureServer(): Server {
  const server = new Server(
    { name: 'conclave-conformance', version: '1.0.0' },
    { capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {}, logging: {} } },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: Object.entries(FIXTURE_TOOLS).map(([name, { description, inputSchema }]) => ({
      name,
      description,
      inputSchema: inputSchema ?? { type: 'object' },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const result = await callFixture(params.name, params.arguments ?? {}, extra);
    if (!result) throw new McpError(ErrorCode.InvalidParams, `Unknown tool: ${params.name}`);
    return result;
  });
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: RESOURCES }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }],
  }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => ({ contents: [contentOf(uri)] }));
  server.setRequestHandler(SubscribeRequestSchema, () => ({}));
  server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));
  server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts: PROMPTS }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => ({
    messages: messagesOf(params.name, params.arguments ?? {}),
  }));
  server.setRequestHandler(CompleteRequestSchema, () => ({ completion: { values: [], total: 0, hasMore: false } }));
  return server;
}

const RESOURCES: Resource[] = [
  { uri: 'test://static-text', name: 'static text', description: 'A text.', mimeType: 'text/plain' },
  { uri: 'test://static-binary', name: 'static binary', description: 'A picture.', mimeType: 'image/png' },
  { uri: 'test://watched-resource', name: 'watched', description: 'To be subscribed to.', mimeType: 'text/plain' },
];

function contentOf(uri: string): ReadResourceResult['contents'][number] {
  switch (uri) {
    case 'test://static-text':
      return { uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' };
    case 'test://static-binary':
      return { uri, mimeType: 'image/png', blob: PIXEL };
    case 'test://watched-resource':
      return { uri, mimeType: 'text/plain', text: 'Watched resource content' };
    default: {
      const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
      if (id === undefined) throw new McpError(-32002, 'Resource not found', { uri });
      const text = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
      return { uri, mimeType: 'application/json', text };
    }
  }
}

const PROMPTS: Prompt[] = [
  { name: 'test_simple_prompt', description: 'A text.' },
  {
    name: 'test_prompt_with_arguments',
    description: 'A text with two gaps.',
    arguments: [
      { name: 'arg1', required: true },
      { name: 'arg2', required: true },
    ],
  },
  {
    name: 'test_prompt_with_embedded_resource',
    description: 'A resource.',
    arguments: [{ name: 'resourceUri', required: true }],
  },
  { name: 'test_prompt_with_image', description: 'A picture.' },
];

function messagesOf(name: string, args: Record<string, string>): GetPromptResult['messages'] {
  const said = (content: GetPromptResult['messages'][number]['content']): GetPromptResult['messages'][number] => ({
    role: 'user',
    content,
  });
  switch (name) {
    case 'test_simple_prompt':
      return [said({ type: 'text', text: 'This is a simple prompt for testing.' })];
    case 'test_prompt_with_arguments':
      return [said({ type: 'text', text: `Prompt with arguments: arg1='${args.arg1}', arg2='${args.arg2}'` })];
    case 'test_prompt_with_embedded_resource': {
      const uri = args.resourceUri ?? '';
      const text = 'Embedded resource content for testing.';
      return [
        said({ type: 'resource', resource: { uri, mimeType: 'text/plain', text } }),
        said({ type: 'text', text: 'Please process the embedded resource above.' }),
      ];
    }
    case 'test_prompt_with_image':
      return [
        said({ type: 'image', data: PIXEL, mimeType: 'image/png' }),
        said({ type: 'text', text: 'Please analyze the image above.' }),
      ];
    default:
      throw new McpError(ErrorCode.InvalidParams, `Unknown prompt: ${name}`);
  }
}
