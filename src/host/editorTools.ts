import * as vscode from 'vscode';
import { runChecks } from '../core/checks/runChecks.ts';
import type { Crew } from '../core/orchestrator/runContext.ts';
import { runTool, TOOLS, type ToolName } from '../core/tools/index.ts';

/** Characters of a result: the editor's own models have large windows, and a bounded answer says how to read on. */
const MOST = 24_000;

/** The tools that the manifest offers to the editor's own agents. */
const OFFERED: readonly ToolName[] = ['analyze_codebase', 'search_docs', 'find_references', 'run_tests'];

/**
 * Offers our tools to the editor's own chat and agents, where it has language model tools.
 * @param crew the crew of the folder they look at
 */
export function registerEditorTools(crew: () => Promise<Crew>): vscode.Disposable | undefined {
  if (typeof vscode.lm?.registerTool !== 'function') return undefined;
  return vscode.Disposable.from(
    ...OFFERED.map((name) =>
      vscode.lm.registerTool(`conclave_${name}`, {
        prepareInvocation: () => ({ invocationMessage: `Conclave: ${TOOLS[name].description.split('. ')[0]}` }),
        invoke: async ({ input }, token) => {
          const { text } = await runTool(name, input, contextOf(await crew(), signalOf(token)));
          return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
        },
      }),
    ),
  );
}

function contextOf(crew: Crew, signal: AbortSignal): Parameters<typeof runTool>[2] {
  const { workspace, copies, processes, settings, platform, checkCommandFrom } = crew;
  const { command, timeout } = settings.checks;
  return {
    workspace,
    processes,
    maxChars: MOST,
    signal,
    runChecks: async (testFile, within) =>
      runChecks(
        { workspace, copies, processes },
        {
          // Copies are of the disk: what is not saved goes on top.
          files: (await workspace.unsaved?.()) ?? [],
          // One that a workspace file brought needs an approval, which only a run can ask for.
          ...(command === undefined || checkCommandFrom === 'workspace' ? {} : { command }),
          ...(testFile === undefined ? {} : { testFile }),
          timeout: timeout * 1000,
          platform,
          signal: within,
        },
      ),
  };
}

function signalOf(token: vscode.CancellationToken): AbortSignal {
  const abort = new AbortController();
  if (token.isCancellationRequested) abort.abort();
  token.onCancellationRequested(() => abort.abort());
  return abort.signal;
}
