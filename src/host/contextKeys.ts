import * as vscode from 'vscode';
import type { Runs } from './runs.ts';

/** Keeps the keys that the manifest's `when` clauses ask for. */
export function keepContextKeys(runs: Runs): vscode.Disposable {
  const tell = tellingContextKeys();
  const update = (): void => {
    const state = runs.shown?.state;
    const phase = state?.phase.kind;
    tell('working', runs.working !== undefined);
    tell('hasRun', state !== undefined);
    tell('hasProposal', state?.proposal?.state === 'open' && phase === 'finished');
    tell('canUndo', state?.proposal?.state === 'accepted');
    tell('canResume', runs.working === undefined && (phase === 'paused' || phase === 'aborted'));
  };
  update();
  return vscode.Disposable.from(runs.onShow(update), runs.onEvents(update), runs.onActivity(update));
}

/** Sets keys ("hasRun" is conclave.hasRun), and tells the editor only of those that change. */
export function tellingContextKeys(): (key: string, value: boolean) => void {
  const told = new Map<string, boolean>();
  return (key, value) => {
    if (told.get(key) === value) return;
    told.set(key, value);
    void vscode.commands.executeCommand('setContext', `conclave.${key}`, value);
  };
}
