import * as vscode from 'vscode';
import type { Finding } from '../../shared/events.ts';
import { PROPOSAL_SCHEME } from '../proposals/proposalDocuments.ts';
import type { Findings, PlacedFinding } from './findings.ts';
import { type Fixed, fixedText, smallestEdit } from './suggestedFix.ts';

/** Offers what can be done about a finding where the cursor is on it. */
export function registerQuickFixes(findings: Findings): vscode.Disposable {
  return vscode.languages.registerCodeActionsProvider(
    [{ scheme: 'file' }, { scheme: PROPOSAL_SCHEME }],
    {
      provideCodeActions: (document, _range, { diagnostics }) => quickFixesFor(findings, document, diagnostics),
    },
    { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
  );
}

/** What can be done about those of the diagnostics that are ours. */
export function quickFixesFor(
  findings: Findings,
  document: vscode.TextDocument,
  diagnostics: readonly vscode.Diagnostic[],
): vscode.CodeAction[] {
  return diagnostics.flatMap((diagnostic) => {
    const found = findings.of(diagnostic);
    return found ? actionsFor(found, document, diagnostic, findings) : [];
  });
}

function actionsFor(
  found: PlacedFinding,
  document: vscode.TextDocument,
  diagnostic: vscode.Diagnostic,
  findings: Findings,
): vscode.CodeAction[] {
  const { t } = vscode.l10n;
  const { finding } = found;
  const isProposed = document.uri.scheme === PROPOSAL_SCHEME;
  // The Coder starts from the files on disk, and there the finding's text is not.
  const notYet = isProposed
    ? { reason: t('Accept the proposal first: the Coder starts from the files on disk.') }
    : undefined;
  const inFile = findings.list().filter(({ place }) => place?.uri.toString() === document.uri.toString());
  const offered = [
    suggestion(finding, document, isProposed),
    calling(t('Ask the Coder to fix this'), 'conclave.fixFinding', [finding.fingerprint], notYet),
    ...(inFile.length > 1
      ? [
          calling(
            t('Ask the Coder to fix all {0} findings in this file', inFile.length),
            'conclave.fixAllFindings',
            [document.uri],
            notYet,
          ),
        ]
      : []),
    calling(t('Waive with a reason…'), 'conclave.waiveFinding', [finding.fingerprint]),
    calling(t('Explain this finding'), 'conclave.explainFinding', [finding.fingerprint]),
  ];
  for (const action of offered) action.diagnostics = [diagnostic];
  return offered;
}

/** The Reviewer's own suggestion, as an edit; offered as disabled, with the reason, where it cannot be applied as it is. */
function suggestion(finding: Finding, document: vscode.TextDocument, isProposed: boolean): vscode.CodeAction {
  const { t } = vscode.l10n;
  const action = new vscode.CodeAction(t('Apply the Reviewer’s suggestion'), vscode.CodeActionKind.QuickFix);
  if (isProposed) {
    action.disabled = { reason: t('This file is a proposal: accept it first, then apply the suggestion.') };
    return action;
  }
  const before = document.getText();
  const fixed = fixedText(before, finding);
  if (fixed.kind === 'cannot') {
    action.disabled = { reason: whyNot(fixed.why) };
    return action;
  }
  const { start, end, text } = smallestEdit(before, fixed.text);
  action.edit = new vscode.WorkspaceEdit();
  action.edit.replace(document.uri, new vscode.Range(document.positionAt(start), document.positionAt(end)), text);
  action.isPreferred = true;
  return action;
}

function whyNot(why: Extract<Fixed, { kind: 'cannot' }>['why']): string {
  const { t } = vscode.l10n;
  switch (why) {
    case 'no_suggestion':
      return t('The Reviewer suggested no edit.');
    case 'missing':
      return t('What the suggestion replaces does not stand in this file word by word.');
    case 'several':
      return t('What the suggestion replaces stands in this file more than once.');
    case 'no_change':
      return t('The suggestion changes nothing.');
    default:
      return why satisfies never;
  }
}

function calling(title: string, command: string, args: unknown[], disabled?: { reason: string }): vscode.CodeAction {
  const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  if (disabled) action.disabled = disabled;
  else action.command = { title, command, arguments: args };
  return action;
}
