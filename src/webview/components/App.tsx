import { useCallback, useMemo } from 'preact/hooks';
import { type Composed, useHost } from '../host.ts';
import { t } from '../l10n.ts';
import type { View } from '../view.ts';
import { Banner } from './Banner.tsx';
import { Composer } from './Composer.tsx';
import { DoctorCard } from './DoctorCard.tsx';
import { EmptyState } from './EmptyState.tsx';
import type { Surroundings } from './EntryView.tsx';
import { HistoryPanel } from './HistoryPanel.tsx';
import { LiveRegion } from './LiveRegion.tsx';
import { PlanHeader } from './PlanHeader.tsx';
import { ReplayBanner } from './ReplayBanner.tsx';
import { TopBar } from './TopBar.tsx';
import { TranscriptList } from './TranscriptList.tsx';
import { UsageBar } from './UsageBar.tsx';

export function App({ view, change }: { view: View; change: (make: (view: View) => View) => void }) {
  const { facts, transcript, activity, panel, doctor, refused, problem, composed } = view;
  const { run, entries, dropped, activeMs } = transcript;
  const { actOnRun } = useHost();
  const around = useSurroundings(view, change);
  const isLive = activity.kind === 'working' || activity.kind === 'elsewhere';
  const hasRun = entries.length > 0;
  // Neither ended nor worked on: what was at work went away.
  const canContinue = hasRun && activity.kind === 'idle' && run.phase.kind !== 'finished';
  const forgetComposed = useCallback(
    (put: Composed) => change(({ composed, ...old }) => (composed && composed !== put ? { ...old, composed } : old)),
    [change],
  );
  const closeHistory = useCallback(() => change((old) => ({ ...old, panel: 'chat' })), [change]);

  return (
    <main class={`chat ${activity.kind === 'idle' ? 'is-still' : ''}`}>
      <TopBar
        title={hasRun ? (run.said.text.split('\n')[0] ?? '') : t('New task')}
        activity={activity}
        panel={panel}
        onPanel={(fresh) => change((old) => ({ ...old, panel: fresh }))}
      />
      {panel === 'history' ? (
        <HistoryPanel onClose={closeHistory} />
      ) : (
        <>
          {hasRun && <PlanHeader run={run} entries={entries} isLive={isLive || activity.kind === 'replaying'} />}
          {hasRun ? (
            <TranscriptList key={view.runId} entries={entries} dropped={dropped} around={around}>
              {doctor && <DoctorCard {...doctor} />}
            </TranscriptList>
          ) : (
            <div class="transcript is-empty">
              {doctor ? (
                <DoctorCard {...doctor} />
              ) : (
                facts && (
                  <EmptyState
                    facts={facts}
                    onExample={(text) => change((old) => ({ ...old, composed: { text, attachments: [] } }))}
                  />
                )
              )}
            </div>
          )}
          {activity.kind === 'elsewhere' && (
            <Banner icon="eye" tone="info" action={{ label: t('Take over'), onClick: () => actOnRun('takeOver', {}) }}>
              {t('{0} works on this run; you follow it live.', activity.holder)}
            </Banner>
          )}
          {isLive && run.storeLost !== undefined && (
            <Banner icon="database" tone="warning">
              {t('The store of runs does not answer. What happens meanwhile is kept on this machine.')} {run.storeLost}
            </Banner>
          )}
          {activity.kind === 'replaying' && <ReplayBanner activity={activity} />}
          {refused && (
            <Banner icon="error" tone="bad" onClose={() => change(({ refused: _gone, ...old }) => old)}>
              {refused.message} {refused.remedy}
            </Banner>
          )}
          {problem !== undefined && (
            <Banner icon="warning" tone="bad" onClose={() => change(({ problem: _gone, ...old }) => old)}>
              {problem}
            </Banner>
          )}
          <UsageBar run={run} activeMs={activeMs} isLive={isLive} />
          <Composer
            facts={facts}
            activity={activity}
            canContinue={canContinue}
            composed={composed}
            onComposed={forgetComposed}
            onProblem={(fresh) => change((old) => ({ ...old, problem: fresh }))}
          />
        </>
      )}
      <LiveRegion entries={entries} />
    </main>
  );
}

/** Renewed only when something in it changes: else every entry would be drawn again with every event. */
function useSurroundings(
  { activity, transcript: { run, entries }, settled, runId }: View,
  change: (make: (view: View) => View) => void,
): Surroundings {
  const isIdle = activity.kind === 'idle';
  const isAsked = run.phase.kind === 'paused' || run.openQuestions.length > 0 || run.openApprovals.length > 0;
  const canAnswer = activity.kind === 'working' || (isIdle && isAsked);
  const canPlanAfresh = (activity.kind === 'working' || isIdle) && run.proposal?.state !== 'accepted';
  const hasFindings =
    isIdle &&
    entries.some(
      (entry) =>
        entry.kind === 'review' &&
        entry.stands &&
        entry.verdict.findings.some(({ fingerprint }) => !settled.has(fingerprint)),
    );
  const said = run.said.text;
  return useMemo(
    () => ({
      runId,
      canAnswer,
      canGoOn: isIdle,
      canPlanAfresh,
      settled,
      hasFindings,
      onEdit: () => change((old) => ({ ...old, composed: { text: said, attachments: [] } })),
    }),
    [canAnswer, canPlanAfresh, isIdle, settled, hasFindings, said, change],
  );
}
