import type { CallToolResult, Tool, ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';
import { toolContext } from '../core/orchestrator/toolContext.ts';
import { type CallableTool, runTool, TOOLS, type ToolName } from '../core/tools/index.ts';
import type { Progress, ToolResult } from '../core/tools/tool.ts';
import { isBelow } from '../node/paths.ts';
import type { Offer } from './offer.ts';
import { narrowed, type Scope } from './roots.ts';

/** Every tool but these looks at the workspace and does nothing else. */
const DOES_MORE: Partial<Record<ToolName, ToolAnnotations>> = {
  // On a copy; but what the project's own tests do there is theirs.
  run_tests: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
};
const LOOKS: ToolAnnotations = { readOnlyHint: true, openWorldHint: false };

/** The tools as MCP lists them. */
export function listedTools(): Tool[] {
  return Object.values(TOOLS).map(listed);
}

export function isTool(name: string): name is ToolName {
  return Object.hasOwn(TOOLS, name);
}

/**
 * Calls a tool on the workspace as it is now. What goes wrong in it is a result that says so: only an abort rejects.
 * @param options.scope what the client's roots leave of the workspace
 */
export async function callTool(
  offer: Offer,
  name: ToolName,
  args: unknown,
  options: { scope: Scope; signal: AbortSignal; onProgress?: (progress: Progress) => void },
): Promise<ToolResult> {
  const { scope, signal, onProgress } = options;
  const { crew, memory, maxChars } = offer;
  const workspace = narrowed(crew.workspace, scope);
  try {
    return await runTool(name, args, {
      ...toolContext({ ...crew, workspace }, { maxChars, signal, ...(onProgress === undefined ? {} : { onProgress }) }),
      remembered: async () => {
        const notes = await memory.recall(crew.workspace.root);
        if (scope.kind === 'all') return notes;
        return notes.filter(({ paths }) => paths.length === 0 || paths.some((path) => isBelow(path, scope.folders)));
      },
    });
  } catch (error) {
    if (signal.aborted) throw error;
    offer.report(error);
    return { text: inWords(error).slice(0, maxChars), isError: true };
  }
}

export function asCallResult({ text, isError, data }: ToolResult): CallToolResult {
  return {
    content: [{ type: 'text', text }],
    ...(isError ? { isError } : {}),
    // The schema is that of good results.
    ...(data === undefined || isError ? {} : { structuredContent: data as Record<string, unknown> }),
  };
}

function listed(tool: CallableTool): Tool {
  const { name, description, inputSchema, outputSchema } = tool;
  return {
    name,
    title: `Conclave: ${name.replaceAll('_', ' ')}`,
    description,
    inputSchema: inputSchema as Tool['inputSchema'],
    ...(outputSchema && { outputSchema: outputSchema as Tool['outputSchema'] }),
    annotations: (isTool(name) ? DOES_MORE[name] : undefined) ?? LOOKS,
  };
}

/** What a failing port (disk, store, processes) says, with what to do about it where it knows. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return `The tool failed: ${String(error)}`;
  const remedy = 'remedy' in error && typeof error.remedy === 'string' ? ` ${error.remedy}` : '';
  return `The tool failed: ${error.message}${remedy}`;
}
