import * as vscode from 'vscode';
import type { Processes, Workspace } from '../../core/ports.ts';
import { runTool } from '../../core/tools/index.ts';
import { LONGEST_TASK } from '../../node/taskInput.ts';
import type { Attachment } from '../../shared/protocol.ts';
import type { Folder } from '../folders.ts';
import { endOf, folderListing, numberedLines, type Problem, problemList } from './attachedText.ts';
import { problemsIn } from './completions.ts';
import type { TerminalCommand } from './terminalOutput.ts';

/** Characters of a diff or an output: enough to see what it is about, and agents can look further. */
const MOST_OUTPUT = 24_000;

interface Around {
  /** Where an attachment belongs that names no folder. */
  folder: Folder;
  workspaceOf: (folder: vscode.Uri) => Workspace;
  processes: Processes;
  terminal: TerminalCommand | undefined;
}

/** The texts of the chips. Throws, in words for the user, where one cannot be had or they are too long together. */
export async function resolveAttachments(
  attachments: readonly Attachment[],
  around: Around,
): Promise<{ label: string; text: string }[]> {
  const resolved: { label: string; text: string }[] = [];
  for (const attachment of attachments) {
    resolved.push({ label: attachment.label, text: await textOf(attachment, around) });
  }
  const length = resolved.reduce((sum, { text }) => sum + text.length, 0);
  if (length > LONGEST_TASK) {
    const [longest] = resolved.toSorted((a, b) => b.text.length - a.text.length);
    throw new Error(
      vscode.l10n.t(
        'The attachments have {0} characters together; at most {1} are taken. The longest is {2} ({3}): select a part of it, or just name the file in your message, and the crew reads what it needs.',
        length,
        LONGEST_TASK,
        longest?.label ?? '',
        longest?.text.length ?? 0,
      ),
    );
  }
  return resolved;
}

async function textOf(attachment: Attachment, around: Around): Promise<string> {
  const { kind, path = '', lines } = attachment;
  const folder = folderOf(attachment, around);
  const workspace = around.workspaceOf(folder.uri);
  switch (kind) {
    case 'file':
      return readFile(workspace, path);
    case 'folder':
      return folderListing(
        (await workspace.list()).map((entry) => entry.path),
        path,
      );
    case 'selection':
    case 'symbol': {
      const text = await readFile(workspace, path);
      return `${path}\n${lines === undefined ? text : numberedLines(text, lines)}`;
    }
    case 'problems':
      return problemList(
        problemsIn(folder)
          .filter((one) => path === '' || one.path === path)
          .map(asProblem),
      );
    case 'diff':
      return diffOf(workspace, around.processes);
    case 'terminal': {
      const { terminal } = around;
      if (!terminal) throw new Error(vscode.l10n.t('No command has run in a terminal of the editor yet.'));
      const status = terminal.exitCode === undefined ? '' : `\n[exit code ${terminal.exitCode}]`;
      return `$ ${terminal.command}\n${endOf(terminal.output, MOST_OUTPUT)}${status}`;
    }
    default:
      return kind satisfies never;
  }
}

function folderOf({ folder }: Attachment, around: Around): Folder {
  if (folder === undefined || folder === around.folder.uri.toString()) return around.folder;
  const open = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.toString() === folder);
  if (open) return open;
  throw new Error(vscode.l10n.t('The folder of an attachment is not open any more. Remove the attachment.'));
}

async function readFile(workspace: Workspace, path: string): Promise<string> {
  const { t } = vscode.l10n;
  const content = await workspace.read(path);
  switch (content.kind) {
    case 'text':
      return content.text;
    case 'binary':
      throw new Error(t('{0} is not text: only text can be attached so far.', path));
    case 'tooLarge':
      throw new Error(
        t('{0} is too large to be attached: select a part of it, or just name it in your message.', path),
      );
    case 'directory':
      throw new Error(t('{0} is a folder now. Remove the attachment.', path));
    case 'missing':
      throw new Error(t('{0} is not there any more. Remove the attachment.', path));
    case 'forbidden':
      throw new Error(t('{0} cannot be attached: {1}.', path, content.reason));
    default:
      return content satisfies never;
  }
}

async function diffOf(workspace: Workspace, processes: Processes): Promise<string> {
  const { text, isError } = await runTool(
    'git_diff',
    {},
    {
      workspace,
      processes,
      code: { facts: async (files) => files.map(() => undefined) },
      maxChars: MOST_OUTPUT,
      signal: AbortSignal.timeout(60_000),
      runChecks: () => Promise.reject(new Error('git_diff runs no checks.')),
    },
  );
  if (isError) throw new Error(text);
  return text;
}

const SEVERITIES: Record<vscode.DiagnosticSeverity, Problem['severity']> = {
  [vscode.DiagnosticSeverity.Error]: 'error',
  [vscode.DiagnosticSeverity.Warning]: 'warning',
  [vscode.DiagnosticSeverity.Information]: 'information',
  [vscode.DiagnosticSeverity.Hint]: 'hint',
};

function asProblem({ path, diagnostic }: { path: string; diagnostic: vscode.Diagnostic }): Problem {
  const { range, severity, message, source } = diagnostic;
  return {
    path,
    line: range.start.line + 1,
    severity: SEVERITIES[severity],
    message,
    ...(source === undefined ? {} : { source }),
  };
}
