import { createHash } from 'node:crypto';
import type { CheckReport, FailedTest, Finding, Verdict } from '../../shared/events.ts';
import type { Review, ReviewIssue, Severity } from '../../shared/wire.ts';
import { blockingFailures } from '../checks/compare.ts';
import type { Workspace } from '../ports.ts';
import { squeezed, type Waiver, waiverOf } from './waivers.ts';

/** What the gate knows besides the review itself. */
export interface GateFacts {
  round: number;
  baseChecks: CheckReport | undefined;
  checks: CheckReport;
  /** Names of failing checks that the plan declares unrelated. */
  knownFailures: readonly string[];
  /** The open findings of earlier rounds: new ones need evidence from round 2 on. */
  earlier: readonly Finding[];
  /** With the change on top. */
  workspace: Workspace;
  /** The success criterion a finding may name as its evidence. */
  criterion: string;
  /** Nothing was changed: then only the Reviewer's own "approved" stands, for there is no work to speak for itself. */
  needsApproval?: boolean;
  /** What the user never wants to see again. */
  waivers: readonly Waiver[];
}

/**
 * Decides about an attempt. Code decides, not a prompt: "approved" cannot stand on failing checks, and a finding
 * counts only where it points at text that exists.
 */
export async function decide(review: Review, facts: GateFacts): Promise<Verdict> {
  const notes: string[] = [];
  const { blocking: failingChecks, known } = blockingFailures(facts.baseChecks, facts.checks, facts.knownFailures);
  const declared = known.filter(({ name }) => facts.knownFailures.includes(name));
  if (declared.length > 0) {
    notes.push(
      `Red before the run and declared unrelated by the plan: ${declared.map(({ name }) => name).join(', ')}.`,
    );
  }
  for (const { name, message } of known.filter((one) => !declared.includes(one))) {
    notes.push(`The checks decide nothing here, as before the run: ${name}${message ? `, ${message}` : ''}.`);
  }
  if (facts.checks.status === 'none') notes.push(`No checks ran: ${facts.checks.reason ?? 'none were found'}.`);
  const findings: Finding[] = [];
  const waived = new Set<string>();
  // The gravest first: of several about one line, that one is kept.
  for (const issue of review.issues.toSorted(
    (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity),
  )) {
    const place = await placeOf(issue, facts.workspace);
    if (!place) {
      notes.push(
        `Not counted, because it points at nothing that exists (${issue.location || 'no location'}): ${issue.message}`,
      );
      continue;
    }
    const { path, line, lineText } = place;
    const fingerprint = fingerprintOf(issue, path);
    if (waived.has(fingerprint) || findings.some((other) => other.fingerprint === fingerprint)) continue;
    const at = line === undefined ? path : `${path}:${line}`;
    const waiver = waiverOf(facts.waivers, { type: issue.type, path, fingerprint, lineText });
    if (waiver) {
      waived.add(fingerprint);
      notes.push(`Waived by the user (${waiver.reason}): ${issue.type} at ${at}: ${issue.message}`);
      continue;
    }
    findings.push({
      ...issue,
      path,
      ...(line === undefined ? {} : { line }),
      fingerprint,
      ...blocks(issue, { path, line, fingerprint, quote: issue.quote }, facts, failingChecks),
    });
  }
  const isUnconfirmed = facts.needsApproval === true && review.status === 'failed';
  if (isUnconfirmed) notes.push('The Reviewer does not confirm that nothing has to be changed.');
  const failed = isUnconfirmed || failingChecks.length > 0 || findings.some(({ blocking }) => blocking);
  if (review.status === 'failed' && !failed && review.feedback.trim() !== '')
    notes.push(`The Reviewer's remark: ${review.feedback.trim()}`);
  return {
    status: failed ? 'failed' : 'approved',
    failingChecks,
    findings,
    notes,
    ...(waived.size === 0 ? {} : { waived: [...waived] }),
  };
}

const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low'];

/** Whether a "failed" review gives nothing that counts, so that it goes back to the Reviewer once. */
export function failsForNothing(review: Review, verdict: Verdict): boolean {
  const nothing = verdict.findings.length === 0 && verdict.failingChecks.length === 0;
  return review.status === 'failed' && nothing && verdict.waived === undefined;
}

