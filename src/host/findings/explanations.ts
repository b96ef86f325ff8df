import * as vscode from 'vscode';
import { FINDING_SCHEME } from './diagnosticOf.ts';
import type { Findings, PlacedFinding } from './findings.ts';

/** The documents that open where the type of a finding is clicked: all that the review says about it. */
export function registerExplanations(findings: Findings): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(FINDING_SCHEME, {
    provideTextDocumentContent: ({ query }) => {
      const found = findings.get(query);
      return found ? explained(found) : vscode.l10n.t('This finding is not there any more.');
    },
  });
}

function explained({ finding }: PlacedFinding): string {
  const { t } = vscode.l10n;
  const { severity, type, message, path, line, because, evidence, quote, suggested_fix: fix } = finding;
  return [
    `# ${severity}: ${type}`,
    message,
    `${line === undefined ? path : `${path}:${line}`}`,
    ...(quote === undefined ? [] : [fenced(quote)]),
    `${finding.blocking ? t('It blocks') : t('It does not block')}: ${because}.`,
    ...(evidence?.trim() ? [`## ${t('Evidence')}`, evidence.trim()] : []),
    ...(fix === undefined
      ? []
      : [`## ${t('The Reviewer suggests')}`, t('Replace'), fenced(fix.search), t('by'), fenced(fix.replace)]),
    `## ${t('What you can do')}`,
    t('Put the cursor on it and press {0} for quick fixes.', '`Ctrl+.`'),
  ]
    .join('\n\n')
    .concat('\n');
}

/** With a fence that the text cannot end. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text.replace(/\n$/, '')}\n${fence}`;
}
