import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { patchText } from '../../core/changes/proposal.ts';
import type { Acceptance } from '../../core/orchestrator/finishing.ts';
import { flowOf } from '../../core/orchestrator/flows.ts';
import type { Crew } from '../../core/orchestrator/runContext.ts';
import { type RunEnd, resumeRun, type Session, startRun } from '../../core/orchestrator/session.ts';
import type { LoadedSettings } from '../../node/configuration.ts';
import { dataFolder } from '../../node/dataFolder.ts';
import { withForkedModels } from '../../node/forkedModels.ts';
import { type Installation, openCrew, openStore } from '../../node/openCrew.ts';
import { readPlainFile, unreadableFile } from '../../node/plainFile.ts';
import { openRemembered } from '../../node/remembered.ts';
import { findRipgrep } from '../../node/ripgrep.ts';
import { readTask } from '../../node/taskInput.ts';
import { openWorkspaceFolder } from '../../node/workspaceFolder.ts';
import { assertWritable } from '../../node/writableFile.ts';
import type { RunEvent, RunKind } from '../../shared/events.ts';
import { fold } from '../../shared/fold.ts';
import { exitStatus, UsageError } from '../exitStatus.ts';
import { openOutput, type RunOutput } from '../runOutput.ts';
import { loadTerminalSettings } from '../terminalSettings.ts';
import { openTerminalUser, parseAnswers } from '../terminalUser.ts';

export interface RunOptions {
  workspace?: string;
  attach?: string[];
  apply?: boolean;
  patch?: string;
  json?: boolean;
  yes?: boolean;
  answers?: string;
  resume?: string;
  /** With `resume`: from whoever works on the run. */
  takeOver?: boolean;
  model?: string;
  /** Plan anew, whatever the plan cache has. */
  freshPlan?: boolean;
  base?: string;
  /** Files and folders to review; all changes where empty. */
  paths?: string[];
  /** Print the diff of an approved change also where it goes into a patch file. */
  showDiff?: boolean;
}

/** `conclave run`, `plan`, `ask` and `review`: one session of a run, from here to its end. @returns the exit status */
export async function runCommand(
  installation: Installation,
  kind: RunKind,
  task: string | undefined,
  options: RunOptions,
  signal: AbortSignal,
): Promise<number> {
  if (options.resume === undefined && kind !== 'review' && task === undefined) {
    throw new UsageError('Say what shall be done: conclave run "TASK", or --resume RUN to go on with a run.');
  }
  if (options.takeOver && options.resume === undefined)
    throw new UsageError('--take-over goes with --resume RUN: it takes that run from whoever works on it.');
  await assertDeliverable(options);
  const store = await openStore(installation);
  try {
    const resumed = options.resume === undefined ? undefined : await startOf(store.log.read(options.resume));
    const workspace = await usage(
      openWorkspaceFolder(options.workspace ?? resumed?.workspace ?? installation.env.CODEBASE_ROOT ?? process.cwd()),
    );
    if (resumed && resumed.workspace !== workspace) {
      throw new UsageError(
        `Run ${options.resume} belongs to ${resumed.workspace}, not to ${workspace}. Leave --workspace away to resume it.`,
      );
    }
    const loaded = await loadTerminalSettings(
      installation,
      workspace,
      options.model === undefined ? {} : { model: options.model },
    );
    const text =
      kind === 'review'
        ? reviewTitle(options)
        : await usage(readTask(task ?? resumed?.task ?? '', options.attach ?? []));
    const { crew, session, output, acceptance } = await openParts(installation, {
      workspace,
      loaded: options.model === undefined ? withForkedModels(loaded, resumed?.fork?.roles) : loaded,
      options,
      as: kind,
      signal,
    });
    const end =
      options.resume === undefined
        ? await startRun(crew, store, session, {
            kind,
            task: text,
            ...(kind === 'review' ? { base: options.base ?? 'HEAD' } : {}),
            ...(options.freshPlan === true ? { freshPlan: true as const } : {}),
            ...(kind === 'review' && options.paths?.length ? { paths: options.paths } : {}),
          })
        : await resumeRun(
            crew,
            store,
            session,
            options.resume,
            (events) => acceptance === 'apply' && isOpenProposal(events),
          );
    return await deliver(end, output, options);
  } finally {
    await store.close();
  }
}

