import * as vscode from 'vscode';
import { type ForkPoint, type ForkRequest, forkPointAt, forkPoints } from '../core/orchestrator/forkRun.ts';
import type { Store } from '../core/orchestrator/session.ts';
import type { LoadedSettings } from '../node/configuration.ts';
import { servedModels } from '../node/servedModels.ts';
import { type ForkedRole, ROLES, type Role, type RunEvent } from '../shared/events.ts';
import { roleTitle } from '../shared/fleetWords.ts';

/**
 * Asks from which step to fork a run, where that is not said, and with what from there on.
 * @param settings the user's, for the run's workspace
 * @param at number of the step
 * @returns undefined where the user thought better of it
 */
export async function askForFork(
  store: Store,
  runId: string,
  at: number | undefined,
  settings: (workspace: string) => Promise<LoadedSettings>,
): Promise<(ForkRequest & { workspace: string }) | undefined> {
  const events: RunEvent[] = [];
  for await (const event of store.log.read(runId)) events.push(event);
  const [started] = events;
  if (started?.type !== 'run.started') return undefined;
  const point = at === undefined ? await pickPoint(events) : forkPointAt(events, String(at));
  if (!point) return undefined;
  const { workspace } = started;
  const roles = await pickRoles(await settings(workspace));
  return roles && { events, point, roles, workspace };
}

async function pickPoint(events: readonly RunEvent[]): Promise<ForkPoint | undefined> {
  const picked = await vscode.window.showQuickPick(
    forkPoints(events).map((point) => ({ ...pointInWords(point), detail: point.step ?? '', point })),
    { title: vscode.l10n.t('Fork after which step?'), matchOnDescription: true, matchOnDetail: true },
  );
  return picked?.point;
}

function pointInWords(event: ForkPoint): { label: string; description: string } {
  const { t } = vscode.l10n;
  switch (event.type) {
    case 'run.started':
      return { label: t('The start'), description: event.task.split('\n')[0] ?? '' };
    case 'input.preprocessed':
      return { label: t('The task was read'), description: '' };
    case 'plan.proposed':
      return { label: t('The plan'), description: event.plan.task_understood };
    case 'plan.answered':
      return { label: t('Your answer'), description: event.answers.map(({ answer }) => answer).join(', ') };
    case 'turn.finished':
      return {
        label: t('{0}, turn {1}', roleTitle(event.role, t), event.turn),
        description: `${event.lane} · ${event.model.slice(event.model.lastIndexOf('/') + 1)}`,
      };
    case 'checks.finished':
      return { label: t('Checks'), description: `${event.subtask ?? ''} ${event.report.status}`.trim() };
    case 'review.finished':
      return { label: t('Review'), description: `${event.subtask} ${event.verdict.status}` };
    case 'subtask.started':
      return { label: t('Subtask begun'), description: event.subtask };
    case 'subtask.finished':
      return { label: t('Subtask ended'), description: `${event.subtask} ${event.outcome}` };
    default:
      return { label: event.type, description: '' };
  }
}

type With = { kind: 'same' } | { kind: 'temperature' } | { kind: 'model'; role: Role; model: string };

async function pickRoles({ settings, apiKey }: LoadedSettings): Promise<ForkedRole[] | undefined> {
  const { t } = vscode.l10n;
  const signal = AbortSignal.timeout(5000);
  const choices = async (): Promise<(vscode.QuickPickItem & { choice: With })[]> => {
    const models = await Promise.all(
      ROLES.map(async (role) => {
        const names = await servedModels(settings.endpoints[role].url, apiKey, signal).catch(() => []);
        return names.map((model) => ({
          label: t('{0}: {1}', roleTitle(role, t), model),
          choice: { kind: 'model' as const, role, model },
        }));
      }),
    );
    return [
      { label: t('As it is set now'), choice: { kind: 'same' } },
      { label: t('Another temperature…'), choice: { kind: 'temperature' } },
      ...models.flat(),
    ];
  };
  const picked = await vscode.window.showQuickPick(choices(), { title: t('Go on with what?') });
  switch (picked?.choice.kind) {
    case undefined:
      return undefined;
    case 'same':
      return [];
    case 'model':
      return [{ role: picked.choice.role, model: picked.choice.model }];
    case 'temperature':
      return pickTemperature();
    default:
      return picked?.choice satisfies undefined;
  }
}

async function pickTemperature(): Promise<ForkedRole[] | undefined> {
  const { t } = vscode.l10n;
  const picked = await vscode.window.showQuickPick(
    ROLES.map((role) => ({ label: roleTitle(role, t), role })),
    { title: t('For which role?') },
  );
  if (!picked) return undefined;
  const typed = await vscode.window.showInputBox({
    title: t('Temperature of the {0}', picked.label),
    value: '0.7',
    validateInput: (text) => (isTemperature(text) ? undefined : t('A number from 0 to 2.')),
  });
  return typed === undefined ? undefined : [{ role: picked.role, temperature: Number(typed) }];
}

function isTemperature(text: string): boolean {
  return text.trim() !== '' && Number(text) >= 0 && Number(text) <= 2;
}
