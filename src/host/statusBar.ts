import * as vscode from 'vscode';
import type { SubtaskState } from '../shared/runState.ts';
import type { Runs, Shown } from './runs.ts';

/** What the status bar says at a glance. */
export interface Glance {
  /** With a codicon in front. */
  text: string;
  tooltip: string;
  /** The tooltip for those who see it, in Markdown with codicons. */
  markdown?: string;
  tone: 'plain' | 'needsYou' | 'error';
}

/**
 * One item for the whole crew; a click opens what can be done now.
 * @param fleet what there is to say of the model servers while there is no task
 */
export function openStatusBar(
  runs: Runs,
  fleet: { glance: () => Glance | undefined; onChange: vscode.Event<unknown> },
  command: string,
): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('conclave.status', vscode.StatusBarAlignment.Left, 5);
  item.name = vscode.l10n.t('Conclave');
  item.command = command;
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    timer = undefined;
    const idle = runs.shown === undefined ? fleet.glance() : undefined;
    const { text, tooltip, markdown, tone } = isElsewhere(runs) ? behind() : (idle ?? glanceAt(runs.shown));
    item.text = text;
    item.tooltip = markdown === undefined ? tooltip : new vscode.MarkdownString(markdown, true);
    item.accessibilityInformation = { label: tooltip, role: 'button' };
    item.backgroundColor =
      tone === 'plain'
        ? undefined
        : new vscode.ThemeColor(tone === 'error' ? 'statusBarItem.errorBackground' : 'statusBarItem.warningBackground');
  };
  // Deltas come by the hundred; a glance needs a few a second.
  const later = (): void => {
    timer ??= setTimeout(draw, 200);
  };
  draw();
  item.show();
  const listeners = [runs.onShow(later), runs.onEvents(later), runs.onActivity(later), fleet.onChange(later)];
  return vscode.Disposable.from(item, ...listeners, { dispose: () => clearTimeout(timer) });
}

/** The crew works on another run than the one that is shown. */
function isElsewhere({ working, shown }: Runs): boolean {
  return working !== undefined && working.runId !== '' && working.runId !== shown?.runId;
}

function behind(): Glance {
  const tooltip = vscode.l10n.t('Conclave is working on another task than the one shown');
  return { text: `$(sync~spin) ${vscode.l10n.t('Conclave')}`, tooltip, tone: 'plain' };
}

/** The state of the crew in a few words. */
export function glanceAt(shown: Shown | undefined): Glance {
  const { t } = vscode.l10n;
  if (!shown) return { text: '$(organization) Conclave', tooltip: t('Conclave: no task yet'), tone: 'plain' };
  const { state, activity } = shown;
  const title = oneLine(state.said.text);
  const plain = (text: string, tooltip: string): Glance => ({ text, tooltip: `${tooltip}\n${title}`, tone: 'plain' });
  const needsYou = (what: string): Glance => ({
    text: `$(bell-dot) ${t('Conclave: needs you')}`,
    tooltip: `${what}\n${title}`,
    tone: 'needsYou',
  });
  if (activity.kind === 'replaying')
    return plain(`$(history) ${t('Conclave: replay')}`, t('A past run is shown again'));
  if (state.openQuestions.length > 0) return needsYou(t('The Planner has a question'));
  if (state.openApprovals.length > 0) return needsYou(t('Something waits for your approval'));
  switch (state.phase.kind) {
    case 'finished':
      if (state.proposal?.state === 'open') return needsYou(t('A change waits for your review'));
      return state.phase.outcome === 'not_approved'
        ? {
            text: `$(error) ${t('Conclave: not approved')}`,
            tooltip: `${state.phase.ending.message}\n${title}`,
            tone: 'plain',
          }
        : plain(`$(pass) Conclave`, state.phase.ending.message);
    case 'paused':
    case 'aborted':
      return {
        text: `$(debug-pause) ${t('Conclave: stopped')}`,
        tooltip: `${state.phase.ending.message}\n${title}`,
        tone:
          state.phase.ending.code === 'server_unavailable' || state.phase.ending.code === 'store_failed'
            ? 'error'
            : 'plain',
      };
    case 'starting':
    case 'planning':
    case 'working':
    case 'merging':
    case 'proposed':
      if (activity.kind === 'idle')
        return plain(`$(debug-pause) ${t('Conclave: interrupted')}`, t('The run can go on'));
      return plain(`$(sync~spin) ${workInWords(shown)}`, t('Conclave is working'));
    default:
      return state.phase satisfies never;
  }
}

/** "Coder: task_1", "Planning", "2 Coders". */
function workInWords({ state }: Shown): string {
  const { t } = vscode.l10n;
  const lanes = Object.entries(state.lanes);
  const coders = lanes.filter(([, { role }]) => role === 'coder');
  if (coders.length > 1) return t('{0} Coders', coders.length);
  const checking = state.subtasks.find(({ phase }) => phase === 'checking');
  if (checking) return t('Tests: {0}', nameOf(checking));
  const [lane, doing] = lanes.at(-1) ?? [];
  if (lane === undefined || doing === undefined) return t('Conclave');
  const subtask = lane.split(':')[1];
  const role = { preprocessor: t('Preprocessor'), planner: t('Planner'), coder: t('Coder'), reviewer: t('Reviewer') }[
    doing.role
  ];
  return subtask === undefined ? role : `${role}: ${subtask}`;
}

function nameOf({ plan }: SubtaskState): string {
  return plan.id;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
