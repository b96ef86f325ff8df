import { z } from 'zod';
import type { Role } from '../shared/events.ts';

const url = z.url({
  protocol: /^https?$/,
  error: 'expected an http(s) URL that ends in /v1, such as http://localhost:8002/v1',
});

const endpoint = z.strictObject({
  url,
  /** As the server names it; the first model that it serves where absent. */
  model: z.string().min(1).optional(),
});

const serverName = z.string().regex(/^[\w-]{1,32}$/, 'expected a name of at most 32 letters, digits, "-" and "_"');

/** An MCP server of the user's: one that is started, or one that is connected to. */
export const toolServer = z.union(
  [
    z.strictObject({
      type: z.literal('stdio').optional(),
      /** The program alone; its arguments are in `args`. */
      command: z.string().min(1),
      args: z.array(z.string()).optional(),
      env: z.record(z.string(), z.string()).optional(),
      /** Relative to the workspace, which it is where absent. */
      cwd: z.string().min(1).optional(),
    }),
    z.strictObject({
      type: z.enum(['http', 'sse']).optional(),
      url: z.url({ protocol: /^https?$/ }),
      headers: z.record(z.string(), z.string()).optional(),
    }),
  ],
  { error: 'expected {"command": "…", "args": […]} or {"url": "http…"}' },
);
export type ToolServer = z.infer<typeof toolServer>;

/** Which tools of the user's MCP servers a role may call: "server/tool", or "server/*" for all of a server's. */
const allowed = z.array(
  z.string().regex(/^[\w-]{1,32}\/(?:\*|[^\s/*]+)$/, 'expected "server/tool", or "server/*" for all tools of a server'),
);

/** Everything about a run that a user can set. `.conclave/config.json` has this shape, every part optional. */
export const settingsSchema = z.strictObject({
  endpoints: z.strictObject({ preprocessor: endpoint, planner: endpoint, coder: endpoint, reviewer: endpoint }),
  /** The command that checks the workspace, as an argument vector; found by itself where absent. */
  checks: z.strictObject({
    command: z.array(z.string().min(1)).min(1).optional(),
    /** Seconds. */
    timeout: z.number().positive(),
  }),
  /** Checks run in copies of the workspace. */
  copies: z.strictObject({
    /** Files that one copy may have. */
    files: z.number().int().positive(),
    /** Megabytes that one copy may have. */
    megabytes: z.number().positive(),
    /** Megabytes that the copies of all runs of this user, and what their test runners cache, may have together. */
    allMegabytes: z.number().positive(),
  }),
  /** How long a model server may be silent, in seconds. Either wait is prolonged while the server shows that it is at work. */
  timeouts: z.strictObject({
    /** Up to the first token, at the least; more for a long prompt, by the server's measured pace. */
    firstToken: z.number().positive(),
    /** From one piece of an answer to the next; fifteen times that where an answer comes in one piece. */
    betweenTokens: z.number().positive(),
  }),
  limits: z.strictObject({
    /** Attempts a subtask gets before the Planner thinks again. */
    rounds: z.number().int().min(1).max(10),
    /** Subtasks worked on at the same time. */
    parallel: z.number().int().min(1).max(16),
    /** Tool calls an agent may make before it must answer. */
    gatherTurns: z.number().int().min(0).max(50),
    /** Times an unusable answer is sent back with the reason. */
    answerRepairs: z.number().int().min(0).max(20),
    /** Times the Planner may plan anew within one run. */
    replans: z.number().int().min(0).max(10),
    /** Tokens written by all roles together in one run. */
    tokens: z.number().int().positive(),
    /** Minutes of wall time of one run. */
    minutes: z.number().positive(),
    /** Minutes that a run waits for a server that has answered before and is busy or gone; then it stops, to be resumed. */
    serverMinutes: z.number().min(0).max(1440),
  }),
  /** The model servers that Conclave starts. Only the user may set these: they have programs run and models fetched. */
  fleet: z.strictObject({
    /** Name of the profile; the best that fits the machine where absent. */
    profile: z.string().min(1).optional(),
    /** What starts native servers: a program, or a command that the arguments of `vllm` are put after; `vllm` where absent. */
    vllm: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)], {
        error: 'expected a program, or an array of a program and its first arguments',
      })
      .optional(),
    /** Folder with models as ORG/NAME, taken in place of the hub's. */
    weights: z.string().min(1).optional(),
  }),
  approvals: z.strictObject({
    /** Commands that come from a workspace file: ask for each new one, or never run them. */
    commands: z.enum(['ask', 'deny']),
  }),
  /** The user's own MCP servers, those of .vscode/mcp.json beside them, and who may use what of them: nobody where nothing is said. */
  mcp: z.strictObject({
    servers: z.record(serverName, toolServer),
    tools: z.strictObject({ planner: allowed, coder: allowed, reviewer: allowed }),
  }),
  /** Whether plans of earlier runs are taken again, and kept. */
  planCache: z.enum(['on', 'off']),
});

export type Settings = z.infer<typeof settingsSchema>;

/**
 * How the user's front end calls a setting, as it reads after "set": from its key ("limits.tokens", "endpoints.coder.url";
 * "apiKey" too, which is kept elsewhere). Messages use it, so that they name what the user can find.
 */
export type NameOfSetting = (key: string) => string;

export const DEFAULT_SETTINGS: Settings = {
  endpoints: {
    preprocessor: { url: 'http://localhost:8000/v1' },
    planner: { url: 'http://localhost:8001/v1' },
    coder: { url: 'http://localhost:8002/v1' },
    reviewer: { url: 'http://localhost:8003/v1' },
  },
  checks: { timeout: 600 },
  copies: { files: 200_000, megabytes: 4096, allMegabytes: 32_768 },
  timeouts: { firstToken: 60, betweenTokens: 120 },
  limits: {
    rounds: 3,
    parallel: 2,
    gatherTurns: 8,
    answerRepairs: 6,
    replans: 2,
    tokens: 500_000,
    minutes: 240,
    serverMinutes: 10,
  },
  fleet: {},
  approvals: { commands: 'ask' },
  mcp: { servers: {}, tools: { planner: [], coder: [], reviewer: [] } },
  planCache: 'on',
};

/** Share of the served window that an answer may use; prompts get the rest, less a margin. */
export const REPLY_SHARE = 0.25;

/** The smallest window a role can work with, in tokens. */
export const SMALLEST_WINDOW = 8192;

/** Roles without which no run can start. The Preprocessor is not one: plain text needs no server. */
export const NEEDED_ROLES: readonly Role[] = ['planner', 'coder', 'reviewer'];
