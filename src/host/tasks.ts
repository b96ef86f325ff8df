import * as vscode from 'vscode';
import { flowOf } from '../core/orchestrator/flows.ts';
import type { ForkRequest } from '../core/orchestrator/forkRun.ts';
import type { Crew } from '../core/orchestrator/runContext.ts';
import type { RunEnd } from '../core/orchestrator/session.ts';
import { readTask } from '../node/taskInput.ts';
import type { EventOf, ForkedRole, Role } from '../shared/events.ts';
import type { Attachment, ChatCommand } from '../shared/protocol.ts';
import type { EditorCrews } from './editorCrew.ts';
import type { Early } from './editorUser.ts';
import type { Facts } from './facts.ts';
import { assertTrusted, type Folder, folderAt, folderForTask } from './folders.ts';
import { inWords, type Runs, type What, type Work } from './runs.ts';

/** Turns chips into text, one section each. Declared here, because this is who needs it. */
export type Resolve = (
  attachments: readonly Attachment[],
  folder: Folder,
) => Promise<{ label: string; text: string }[]>;

/** Starting, going on with and stopping tasks, whoever asks for it: the chat, a command, a quick fix. */
export interface Tasks {
  /** A message of the user. @returns the run's id. Throws, in words for the user, where it cannot be started. */
  send(message: {
    text: string;
    command: Exclude<ChatCommand, 'doctor'>;
    attachments: readonly Attachment[];
  }): Promise<string>;
  /** A task that a command or a quick fix words itself. */
  start(folder: Folder, what: What): Promise<string>;
  /** Goes on with a run of an open folder, with what the user gave to it while it was paused. */
  resume(runId: string, early?: Early): Promise<void>;
  /** Goes on with a run of an open folder that another window or terminal works on. */
  takeOver(runId: string): Promise<void>;
  /** Begins the task of a run again, with a plan of its own; where this window works on that run, it is stopped. */
  planAfresh(runId: string): Promise<void>;
  /** Begins a new run after a step of another. @returns its id */
  fork(request: ForkRequest & { workspace: string }): Promise<string>;
  /** Implements a plan: the same run, from its plan on. */
  implement(runId: string): Promise<void>;
  /** Does a piece of work on a run that is over, and shows it. */
  workOn(runId: string, work: Work): Promise<RunEnd>;
  /** The folder at a run's workspace. Throws where it is not open. */
  folderOf(workspace: string): vscode.Uri;
  /** Endpoints for the runs of one folder that take the place of the settings' (the demo's). */
  withModels(workspace: string, urls: Record<Role, string>): void;
}

export function openTasks(parts: { runs: Runs; crews: EditorCrews; facts: Facts; resolve: Resolve }): Tasks {
  const { runs, crews, facts, resolve } = parts;
  const models = new Map<string, Record<Role, string>>();

  function folderOf(workspace: string): vscode.Uri {
    const folder = models.has(pathOf(workspace)) ? vscode.Uri.file(workspace) : folderAt(workspace)?.uri;
    if (folder) return folder;
    throw new Error(vscode.l10n.t('This run belongs to {0}. Open that folder to go on with it.', workspace));
  }

  const crewOf = (workspace: string, roles?: readonly ForkedRole[]): Promise<Crew> =>
    crews.forFolder(folderOf(workspace), models.get(pathOf(workspace)), roles);

  /** What the crew reads, and what its tests run on, is what the user sees. */
  const start = (folder: Folder, what: What): Promise<string> =>
    told(async () => {
      assertTrusted();
      return runs.start(await crewOf(folder.uri.fsPath), what);
    });

  const onRun = (runId: string, work: (crew: Crew) => Promise<RunEnd>): Promise<RunEnd> =>
    told(async () => {
      assertTrusted();
      const { workspace, fork } = await startOf(runs, runId);
      return work(await crewOf(workspace, fork?.roles));
    });

  return {
    folderOf,
    start,
    workOn: (runId, work) => onRun(runId, (crew) => runs.workOn(crew, runId, work)),
    async resume(runId, early) {
      await onRun(runId, (crew) =>
        runs.working ? runs.resume(crew, runId) : crews.user.during(early, () => runs.resume(crew, runId)),
      );
    },
    async takeOver(runId) {
      await onRun(runId, (crew) => runs.resume(crew, runId, { takeOver: true }));
    },
    async planAfresh(runId) {
      const { kind, task, said, workspace } = await startOf(runs, runId);
      if (runs.working?.runId === runId) await runs.stop();
      const what: What = { kind, task, ...(said === undefined ? {} : { said }), freshPlan: true };
      await told(async () => {
        assertTrusted();
        return runs.start(await crewOf(workspace), what);
      });
    },
    async fork({ workspace, ...request }) {
      return told(async () => {
        assertTrusted();
        const before = request.events[0]?.type === 'run.started' ? (request.events[0].fork?.roles ?? []) : [];
        return runs.fork(await crewOf(workspace, [...before, ...request.roles]), request);
      });
    },
    async implement(runId) {
      await onRun(runId, (crew) =>
        runs.resume(crew, runId, {
          flow: (run, started) => flowOf(run, { ...started, kind: 'run' }, 'leave'),
        }),
      );
    },
    withModels: (workspace, urls) => void models.set(pathOf(workspace), urls),
    async send({ text, command, attachments }) {
      const folder = folderForTask(facts.chosen());
      facts.asked(command === 'implement' ? text : `/${command} ${text}`.trim());
      const attached = await resolve(attachments, folder);
      return start(folder, await whatOf(command, text, attached));
    },
  };
}

/** As the editor writes a path; on Windows, that is not as the system does. */
function pathOf(workspace: string): string {
  return vscode.Uri.file(workspace).fsPath;
}

/** Rephrases a failure for the user: the message, and what to do about it. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { message, remedy } = inWords(cause);
    throw new Error(remedy === undefined ? message : `${message} ${remedy}`, { cause });
  }
}

async function whatOf(
  command: Exclude<ChatCommand, 'doctor'>,
  text: string,
  attached: readonly { label: string; text: string }[],
): Promise<What> {
  const said = { text: text.trim(), attachments: attached.map(({ label }) => label) };
  const withAttachments = async (task: string): Promise<string> =>
    [await readTask(task, []), ...attached.map((one) => `# Attached: ${one.label}\n${one.text}`)].join('\n\n');
  switch (command) {
    case 'review': {
      const base = text.trim() || 'HEAD';
      return { kind: 'review', task: `Review of the changes against ${base}`, base };
    }
    case 'plan':
      return { kind: 'plan', task: await withAttachments(text), said };
    case 'implement':
      return { kind: 'run', task: await withAttachments(text), said };
    case 'explain':
      return { kind: 'ask', task: await withAttachments(text.trim() || 'Explain what is attached.'), said };
    case 'fix':
      return { kind: 'run', task: await withAttachments(`Fix this: ${text.trim() || 'the problems attached.'}`), said };
    default:
      return command satisfies never;
  }
}

async function startOf(runs: Runs, runId: string): Promise<EventOf<'run.started'>> {
  for await (const [first] of runs.events(runId, AbortSignal.timeout(10_000))) {
    if (first?.type === 'run.started') return first;
  }
  throw new Error(`Run ${runId} does not begin with its start.`);
}
