import type { CheckReport, CheckScope, Role } from '../../shared/events.ts';
import type { Toolbox } from '../agents/agent.ts';
import { type ChangeSet, emptyChangeSet, fileStates } from '../changes/changeSet.ts';
import { overlay } from '../changes/overlay.ts';
import { type CheckOptions, runChecks } from '../checks/runChecks.ts';
import { StoreError } from '../store/storeError.ts';
import { toolsOffered } from '../toolServers/findTools.ts';
import { offeredTool } from '../toolServers/offeredTool.ts';
import { toolsNamed } from '../tools/index.ts';
import { approveOnce } from './approveOnce.ts';
import { canRecall } from './ruling.ts';
import type { RunContext } from './runContext.ts';
import { RunStop } from './runStop.ts';

/**
 * Runs the workspace's checks on a copy with the change set on top, as a recorded step where it has a key
 * (a tool call is recorded by its caller).
 */
export async function checkChanges(
  run: RunContext,
  what: {
    key?: string;
    scope: CheckScope;
    subtask?: string;
    round?: number;
    changes: ChangeSet;
    tests?: Pick<CheckOptions, 'testFile' | 'testName' | 'again'>;
    signal?: AbortSignal;
    onOutput?: (text: string) => void;
  },
): Promise<CheckReport> {
  const { scope } = what;
  const about = {
    scope,
    ...(what.subtask === undefined ? {} : { subtask: what.subtask }),
    ...(what.round === undefined ? {} : { round: what.round }),
  };
  const work = async () => {
    await approveCommand(run);
    const { command, timeout } = run.settings.checks;
    const ports = {
      workspace: overlay(run.base.workspace, what.changes),
      copies: run.copies,
      processes: run.processes,
    };
    const report = await run
      .inTurn(async () =>
        runChecks(ports, {
          // Copies are of the disk: what the editor has not saved goes on top of it, below the changes.
          files: [...((await ports.workspace.unsaved?.()) ?? []), ...fileStates(what.changes)],
          timeout: timeout * 1000,
          platform: run.platform,
          signal: what.signal ?? run.signal,
          ...(command === undefined ? {} : { command }),
          ...what.tests,
          onStarted: ({ runner, argv }) => run.journal.emit({ type: 'checks.started', ...about, runner, argv }),
          onOutput: (delta) => {
            what.onOutput?.(delta);
            run.journal.emit({
              type: 'checks.output',
              scope,
              ...(what.subtask === undefined ? {} : { subtask: what.subtask }),
              delta,
            });
          },
        }),
      )
      .catch((error: unknown) => {
        throw asRunStop(run, error);
      });
    return { type: 'checks.finished' as const, ...about, report };
  };
  if (what.key === undefined) {
    const event = await work();
    run.journal.emit(event);
    return event.report;
  }
  return (await run.journal.step(what.key, work)).report;
}

/** Checks on the untouched base, before the plan: what is red already, the Planner sees. */
export function checkBase(run: RunContext): Promise<CheckReport> {
  return checkChanges(run, { key: 'base/checks', scope: 'base', changes: emptyChangeSet });
}

/**
 * The tools of an agent over the workspace with its change set on top, as it is at the time of the call, and those of the
 * user's own servers that its role may use; without `recall` where the run had nothing to recall when it began.
 */
export function openToolbox(
  run: RunContext,
  role: Role,
  names: readonly string[],
  changes: () => ChangeSet,
  subtask?: string,
): Toolbox {
  const about = subtask === undefined ? {} : { subtask };
  const memory = canRecall(run);
  return {
    tools: [
      ...toolsNamed(memory ? names : names.filter((name) => name !== 'recall')),
      ...toolsOffered(run)
        .filter(({ tool }) => tool.roles.includes(role))
        .map(({ server, tool }) => offeredTool(server, tool, run.toolServers)),
    ],
    changes,
    context: () => {
      const now = changes();
      return {
        workspace: overlay(run.base.workspace, now),
        processes: run.processes,
        code: run.code,
        syntax: run.syntax,
        ...(run.languages && { languages: run.languages }),
        changed: [...now.files.keys()],
        remembered: () => run.memory.recall(run.workspace.root),
        runChecks: (tests, signal, onOutput) =>
          checkChanges(run, {
            scope: 'tool',
            changes: now,
            signal,
            ...about,
            tests: { ...tests, again: true },
            ...(onOutput && { onOutput }),
          }),
      };
    },
  };
}

/** A check command from a workspace file runs only with the user's approval, which is recorded. */
async function approveCommand(run: RunContext): Promise<void> {
  const { command } = run.settings.checks;
  if (command === undefined || run.checkCommandFrom === 'user') return;
  const what = `Run ${JSON.stringify(command)} in a copy of ${run.workspace.root} to check changes (named by a file of the workspace)`;
  const request = { id: 'checks.command', what, key: `approval/${JSON.stringify(command)}` };
  await approveOnce(run, request, (answer) =>
    answer === 'unanswered'
      ? new RunStop({
          code: 'approval_needed',
          message: `The check command \`${command.join(' ')}\` comes from a file of the workspace and nobody has approved it.`,
          remedy: 'Resume the run on a terminal and answer, or with --yes.',
        })
      : new RunStop({
          code: 'configuration',
          message: `The check command \`${command.join(' ')}\`, which a file of the workspace names, was not approved.`,
          remedy:
            'Remove "checks.command" from .conclave/config.json (in the editor: from the workspace settings) to have the runner found; or resume, and approve it.',
        }),
  );
}

/** What went wrong around the checks (no room for the copy, no permission, …), as a stop that resuming can get over. */
function asRunStop(run: RunContext, error: unknown): unknown {
  if (run.signal.aborted || error instanceof RunStop || error instanceof StoreError) return error;
  return new RunStop(
    {
      code: 'workspace_failed',
      message: `The checks could not be run on a copy of the workspace: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Mend that (disk space, permissions, CONCLAVE_DATA), then resume the run.',
    },
    { cause: error },
  );
}
