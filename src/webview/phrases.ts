/** What happens, in words of the user's language. */
import type { CheckReport, FileAction, Role, Verdict } from '../shared/events.ts';
import { roleTitle } from '../shared/fleetWords.ts';
import { MERGED, type RunState, type SubtaskPhase } from '../shared/runState.ts';
import type { Severity } from '../shared/wire.ts';
import { duration, plural, t } from './l10n.ts';
import type { Stretch, ToolStep } from './transcript/entries.ts';

export const ROLE_ICONS: Record<Role, string> = {
  preprocessor: 'file-media',
  planner: 'list-tree',
  coder: 'code',
  reviewer: 'eye',
};

export function roleName(role: Role): string {
  return roleTitle(role, t);
}

/** "task_1", or what the run calls a part of itself. */
export function partName(subtask: string): string {
  if (subtask === MERGED) return t('the whole change');
  return subtask === 'review' || subtask === 'answer' ? '' : subtask;
}

/** Where the run stands, in two or three words. */
export function phaseName({ phase, openQuestions, openApprovals, proposal }: RunState): string {
  if (openQuestions.length > 0 && phase.kind !== 'finished') return t('Waits for your answer');
  if (openApprovals.length > 0 && phase.kind !== 'finished') return t('Waits for your approval');
  switch (phase.kind) {
    case 'starting':
      return t('Starting');
    case 'planning':
      return t('Planning');
    case 'working':
      return t('Working');
    case 'merging':
      return t('Checking the whole change');
    case 'proposed':
      return t('Change proposed');
    case 'paused':
      return t('Paused');
    case 'aborted':
      return t('Stopped');
    case 'finished':
      if (proposal?.state === 'open') return t('Waits for your decision');
      return {
        approved: t('Approved'),
        not_approved: t('Not approved'),
        nothing_to_do: t('Nothing to do'),
        answered: t('Answered'),
      }[phase.outcome];
    default:
      phase satisfies never;
      return '';
  }
}

export function subtaskPhaseName(phase: SubtaskPhase): string {
  return {
    waiting: t('waiting'),
    ready: t('ready'),
    coding: t('coding'),
    checking: t('checking'),
    reviewing: t('in review'),
    escalated: t('back to the Planner'),
    approved: t('approved'),
    waived: t('waived'),
    failed: t('failed'),
    replaced: t('replaced'),
  }[phase];
}

export function severityName(severity: Severity): string {
  return { critical: t('Critical'), high: t('High'), medium: t('Medium'), low: t('Low') }[severity];
}

export function actionName(action: FileAction): string {
  return { create: t('created'), modify: t('edited'), delete: t('deleted'), rename: t('renamed') }[action];
}

/** What a tool call does: words, and the subject that is set apart from them. */
export function toolWords({ tool, args, result }: ToolStep): { verb: string; subject: string } {
  const said = (key: string): string => (typeof args[key] === 'string' ? (args[key] as string) : '');
  const done = result !== undefined;
  switch (tool) {
    case 'read_file':
      return { verb: done ? t('Read') : t('Reads'), subject: said('path') };
    case 'analyze_codebase':
      return { verb: done ? t('Looked over the project') : t('Looks over the project'), subject: '' };
    case 'search_docs':
      return { verb: done ? t('Searched the docs') : t('Searches the docs'), subject: said('query') };
    case 'find_references':
      return { verb: done ? t('Found references') : t('Finds references'), subject: said('symbol') };
    case 'recall':
      return { verb: done ? t('Looked up earlier runs') : t('Looks up earlier runs'), subject: said('query') };
    case 'git_diff':
      return { verb: done ? t('Looked at the changes') : t('Looks at the changes'), subject: said('file') };
    case 'run_tests':
      return { verb: done ? t('Ran the tests') : t('Runs the tests'), subject: said('test_file') };
    default:
      return { verb: tool, subject: (Object.values(args).find((value) => typeof value === 'string') as string) ?? '' };
  }
}

/** What an agent is doing now. */
export function doing(stretch: Stretch): string {
  const last = stretch.steps.at(-1);
  switch (last?.kind) {
    case 'thinking':
      return t('thinking');
    case 'writing':
      if (last.form !== 'answer') return t('writing');
      return stretch.role === 'planner'
        ? t('planning')
        : stretch.role === 'reviewer'
          ? t('reviewing')
          : t('choosing what to do');
    case 'tool': {
      if (last.result) return t('reading the result');
      const { verb, subject } = toolWords(last);
      return `${verb} ${subject}`.trim();
    }
    case 'code':
      return t('writing');
    default:
      return t('starting');
  }
}

/** Tokens per second: the server's word, or, while a first turn streams, what we see (about four characters a token). */
export function rate({ tokensPerSecond, streaming, endedAt }: Stretch): number {
  if (tokensPerSecond > 0) return tokensPerSecond;
  const ms = streaming ? Date.parse(endedAt) - Date.parse(streaming.since) : 0;
  return streaming && ms > 500 ? streaming.chars / 4 / (ms / 1000) : 0;
}

export function checksWords({ status, passed, failed, ms, reason }: CheckReport): string {
  switch (status) {
    case 'passed':
      return passed === undefined
        ? t('passed in {0}', duration(ms))
        : plural(passed, '{0} test passed in {1}', '{0} tests passed in {1}', duration(ms));
    case 'failed':
      return failed.length === 0
        ? t('failed after {0}', duration(ms))
        : plural(failed.length, '{0} test failed after {1}', '{0} tests failed after {1}', duration(ms));
    case 'timed_out':
      return t('took too long and was ended after {0}', duration(ms));
    case 'could_not_run':
      return t('could not run: {0}', reason ?? t('no reason is known'));
    case 'none':
      return t('This workspace has no checks that could be found.');
    default:
      status satisfies never;
      return '';
  }
}

/** Why a verdict is what it is. */
export function verdictWords({ status, failingChecks, findings }: Verdict): string {
  if (status === 'approved') return t('Approved');
  const blocking = findings.filter((finding) => finding.blocking).length;
  const reasons = [
    ...(failingChecks.length > 0 ? [plural(failingChecks.length, '{0} failing check', '{0} failing checks')] : []),
    ...(blocking > 0 ? [plural(blocking, '{0} finding', '{0} findings')] : []),
  ];
  return reasons.length === 0 ? t('Not approved') : t('Not approved: {0}', reasons.join(', '));
}
