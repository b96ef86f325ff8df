import type { HunkDecision, ProposedFile } from '../../shared/events.ts';
import type { ProposalState } from '../../shared/runState.ts';
import { useHost } from '../host.ts';
import { decisionOf } from '../hunks.ts';
import { plural, t } from '../l10n.ts';
import { actionName } from '../phrases.ts';
import { Button, IconButton } from './Button.tsx';
import { useUnfolded } from './Disclosure.tsx';
import { Icon } from './Icon.tsx';
import { PlusMinus } from './Texts.tsx';

/** Files that are shown at once. */
const SHOWN = 12;

/** The change as proposed: nothing of it is in the workspace before the user says so. */
export function ProposalCard({ id, proposal, canDecide }: { id: string; proposal: ProposalState; canDecide: boolean }) {
  const { actOnRun } = useHost();
  const [isWhole, toggle] = useUnfolded(`${id}/files`);
  const { files, state } = proposal;
  const shown = isWhole ? files : files.slice(0, SHOWN);
  const sum = (of: 'added' | 'removed'): number => files.reduce((total, file) => total + file[of], 0);
  const isOpen = state === 'open';
  return (
    <section class={`card proposal ${isOpen && canDecide ? 'needs-you' : ''}`} aria-label={t('Proposed change')}>
      <h3>
        <Icon name="git-compare" tone="coder" />
        <span class="words">{plural(files.length, 'Change of {0} file', 'Change of {0} files')}</span>
        <PlusMinus added={sum('added')} removed={sum('removed')} />
      </h3>
      {isOpen && <p class="lead">{t('The workspace is as it was until you accept.')}</p>}
      {!isOpen && <p class="lead">{stateWords(state)}</p>}
      <ul class="files">
        {shown.map((file) => (
          <FileLine key={file.path} file={file} proposal={proposal} canDecide={canDecide && isOpen} />
        ))}
      </ul>
      {files.length > SHOWN && !isWhole && (
        <button type="button" class="link earlier" onClick={toggle}>
          {plural(files.length - SHOWN, 'Show {0} more file', 'Show {0} more files')}
        </button>
      )}
      {canDecide && (
        <div class="actions">
          {isOpen && (
            <>
              <Button kind="primary" onClick={() => actOnRun('decide', { decision: 'accepted' })}>
                {t('Accept all')}
              </Button>
              <Button onClick={() => actOnRun('decide', { decision: 'rejected' })}>{t('Reject all')}</Button>
            </>
          )}
          <Button onClick={() => actOnRun('openDiff', {})}>{t('Open diff')}</Button>
          {isOpen && <Button onClick={() => actOnRun('preview', {})}>{t('Preview')}</Button>}
          {state === 'accepted' && <Button onClick={() => actOnRun('undo', {})}>{t('Undo')}</Button>}
        </div>
      )}
    </section>
  );
}

function stateWords(state: ProposalState['state']): string {
  return {
    open: '',
    accepted: t('Accepted and written to the workspace.'),
    rejected: t('Rejected; the workspace is as it was.'),
    undone: t('Undone; the files are as they were before.'),
  }[state];
}

const ACTION_ICONS = {
  create: 'diff-added',
  modify: 'diff-modified',
  delete: 'diff-removed',
  rename: 'diff-renamed',
} as const;

function FileLine({ file, proposal, canDecide }: { file: ProposedFile; proposal: ProposalState; canDecide: boolean }) {
  const { actOnRun } = useHost();
  const { path, action, added, removed } = file;
  const { state, hunks, accepted, rejected } = decisionOf(file, proposal);
  const decide = (decision: HunkDecision): void => actOnRun('decide', { decision, path });
  const isPart = state === 'open' && accepted + rejected > 0;
  // What was undone is not in the workspace, whatever was decided before.
  const showsDecision = proposal.state !== 'undone';
  return (
    <li class={`file is-${state}`}>
      <button
        type="button"
        class="file-open"
        onClick={() => actOnRun('openDiff', { path })}
        title={t('Open diff of {0}', path)}
      >
        <Icon name={ACTION_ICONS[action]} tone={action} />
        <span class="words path">
          <bdi>{path}</bdi>
        </span>
        <span class="visually-hidden">{actionName(action)}</span>
        <PlusMinus added={added} removed={removed} />
      </button>
      {isPart && <span class="tag">{t('{0} of {1} decided', accepted + rejected, hunks)}</span>}
      {showsDecision && state === 'mixed' && <span class="tag">{t('{0} of {1} accepted', accepted, hunks)}</span>}
      {showsDecision && state === 'accepted' && <span class="tag">{t('Accepted')}</span>}
      {showsDecision && state === 'rejected' && <span class="tag">{t('Rejected')}</span>}
      {canDecide && state === 'open' && (
        <span class="file-actions">
          <IconButton icon="check" label={t('Accept {0}', path)} onClick={() => decide('accepted')} />
          <IconButton icon="close" label={t('Reject {0}', path)} onClick={() => decide('rejected')} />
        </span>
      )}
    </li>
  );
}
