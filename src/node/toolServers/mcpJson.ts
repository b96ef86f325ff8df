import { homedir } from 'node:os';
import { basename, join, resolve, sep } from 'node:path';
import { parseEnv } from 'node:util';
import stripJsonComments from 'strip-json-comments';
import { z } from 'zod';
import { type ToolServer, toolServer } from '../../core/settings.ts';
import { parseJson } from '../jsonText.ts';
import { readPlainFile, unreadableFile } from '../plainFile.ts';

/** A server that a file names, or why it cannot be used. `reason`: a sentence. */
export type NamedServer = { name: string } & (
  | { kind: 'usable'; server: ToolServer }
  | { kind: 'unusable'; reason: string }
);

/** In bytes. */
const LARGEST = 256 * 1024;

/** As VS Code has it, with fields that say nothing to us: `dev`, `gallery`, `version`, … */
const ENTRY = z.object({
  type: z.enum(['stdio', 'http', 'sse']).optional(),
  command: z.string().optional(),
  args: z.array(z.string()).optional(),
  env: z.record(z.string(), z.union([z.string(), z.number(), z.null()])).optional(),
  envFile: z.string().optional(),
  cwd: z.string().optional(),
  url: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
});

/**
 * The servers in a workspace's .vscode/mcp.json (https://code.visualstudio.com/docs/copilot/reference/mcp-configuration).
 * What cannot be used is said, and never in the way of the others.
 * @param workspace absolute path of the folder
 */
export async function readMcpJson(
  workspace: string,
  env: NodeJS.ProcessEnv,
): Promise<{ file: string; servers: NamedServer[]; complaint?: string }> {
  const file = join(workspace, '.vscode', 'mcp.json');
  const found = await readPlainFile(file, LARGEST);
  if (found.kind === 'missing') return { file, servers: [] };
  if (found.kind !== 'bytes')
    return {
      file,
      servers: [],
      complaint: `${file} ${unreadableFile(found, 'a JSON file with MCP servers', LARGEST)}.`,
    };
  // Comments and trailing commas become spaces, so that places stay true.
  const read = parseJson(stripJsonComments(found.bytes.toString('utf8'), { trailingCommas: true }));
  if (read.kind === 'broken')
    return {
      file,
      servers: [],
      complaint: `${file}: line ${read.line}, column ${read.column}: this is not valid JSON.`,
    };
  const parsed = z.object({ servers: z.record(z.string(), z.unknown()).default({}) }).safeParse(read.value);
  if (!parsed.success) return { file, servers: [], complaint: `${file}: expected {"servers": {…}}.` };
  const servers = Object.entries(parsed.data.servers).map(([name, entry]) => readEntry(name, entry, workspace, env));
  return { file, servers: await Promise.all(servers) };
}

async function readEntry(
  name: string,
  value: unknown,
  workspace: string,
  env: NodeJS.ProcessEnv,
): Promise<NamedServer> {
  const unusable = (reason: string): NamedServer => ({ name, kind: 'unusable', reason });
  if (!/^[\w-]{1,32}$/.test(name))
    return unusable('Its name has other characters than letters, digits, "-" and "_", or more than 32.');
  const entry = ENTRY.safeParse(value);
  if (!entry.success) return unusable('Expected {"command": "…", "args": […]} or {"url": "http…"}.');
  const unknown = new Set<string>();
  const filled = mapStrings(entry.data, (text) => filledIn(text, workspace, env, unknown)) as z.infer<typeof ENTRY>;
  if (unknown.size > 0)
    return unusable(
      `It needs ${[...unknown].join(', ')}, which only its editor can give: put the value into the environment and write \${env:NAME}.`,
    );
  const { type, command, args, env: extra = {}, envFile, cwd, url, headers } = filled;
  const fromFile = envFile === undefined ? {} : await readEnvFile(resolve(workspace, envFile));
  if (typeof fromFile === 'string') return unusable(fromFile);
  const set = Object.entries({ ...fromFile, ...extra }).filter(([, one]) => one !== null && one !== undefined);
  const server = toolServer.safeParse(
    url === undefined
      ? {
          command,
          ...(args && { args }),
          env: Object.fromEntries(set.map(([key, one]) => [key, String(one)])),
          ...(cwd && { cwd }),
        }
      : { ...(type && { type }), url, ...(headers && { headers }) },
  );
  return server.success
    ? { name, kind: 'usable', server: server.data }
    : unusable('Expected {"command": "…", "args": […]} or {"url": "http…"}.');
}

/** @returns a sentence where it cannot be read */
async function readEnvFile(file: string): Promise<NodeJS.Dict<string> | string> {
  const found = await readPlainFile(file, LARGEST);
  return found.kind === 'bytes'
    ? parseEnv(found.bytes.toString('utf8'))
    : `Its envFile ${file} ${unreadableFile(found, 'lines of NAME=value', LARGEST)}.`;
}

/** Fills in VS Code's variables. @param unknown gets those that we cannot know */
function filledIn(text: string, workspace: string, env: NodeJS.ProcessEnv, unknown: Set<string>): string {
  return text.replace(/\$\{([^{}]+)\}/g, (whole, name: string) => {
    if (name === 'workspaceFolder') return workspace;
    if (name === 'workspaceFolderBasename') return basename(workspace);
    if (name === 'userHome') return homedir();
    if (name === 'pathSeparator' || name === '/') return sep;
    // A variable that is not set is empty there, too.
    if (name.startsWith('env:')) return env[name.slice(4)] ?? '';
    unknown.add(whole);
    return whole;
  });
}

function mapStrings(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((one) => mapStrings(one, map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapStrings(one, map)]));
}
