import { runChecks } from '../checks/runChecks.ts';
import type { ToolContext } from '../tools/tool.ts';
import type { Crew } from './runContext.ts';

/** What a tool sees where no run is: the workspace as its user sees it. For the editor's own agents and for MCP clients. */
export function toolContext(crew: Crew, bounds: Pick<ToolContext, 'maxChars' | 'signal' | 'onProgress'>): ToolContext {
  const { workspace, copies, processes, code, languages, syntax, settings, platform, checkCommandFrom } = crew;
  const { command, timeout } = settings.checks;
  return {
    ...bounds,
    workspace,
    processes,
    code,
    syntax,
    ...(languages && { languages }),
    runChecks: async (tests, signal, onOutput) =>
      runChecks(
        { workspace, copies, processes },
        {
          // Copies are of the disk: what is not saved goes on top.
          files: (await workspace.unsaved?.()) ?? [],
          // One that a workspace file brought needs an approval, which only a run can ask for.
          ...(command === undefined || checkCommandFrom === 'workspace' ? {} : { command }),
          ...tests,
          again: true,
          ...(onOutput && { onOutput }),
          timeout: timeout * 1000,
          platform,
          signal,
        },
      ),
  };
}
