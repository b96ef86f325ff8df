import * as vscode from 'vscode';
import type { Finding } from '../../shared/events.ts';
import type { Severity } from '../../shared/wire.ts';

/** Under this name our diagnostics stand in the Problems view. */
export const SOURCE = 'Conclave';

/** The scheme of the documents that explain a finding; one opens where its type is clicked. */
export const FINDING_SCHEME = 'conclave-finding';

const SEVERITIES: Record<Severity, vscode.DiagnosticSeverity> = {
  critical: vscode.DiagnosticSeverity.Error,
  high: vscode.DiagnosticSeverity.Error,
  medium: vscode.DiagnosticSeverity.Warning,
  low: vscode.DiagnosticSeverity.Information,
};

/** The finding as the editor shows it. The code is its type; the fingerprint is kept in where that leads to. */
export function diagnosticOf(
  finding: Finding,
  range: vscode.Range,
  related: vscode.DiagnosticRelatedInformation[],
): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(range, finding.message, SEVERITIES[finding.severity]);
  diagnostic.source = SOURCE;
  diagnostic.code = { value: finding.type, target: explanationUri(finding) };
  if (related.length > 0) diagnostic.relatedInformation = related;
  return diagnostic;
}

/** The document that explains a finding. */
export function explanationUri({ type, fingerprint }: Pick<Finding, 'type' | 'fingerprint'>): vscode.Uri {
  const name = type.replace(/[^\p{L}\p{N}_-]+/gu, '-') || 'finding';
  return vscode.Uri.from({ scheme: FINDING_SCHEME, path: `/${name}.md`, query: fingerprint });
}

/** The fingerprint of the finding that a diagnostic shows; undefined where it is none of ours. */
export function fingerprintIn({ source, code }: vscode.Diagnostic): string | undefined {
  if (source !== SOURCE || typeof code !== 'object') return undefined;
  return code.target.scheme === FINDING_SCHEME ? code.target.query : undefined;
}

/** The other places that the evidence of a finding names ("src/app.ts:12"), where there are such lines. */
export async function otherPlaces(
  { evidence, path, line }: Finding,
  folder: vscode.Uri,
  textOf: (uri: vscode.Uri) => Promise<string | undefined>,
): Promise<vscode.DiagnosticRelatedInformation[]> {
  const found: vscode.DiagnosticRelatedInformation[] = [];
  for (const [, named = '', at = ''] of (evidence ?? '').matchAll(/([\p{L}\p{N}_@./-]+\.[\p{L}\p{N}]+):(\d+)/gu)) {
    const other = named.replace(/^\.\//, '');
    const isElsewhere = other !== path || Number(at) !== line;
    if (!isElsewhere || other.startsWith('/') || other.split('/').includes('..') || found.length >= 5) continue;
    const uri = vscode.Uri.joinPath(folder, other);
    const text = (await textOf(uri))?.split(/\r\n|\r|\n/)[Number(at) - 1];
    if (text === undefined) continue;
    const range = new vscode.Range(Number(at) - 1, 0, Number(at) - 1, text.length);
    found.push(new vscode.DiagnosticRelatedInformation(new vscode.Location(uri, range), evidence?.trim() ?? ''));
  }
  return found;
}
