import * as vscode from 'vscode';
import type { Crew } from '../core/orchestrator/runContext.ts';
import { toolContext } from '../core/orchestrator/toolContext.ts';
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
          const { text } = await runTool(
            name,
            input,
            toolContext(await crew(), { maxChars: MOST, signal: signalOf(token) }),
          );
          return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
        },
      }),
    ),
  );
}

function signalOf(token: vscode.CancellationToken): AbortSignal {
  const abort = new AbortController();
  if (token.isCancellationRequested) abort.abort();
  token.onCancellationRequested(() => abort.abort());
  return abort.signal;
}
