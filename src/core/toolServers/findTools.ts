import type { OfferedTool, ToolServerFound } from '../../shared/events.ts';
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
  const id = `toolserver.${name}`;
  const what = `Let the crew use the MCP server "${name}", which ${source} names: ${reach}`;
  const key = `approval/${what}`;
  const recorded = run.journal.recordedStep(key);
  if (recorded?.type === 'approval.answered') return undefined;
  run.journal.emit({ type: 'approval.requested', id, kind: 'command', what });
  const answer = await run.presence.awaitingUser((signal) => run.user.approve({ id, kind: 'command', what }, signal));
  if (answer === 'unanswered') return 'It is named by a file of the workspace, and nobody has approved it.';
  // Only a yes is the outcome of a step, as with the command that checks the workspace.
  const event = { type: 'approval.answered', id, ...answer } as const;
  if (answer.approved) await run.journal.step(key, async () => event);
  else run.journal.emit(event);
  return answer.approved ? undefined : 'It is named by a file of the workspace, and was not approved.';
}
