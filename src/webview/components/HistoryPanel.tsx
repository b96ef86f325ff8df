import { useEffect, useState } from 'preact/hooks';
import type { RunEntry } from '../../shared/protocol.ts';
import { useHost } from '../host.ts';
import { moment, t } from '../l10n.ts';
import { Button, IconButton } from './Button.tsx';

/** Earlier runs: to open, continue, replay, export and delete. */
export function HistoryPanel({ onClose }: { onClose: () => void }) {
  const { call, act } = useHost();
  const [query, setQuery] = useState('');
  const [runs, setRuns] = useState<RunEntry[]>();
  const [asks, setAsks] = useState(0);

  useEffect(() => {
    let isCurrent = true;
    const take = (found: RunEntry[]): void => {
      if (isCurrent) setRuns(found);
    };
    const waiting = setTimeout(() => call('runs', { query }).then(take, () => take([])), asks === 0 ? 0 : 120);
    setAsks((times) => times + 1);
    return () => {
      isCurrent = false;
      clearTimeout(waiting);
    };
  }, [query]);

  const remove = (runId: string): void => {
    call('deleteRun', { runId }).then(
      () => setRuns((old) => old?.filter((run) => run.runId !== runId)),
      () => act('deleteRun', { runId }),
    );
  };
  return (
    <section class="history" aria-label={t('Runs')} onKeyDown={({ key }) => key === 'Escape' && onClose()}>
      <input
        class="text-input"
        type="search"
        // biome-ignore lint/a11y/noAutofocus: the panel was opened to look for something.
        autoFocus
        aria-label={t('Search runs')}
        placeholder={t('Search runs')}
        value={query}
        onInput={({ currentTarget }) => setQuery(currentTarget.value)}
      />
      {runs?.length === 0 && <p class="quiet nothing">{query === '' ? t('No runs yet.') : t('No run matches.')}</p>}
      <ul class="runs">
        {runs?.map((run) => (
          <RunLine key={run.runId} run={run} onClose={onClose} onDelete={() => remove(run.runId)} />
        ))}
      </ul>
    </section>
  );
}

function RunLine({ run, onClose, onDelete }: { run: RunEntry; onClose: () => void; onDelete: () => void }) {
  const { act, call } = useHost();
  const [isSure, setSure] = useState(false);
  const { runId, title, startedAt, workspace, state, isHere } = run;
  const canResume = isHere && ['paused', 'aborted', 'interrupted', 'waiting'].includes(state);
  const open = (then?: () => void): void => {
    act('show', { runId });
    then?.();
    onClose();
  };
  const resume = (): void => {
    call('show', { runId }).then(
      () => act('resume', { runId }),
      () => act('show', { runId }),
    );
    onClose();
  };
  return (
    <li class="run">
      <button type="button" class="run-open" onClick={() => open()}>
        <span class="run-title">{title}</span>
        <span class="quiet">
          {stateName(state)} · {moment(startedAt)} · {workspace}
        </span>
      </button>
      {isSure ? (
        <div class="actions">
          <span class="words">{t('Delete this run and its snapshots?')}</span>
          <Button kind="primary" onClick={onDelete}>
            {t('Delete')}
          </Button>
          <Button onClick={() => setSure(false)}>{t('Cancel')}</Button>
        </div>
      ) : (
        <div class="run-actions">
          {canResume && <IconButton icon="debug-continue" label={t('Continue')} onClick={resume} />}
          <IconButton
            icon="debug-restart"
            label={t('Replay')}
            onClick={() => {
              act('replay', { runId });
              onClose();
            }}
          />
          {isHere && (
            <IconButton
              icon="repo-forked"
              label={t('Fork…')}
              onClick={() => {
                act('fork', { runId });
                onClose();
              }}
            />
          )}
          <IconButton
            icon="markdown"
            label={t('Export as Markdown')}
            onClick={() => act('exportRun', { runId, format: 'markdown' })}
          />
          <IconButton
            icon="json"
            label={t('Export as JSON')}
            onClick={() => act('exportRun', { runId, format: 'json' })}
          />
          <IconButton icon="trash" label={t('Delete…')} onClick={() => setSure(true)} />
        </div>
      )}
    </li>
  );
}

/** The store's own words for a state, where they are known ones. */
function stateName(state: string): string {
  const names: Record<string, string> = {
    running: t('Working'),
    interrupted: t('Interrupted'),
    waiting: t('Waits for you'),
    unreadable: t('Unreadable'),
    paused: t('Paused'),
    aborted: t('Stopped'),
    approved: t('Approved'),
    not_approved: t('Not approved'),
    nothing_to_do: t('Nothing to do'),
    answered: t('Answered'),
  };
  return names[state] ?? state;
}
