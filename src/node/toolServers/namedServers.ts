import type { Settings } from '../../core/settings.ts';
import { readMcpJson } from './mcpJson.ts';
import type { NamedToolServer } from './openToolServers.ts';

/** Where the values of a setting, and of those inside it ("mcp.servers.NAME"), came from. */
type SourcesBelow = (key: string) => readonly Pick<NamedToolServer, 'source' | 'from'>[];

/**
 * The MCP servers that the user has named, in our settings and in .vscode/mcp.json; where both have one of a name, ours
 * counts. One that a workspace file has a hand in, or lets a role use, counts as the workspace's: it needs an approval.
 * @param about.trusted only a trusted workspace may name any
 */
export async function namedServers(
  { mcp }: Settings,
  about: { workspace: string; env: NodeJS.ProcessEnv; trusted: boolean; sourcesBelow: SourcesBelow },
): Promise<{ servers: NamedToolServer[]; complaint?: string }> {
  const own = Object.entries(mcp.servers).map(([name, server]): NamedToolServer => {
    const lists = Object.entries(mcp.tools).filter(([, tools]) => tools.some((tool) => tool.startsWith(`${name}/`)));
    const sources = [`mcp.servers.${name}`, ...lists.map(([role]) => `mcp.tools.${role}`)].flatMap(about.sourcesBelow);
    const where = sources.find(({ from }) => from === 'workspace') ?? sources[0];
    return { name, server, source: where?.source ?? 'default', from: where?.from ?? 'user' };
  });
  if (!about.trusted) return { servers: own };
  const { file, servers, complaint } = await readMcpJson(about.workspace, about.env);
  const others = servers
    .filter(({ name }) => !Object.hasOwn(mcp.servers, name))
    .map((one): NamedToolServer => {
      const where = { name: one.name, source: file, from: 'workspace' } as const;
      return one.kind === 'usable' ? { ...where, server: one.server } : { ...where, reason: one.reason };
    });
  return { servers: [...own, ...others], ...(complaint !== undefined && { complaint }) };
}