/** Now, and not when hours of work are to be written there. @throws UsageError */
export async function assertDeliverable(options: RunOptions): Promise<void> {
  if (options.apply && options.patch !== undefined)
    throw new UsageError('--apply and --patch exclude each other: write to the workspace, or to a patch file.');
  if (options.patch !== undefined) await usage(assertWritable(options.patch), '--patch: ');
}

/** What a run needs of the terminal, whatever begins it. */
export async function openParts(
  installation: Installation,
  about: { workspace: string; loaded: LoadedSettings; options: RunOptions; as: string; signal: AbortSignal },
): Promise<{ crew: Crew; session: Session; output: RunOutput; acceptance: Acceptance }> {
  const { workspace, loaded, options, as, signal } = about;
  const answers =
    options.answers === undefined
      ? undefined
      : parseAnswers(await usage(readAnswers(options.answers)), options.answers);
  const interactive = process.stdin.isTTY === true && process.stderr.isTTY === true && options.json !== true;
  const output = openOutput({ json: options.json === true, interactive });
  const user = openTerminalUser({
    input: process.stdin,
    output: process.stderr,
    interactive,
    yes: options.yes === true,
    ...(answers === undefined ? {} : { answers }),
    policy: loaded.settings.approvals.commands,
    remembered: openRemembered(join(dataFolder(installation.env), 'approved-commands')),
    suspend: output.suspend,
  });
  const crew = await openCrew(installation, { workspace, user, loaded, ripgrep: findRipgrep() });
  const acceptance: Acceptance = options.apply ? 'apply' : interactive && options.patch === undefined ? 'ask' : 'leave';
  const session: Session = {
    holder: `conclave ${as}`,
    ...(options.takeOver ? { takeOver: true } : {}),
    signal,
    onEvent: output.onEvent,
    catchUp: (recorded) => {
      output.catchUp(recorded);
      user.catchUp(recorded);
    },
    work: (run, started) => flowOf(run, started, acceptance),
  };
  return { crew, session, output, acceptance };
}

function reviewTitle({ base = 'HEAD', paths = [] }: RunOptions): string {
  return `Review of the changes${paths.length === 0 ? '' : ` in ${paths.join(', ')}`} against ${base}`;
}

/** Whether a finished run holds an approved change that is not in the workspace yet. */
function isOpenProposal(events: readonly RunEvent[]): boolean {
  return fold(events).proposal?.state === 'open';
}

/** Puts an approved change where the user wants it, and says how the run ended. @returns the exit status */
export async function deliver(end: RunEnd, output: RunOutput, options: RunOptions): Promise<number> {
  const { proposal } = output.state();
  const approved = end.state === 'finished' && end.ending.code === 'approved';
  if (proposal && approved && options.patch !== undefined) {
    await usage(writeFile(options.patch, patchText(proposal.files)));
    if (options.showDiff) output.printDiff(proposal.files);
    output.finish(end, { kind: 'patch', file: options.patch });
  } else if (proposal && approved && proposal.state === 'open') {
    output.printDiff(proposal.files);
    output.finish(end, { kind: 'printed' });
  } else {
    output.finish(end, proposal?.state === 'accepted' ? { kind: 'applied' } : { kind: 'none' });
  }
  return exitStatus(end.ending);
}

async function startOf(
  events: AsyncIterable<RunEvent>,
): Promise<Extract<RunEvent, { type: 'run.started' }> | undefined> {
  for await (const event of events) return event.type === 'run.started' ? event : undefined;
  return undefined;
}

/** In bytes: answers are a few sentences. */
const LARGEST_ANSWERS = 256 * 1024;

async function readAnswers(file: string): Promise<string> {
  const found = await readPlainFile(file, LARGEST_ANSWERS).catch((cause: unknown) => {
    throw new Error(`--answers: ${file} cannot be read (${String(cause)}).`, { cause });
  });
  if (found.kind === 'bytes') return found.bytes.toString('utf8');
  throw new Error(`--answers: ${file} ${unreadableFile(found, 'a JSON file with answers', LARGEST_ANSWERS)}.`);
}

/** What goes wrong here is about the call: one line, exit status 2. */
export async function usage<T>(work: Promise<T>, flag = ''): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new UsageError(`${flag}${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
