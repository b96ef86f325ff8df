import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListRootsResultSchema,
  ListToolsRequestSchema,
  type LoggingLevel,
  LoggingLevelSchema,
  McpError,
  ReadResourceRequestSchema,
  RootsListChangedNotificationSchema,
  type ServerNotification,
  type ServerRequest,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { Progress } from '../core/tools/tool.ts';
import { completed } from './completions.ts';
import { fileTemplate, listedFiles, readFileResource } from './files.ts';
import type { Offer } from './offer.ts';
import { pageOf } from './paging.ts';
import { listedPrompts, rolePrompt } from './rolePrompts.ts';
import { narrowed, type Scope, scopeOf } from './roots.ts';
import { listedRuns, RUN_TEMPLATES, readRunResource, runResourceFrom } from './runs.ts';
import { openSubscriptions } from './subscriptions.ts';
import { asCallResult, callTool, isTool, listedTools } from './tools.ts';

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** Milliseconds that a client may take to say what its roots are. */
const ROOTS_TIMEOUT = 10_000;

const INSTRUCTIONS =
  'Exact, fast tools over one workspace: nothing is indexed ahead, so every answer is of the files as they are now. Paths are relative to the workspace, with forward slashes. Results are bounded and say how to read on.';

/** Connects one client: from now on it is served by the offer, until its transport closes. */
export async function serveClient(offer: Offer, transport: Transport): Promise<void> {
  const server = new Server(
    { name: 'conclave', title: 'Conclave', version: offer.crew.version },
    {
      capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {}, logging: {} },
      instructions: INSTRUCTIONS,
    },
  );
  const say = openLog(server);
  const scope = openScope(server, offer);

  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: listedTools() }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const { name, arguments: args = {} } = params;
    if (!isTool(name)) throw new McpError(ErrorCode.InvalidParams, `Unknown tool: ${name}`);
    const started = performance.now();
    const onProgress = progressTo(extra);
    const result = await callTool(offer, name, args, {
      scope: await scope(extra),
      signal: extra.signal,
      ...(onProgress && { onProgress }),
    });
    say('debug', { tool: name, milliseconds: Math.round(performance.now() - started), isError: result.isError });
    return asCallResult(result);
  });

  server.setRequestHandler(ListResourcesRequestSchema, async ({ params }, extra) => {
    const around = await scope(extra);
    // What runs have left is about all of the workspace.
    const runs = around.kind === 'all' ? await listedRuns(offer) : [];
    const files = await listedFiles(narrowed(offer.crew.workspace, around), extra.signal);
    const { page, nextCursor } = pageOf([...runs, ...files], params?.cursor);
    return { resources: page, ...(nextCursor !== undefined && { nextCursor }) };
  });
  server.setRequestHandler(ListResourceTemplatesRequestSchema, async () => ({
    resourceTemplates: [
      {
        uriTemplate: await fileTemplate(offer.crew.workspace),
        name: 'file',
        description: 'A text file of the workspace, by its path.',
      },
      ...RUN_TEMPLATES,
    ],
  }));
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params: { uri } }, extra) => {
    const run = runResourceFrom(uri);
    const around = await scope(extra);
    if (run !== undefined && around.kind === 'all') return { contents: await readRunResource(offer, uri, run) };
    return { contents: await readFileResource(uri, narrowed(offer.crew.workspace, around)) };
  });

  const subscriptions = openSubscriptions(offer, (uri) => server.sendResourceUpdated({ uri }));
  server.setRequestHandler(SubscribeRequestSchema, async ({ params: { uri } }, extra) => {
    await subscriptions.add(uri, await scope(extra));
    return {};
  });
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params: { uri } }) => {
    subscriptions.remove(uri);
    return {};
  });

  server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts: listedPrompts() }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) =>
    rolePrompt(offer.crew.prompts, params.name, params.arguments),
  );
  server.setRequestHandler(CompleteRequestSchema, async ({ params }, extra) => ({
    completion: await completed(offer, params, await scope(extra), extra.signal),
  }));

  server.onclose = () => subscriptions.close();
  server.onerror = (error) => offer.report(error);
  await server.connect(transport);
}

/** Messages of the server's log, from the level on that the client wants; "info" until it says so. */
function openLog(server: Server): (level: LoggingLevel, data: unknown) => void {
  const severity = LoggingLevelSchema.options;
  let least: LoggingLevel = 'info';
  server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
    least = params.level;
    return {};
  });
  return (level, data) => {
    if (severity.indexOf(level) < severity.indexOf(least)) return;
    // A client that has gone needs no log.
    server
      .notification({ method: 'notifications/message', params: { level, logger: 'conclave', data } })
      .catch(() => {});
  };
}

/**
 * What the client's roots leave of the workspace. They are asked for with the first request that needs them, because over
 * HTTP a client need not have a stream on which it could be asked at another time; and again after they have changed.
 */
function openScope(server: Server, { crew }: Offer): (extra: Extra) => Promise<Scope> {
  let known: Promise<Scope> | undefined;
  server.setNotificationHandler(RootsListChangedNotificationSchema, () => {
    known = undefined;
  });
  const ask = async (extra: Extra): Promise<Scope> => {
    const { roots } = await extra.sendRequest({ method: 'roots/list' }, ListRootsResultSchema, {
      timeout: ROOTS_TIMEOUT,
    });
    return scopeOf(
      roots.map(({ uri }) => uri),
      crew.workspace.root,
    );
  };
  return async (extra) => {
    if (server.getClientCapabilities()?.roots === undefined) return { kind: 'all' };
    known ??= ask(extra);
    const asked = known;
    try {
      return await asked;
    } catch (cause) {
      if (known === asked) known = undefined;
      extra.signal.throwIfAborted();
      throw new McpError(
        ErrorCode.InternalError,
        'The client says that it has roots, but does not list them (roots/list); nothing is read before it does.',
        { cause: cause instanceof Error ? cause.message : String(cause) },
      );
    }
  };
}

/** Undefined where the client has not asked for progress. What is reported only ever rises. */
function progressTo(extra: Extra): ((progress: Progress) => void) | undefined {
  const progressToken = extra._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let last = -1;
  return ({ message, done, total }) => {
    if (done <= last || extra.signal.aborted) return;
    last = done;
    const params = { progressToken, progress: done, message, ...(total === undefined ? {} : { total }) };
    // A client that has gone needs no progress.
    extra.sendNotification({ method: 'notifications/progress', params }).catch(() => {});
  };
}