/** Stable over rounds, line shifts and other words: the file and the quoted line, or, without a quote, the message. */
export function fingerprintOf(issue: ReviewIssue, path: string): string {
  const subject = (issue.quote ?? issue.message).toLowerCase().replace(/\s+/g, ' ').trim();
  return createHash('sha256').update(`${path}\0${subject}`).digest('hex').slice(0, 16);
}

function blocks(
  issue: ReviewIssue,
  place: Place,
  facts: GateFacts,
  failingChecks: readonly FailedTest[],
): { blocking: boolean; because: string } {
  if (issue.severity !== 'critical' && issue.severity !== 'high')
    return { blocking: false, because: `${issue.severity} findings are shown and do not block` };
  if (facts.round === 1) return { blocking: true, because: `${issue.severity}, in round 1` };
  if (facts.earlier.some((open) => isSame(open, place)))
    return { blocking: true, because: `${issue.severity}, and open since an earlier round` };
  const evidence = evidenceFor(issue, facts, failingChecks);
  return evidence === undefined
    ? { blocking: false, because: 'new after round 1 and without evidence beyond the Reviewer’s word' }
    : { blocking: true, because: `${issue.severity}, with evidence: ${evidence}` };
}

/** Lines that a finding without a quote may have moved by and still be the same one in other words. */
const NEAR = 3;

interface Place {
  path: string;
  line: number | undefined;
  quote: string | undefined;
  fingerprint: string;
}

function isSame(open: Finding, now: Place): boolean {
  if (open.fingerprint === now.fingerprint) return true;
  if (open.quote !== undefined && now.quote !== undefined) return false;
  if (open.path !== now.path || open.line === undefined || now.line === undefined) return false;
  return Math.abs(open.line - now.line) <= NEAR;
}

/** A failing check or the success criterion, where the finding names one. */
function evidenceFor(issue: ReviewIssue, facts: GateFacts, failingChecks: readonly FailedTest[]): string | undefined {
  const said = `${issue.evidence ?? ''} ${issue.message}`.toLowerCase();
  const check = failingChecks.find(({ name }) => name.length > 3 && said.includes(name.toLowerCase()));
  if (check) return `the check "${check.name}" fails`;
  const quoted = issue.evidence?.trim().toLowerCase() ?? '';
  return quoted.length >= 12 && facts.criterion.toLowerCase().includes(quoted)
    ? `the success criterion "${issue.evidence?.trim()}"`
    : undefined;
}

/** Where a remark points; a line only where it names one. */
async function placeOf(
  issue: ReviewIssue,
  workspace: Workspace,
): Promise<{ path: string; line?: number; lineText?: string } | undefined> {
  const match = /^(.*?)(?::(\d+))?(?:[:-]\d+)?$/.exec(issue.location.trim().replace(/^[`"']|[`"']$/g, ''));
  const path = (match?.[1] ?? '').replaceAll('\\', '/').replace(/^\.\//, '');
  if (path === '') return undefined;
  const content = await workspace.read(path);
  if (content.kind !== 'text') return undefined;
  const lines = content.text.split(/\r\n|\r|\n/);
  const claimed = match?.[2] === undefined ? undefined : Number(match[2]);
  if (issue.quote !== undefined) {
    const line = nearestLineWith(lines, issue.quote, claimed ?? 1);
    return line === undefined ? undefined : { path, line, lineText: lines[line - 1] ?? '' };
  }
  if (claimed === undefined) return { path };
  const lineText = lines[claimed - 1];
  return lineText === undefined ? undefined : { path, line: claimed, lineText };
}

/** The 1-based line that holds the quote's first line (white space aside), nearest to where it was claimed. */
export function nearestLineWith(lines: readonly string[], quote: string, claimed: number): number | undefined {
  const wanted = squeezed(quote.split(/\r\n|\r|\n/).find((line) => line.trim() !== '') ?? '');
  if (wanted === '') return undefined;
  let best: number | undefined;
  lines.forEach((line, index) => {
    if (!squeezed(line).includes(wanted)) return;
    if (best === undefined || Math.abs(index + 1 - claimed) < Math.abs(best - claimed)) best = index + 1;
  });
  return best;
}
