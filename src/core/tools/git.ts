import type { ProcessResult } from '../ports.ts';
import type { ToolContext } from './tool.ts';

/** Bytes of output that are kept; a file of the workspace has at most 2 MB. */
const KEPT = 4 * 1024 * 1024;

/**
 * Runs git in the workspace so that it writes nothing, starts no other program, and fetches nothing.
 * @param errors what git says on standard error is in the output too
 * @returns `done` only where git succeeded and all of its output was kept
 */
export async function git(
  args: readonly string[],
  ctx: Pick<ToolContext, 'processes' | 'workspace' | 'signal'>,
  errors?: 'with errors',
): Promise<{ kind: 'done' | 'failed'; output: string } | { kind: 'not_installed' }> {
  const settings = ['core.fsmonitor=false', 'protocol.allow=never', 'core.quotePath=false'];
  const argv = ['git', '--no-pager', ...settings.flatMap((setting) => ['-c', setting]), ...args];
  const result: ProcessResult = await ctx.processes.run(argv, {
    cwd: ctx.workspace.root,
    signal: ctx.signal,
    timeout: 30_000,
    env: { GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', GIT_NO_LAZY_FETCH: '1' },
    keep: KEPT,
    ...(errors === undefined && { stdoutOnly: true }),
  });
  if (result.ended === 'not_found') return { kind: 'not_installed' };
  return { kind: result.exitCode === 0 && result.dropped === 0 ? 'done' : 'failed', output: result.output };
}

/** The records in the output of a command with `-z`. */
export function recordsIn(output: string): string[] {
  return output.split('\0').filter((record) => record !== '');
}
