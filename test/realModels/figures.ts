import type { RunEvent } from '../../src/shared/events.ts';
import { ofType } from '../support/scenario.ts';

/** What a run cost and came to, in lines for people. @param ms wall time */
export function figuresOf(name: string, events: readonly RunEvent[], ms: number): string[] {
  const reports = ofType(events, 'usage.reported');
  const sum = (of: (report: (typeof reports)[number]) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const written = sum(({ usage }) => usage.completionTokens);
  const seconds = sum(({ usage, tokensPerSecond }) => usage.completionTokens / Math.max(tokensPerSecond, 0.1));
  const prompts = sum(({ usage }) => usage.promptTokens);
  const cached = sum(({ usage }) => usage.cachedTokens ?? 0);
  const requests = [...counted(reports.map(({ role }) => role))].map(([role, count]) => `${role} ${count}`);
  const flags = ofType(events, 'redflag.raised');
  const kinds = [...counted(flags.map(({ flag }) => flag))].map(([flag, count]) => `${flag} ${count}`);
  const last = events.at(-1);
  const ending = last && 'ending' in last ? `${last.type}, ${last.ending.code}: ${last.ending.message}` : 'it did not';
  const answers = counted(events.map(({ type }) => type));
  return [
    `${name}: ${[...new Set(reports.map(({ model }) => model))].join(', ')}, window ${reports[0]?.window ?? '?'}`,
    `  ${(written / Math.max(seconds, 0.001)).toFixed(1)} tokens/s while writing; ${written} tokens written, ${prompts} read, ${percent(cached, prompts)} of them cached`,
    `  ${reports.length} requests (${requests.join(', ')}), ${Math.round(ms / 1000)} s`,
    `  ${flags.length} red flags${kinds.length === 0 ? '' : ` (${kinds.join(', ')})`}; edits: ${answers.get('edit.applied') ?? 0} applied, ${answers.get('edit.rejected') ?? 0} rejected; ${answers.get('review.finished') ?? 0} reviews`,
    `  ended: ${ending}`,
  ];
}

function counted<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${Math.round((100 * part) / whole)} %`;
}
