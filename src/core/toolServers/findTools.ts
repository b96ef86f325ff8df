import type { OfferedTool, ToolServerFound } from '../../shared/events.ts';
import { approveOnce } from '../orchestrator/approveOnce.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import type { ConfiguredServer } from '../ports.ts';
import { offerTools, serversNamedBy } from './offerTools.ts';

/**
 * Looks what the user's own MCP servers have for the roles, once a run: what is offered stands at the beginning of what a
 * role is told, so it stays as it is, also when the run is resumed. A server that is not there, or may not be started,
 * stops nothing.
 */
export async function findTools(run: RunContext): Promise<void> {
  const named = serversNamedBy(run.settings.mcp.tools);
  if (named.length === 0) return;
  await run.journal.step(STEP, async () => {
    const refused = await askForApprovals(run, named);
    const found = await Promise.all(
      named.map(async (server) => {
        const reason = refused.get(server);
        if (reason !== undefined) return { kind: 'unavailable', server, reason } as const;
        const answer = await run.toolServers.tools(server, run.signal);
        return answer.kind === 'tools' ? { ...answer, server } : { ...answer, server };
      }),
    );
    return { type: 'toolservers.found', servers: offerTools(found, run.settings.mcp.tools) };
  });
}

const STEP = 'toolservers';

/** What the run's servers offer to a role. */
export function toolsOffered({ journal }: Pick<RunContext, 'journal'>): { server: string; tool: OfferedTool }[] {
  const recorded = journal.recordedStep(STEP);
  const servers: ToolServerFound[] = recorded?.type === 'toolservers.found' ? recorded.servers : [];
  return servers.flatMap((found) =>
    found.kind === 'offered' ? found.tools.map((tool) => ({ server: found.server, tool })) : [],
  );
}

/** A server that a workspace file names is started only with the user's approval; without one the run goes on without it. */
async function askForApprovals(run: RunContext, named: readonly string[]): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  for (const name of named) {
    const server = run.toolServers.configured.find((one) => one.name === name);
    if (server === undefined || server.from === 'user') continue;
    const answer = await approved(run, server);
    if (answer !== undefined) refused.set(name, answer);
  }
  return refused;
}

/** @returns why not */
async function approved(run: RunContext, { name, reach, source }: ConfiguredServer): Promise<string | undefined> {
  const what = `Let the crew use the MCP server "${name}", which ${source} names: ${reach}`;
  try {
    await approveOnce(
      run,
      { id: `toolserver.${name}`, what, key: `approval/${what}` },
      (answer) => new NotApproved(answer === 'no' ? 'was not approved' : 'nobody has approved it'),
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof NotApproved)) throw error;
    return `It is named by a file of the workspace, and ${error.message}.`;
  }
}

/** The run goes on without the server. */
class NotApproved extends Error {
  override readonly name = 'NotApproved';
}
