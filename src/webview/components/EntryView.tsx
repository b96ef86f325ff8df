import { memo } from 'preact/compat';
import { useHost } from '../host.ts';
import { t } from '../l10n.ts';
import type { Entry } from '../transcript/entries.ts';
import type { View } from '../view.ts';
import { ApprovalCard } from './ApprovalCard.tsx';
import { IconButton } from './Button.tsx';
import { ChecklistCard } from './ChecklistCard.tsx';
import { ChecksCard } from './ChecksCard.tsx';
import { EndingCard } from './EndingCard.tsx';
import { NoteLine } from './NoteLine.tsx';
import { PlanCard } from './PlanCard.tsx';
import { ProposalCard } from './ProposalCard.tsx';
import { QuestionCard } from './QuestionCard.tsx';
import { ReviewCard } from './ReviewCard.tsx';
import { StretchView } from './StretchView.tsx';
import { Markdown } from './Texts.tsx';
import { UserMessage } from './UserMessage.tsx';

/** What an entry needs to know beyond itself. One object for all of them, renewed when one of its fields changes. */
export interface Surroundings {
  runId: string | undefined;
  /** Questions and approvals can be answered: the run waits for this window. */
  canAnswer: boolean;
  /** Nobody works on the run and it is of an open folder: it can go on, and be decided about. */
  canGoOn: boolean;
  /** The task can be begun again with a plan of its own: this window works on the run, or nobody does. */
  canPlanAfresh: boolean;
  settled: View['settled'];
  hasFindings: boolean;
  onEdit: () => void;
}

export const EntryView = memo(function EntryView({ entry, around }: { entry: Entry; around: Surroundings }) {
  const { canGoOn, runId } = around;
  const { forkAt } = entry;
  return (
    <>
      <EntryBody entry={entry} around={around} />
      {canGoOn && runId !== undefined && forkAt !== undefined && <ForkButton runId={runId} at={forkAt} />}
    </>
  );
});

/** In the corner of what it is about, where one points at it or gets there by keyboard. */
function ForkButton({ runId, at }: { runId: string; at: number }) {
  const { act } = useHost();
  return (
    <span class="fork">
      <IconButton icon="repo-forked" label={t('Fork from here')} onClick={() => act('fork', { runId, at })} />
    </span>
  );
}

function EntryBody({ entry, around }: { entry: Entry; around: Surroundings }) {
  const { canAnswer, canGoOn } = around;
  switch (entry.kind) {
    case 'user':
      return <UserMessage entry={entry} />;
    case 'stretch':
      return <StretchView stretch={entry} />;
    case 'plan':
      return <PlanCard entry={entry} canPlanAfresh={around.canPlanAfresh} />;
    case 'question':
      return <QuestionCard entry={entry} canAnswer={canAnswer} />;
    case 'approval':
      return <ApprovalCard entry={entry} canAnswer={canAnswer} />;
    case 'checks':
      return <ChecksCard entry={entry} />;
    case 'review':
      return <ReviewCard entry={entry} canFix={canGoOn} settled={around.settled} />;
    case 'note':
      return <NoteLine id={entry.key} event={entry.event} />;
    case 'proposal':
      return <ProposalCard id={entry.key} proposal={entry.proposal} canDecide={canGoOn} />;
    case 'checklist':
      return <ChecklistCard entry={entry} />;
    case 'answer':
      return (
        <section class="answer" aria-label={t('Answer')}>
          <Markdown text={entry.text} />
        </section>
      );
    case 'ending':
      return <EndingCard entry={entry} canGoOn={canGoOn} hasFindings={around.hasFindings} onEdit={around.onEdit} />;
    default:
      entry satisfies never;
      return null;
  }
}
