import type { Installation } from '../../node/openCrew.ts';
import { openWorkspaceFolder } from '../../node/workspaceFolder.ts';
import { EXIT, UsageError } from '../exitStatus.ts';

export interface McpOptions {
  workspace?: string;
  maxChars?: string;
}

/** Characters of a result: models in agents of today have large windows, and a bounded answer says how to read on. */
const MOST = 24_000;
const LEAST = 1000;

/** `conclave mcp`: our tools for one MCP client, on standard input and output. */
export async function mcpCommand(
  installation: Installation,
  options: McpOptions,
  signal: AbortSignal,
): Promise<number> {
  const served = await servedWorkspace(installation, options);
  const { serveStdio } = await import('../../mcp/serve.ts');
  await serveStdio(installation, { ...served, report }, signal);
  return signal.aborted ? EXIT.aborted : EXIT.approved;
}

/** @throws UsageError where an option is of no use */
export async function servedWorkspace(
  installation: Installation,
  { workspace, maxChars }: McpOptions,
): Promise<{ workspace: string; maxChars: number }> {
  const chars = maxChars === undefined ? MOST : Number(maxChars);
  if (!Number.isSafeInteger(chars) || chars < LEAST) {
    throw new UsageError(`--max-chars: expected a whole number of at least ${LEAST}, got "${maxChars}".`);
  }
  const folder = workspace ?? installation.env.CODEBASE_ROOT ?? process.cwd();
  try {
    return { workspace: await openWorkspaceFolder(folder), maxChars: chars };
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Standard output belongs to the protocol. */
export function report(error: unknown): void {
  process.stderr.write(`conclave: ${error instanceof Error ? error.message : String(error)}\n`);
}
