import { useEffect, useRef, useState } from 'preact/hooks';
import type { Attachment, ChatCommand } from '../../shared/protocol.ts';
import { fittingCommands, type Trigger } from '../composerText.ts';
import { useHost } from '../host.ts';
import { t } from '../l10n.ts';
import { Icon } from './Icon.tsx';

export type Choice = { icon: string; label: string; detail: string } & (
  | { kind: 'command'; command: ChatCommand }
  | { kind: 'attachment'; attachment: Attachment }
);

/** What fits what is being typed; for a mention the host is asked, and only its newest answer counts. */
export function useChoices(trigger: Trigger | undefined): Choice[] {
  const { call } = useHost();
  const [found, setFound] = useState<Choice[]>([]);
  const { kind, query } = trigger ?? {};
  useEffect(() => {
    if (kind !== 'mention' || query === undefined) {
      setFound([]);
      return;
    }
    let isCurrent = true;
    call('complete', { query }).then(
      (completions) => {
        if (!isCurrent) return;
        setFound(
          completions.map(({ attachment, icon, detail }) => ({
            kind: 'attachment',
            attachment,
            icon,
            label: attachment.label,
            detail,
          })),
        );
      },
      () => isCurrent && setFound([]),
    );
    return () => {
      isCurrent = false;
    };
  }, [kind, query, call]);
  if (kind !== 'command') return kind === 'mention' ? found : [];
  const words = commandWords();
  return fittingCommands(query ?? '').map((command) => ({
    kind: 'command',
    command,
    icon: words[command].icon,
    label: `/${command}`,
    detail: words[command].detail,
  }));
}

function commandWords(): Record<ChatCommand, { icon: string; detail: string }> {
  return {
    plan: { icon: 'list-tree', detail: t('Plan only; change nothing') },
    implement: { icon: 'code', detail: t('Plan, write, check and review') },
    review: { icon: 'eye', detail: t('Review my changes') },
    fix: { icon: 'tools', detail: t('Mend what was found') },
    explain: { icon: 'comment-discussion', detail: t('Answer a question about the code') },
    doctor: { icon: 'pulse', detail: t('Check models and settings') },
  };
}

export function optionId(list: string, at: number): string {
  return `${list}-${at}`;
}

interface ListProps {
  id: string;
  choices: readonly Choice[];
  active: number;
  onPick: (choice: Choice) => void;
  onActive: (at: number) => void;
}

/** The list above the composer. The focus stays in the text; the arrows move what is active. */
export function CompletionList({ id, choices, active, onPick, onActive }: ListProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => list.current?.children[active]?.scrollIntoView({ block: 'nearest' }), [active]);
  return (
    <div class="completions" id={id} role="listbox" aria-label={t('Suggestions')} ref={list}>
      {choices.map((choice, at) => (
        <div
          key={`${choice.label} ${choice.detail}`}
          id={optionId(id, at)}
          role="option"
          tabIndex={-1}
          class={`completion ${at === active ? 'is-active' : ''}`}
          aria-selected={at === active}
          onMouseMove={() => onActive(at)}
          onMouseDown={(event) => {
            // The text keeps the focus.
            event.preventDefault();
            onPick(choice);
          }}
        >
          <Icon name={choice.icon} />
          <span class="completion-label">{choice.label}</span>
          <span class="completion-detail">{choice.detail}</span>
        </div>
      ))}
    </div>
  );
}
