import type { Attachment, ChatCommand } from '../../shared/protocol.ts';
import { t } from '../l10n.ts';
import { Icon } from './Icon.tsx';

const ICONS: Record<Attachment['kind'], string> = {
  file: 'file',
  folder: 'folder',
  symbol: 'symbol-method',
  selection: 'list-selection',
  problems: 'warning',
  diff: 'diff',
  terminal: 'terminal',
};

interface ChipsProps {
  command: ChatCommand | undefined;
  attachments: readonly Attachment[];
  onRemoveCommand: () => void;
  onRemove: (attachment: Attachment) => void;
}

/** What goes with the message; each can be taken off again. */
export function Chips({ command, attachments, onRemoveCommand, onRemove }: ChipsProps) {
  if (command === undefined && attachments.length === 0) return null;
  return (
    <ul class="chips" aria-label={t('Goes with the message')}>
      {command !== undefined && <Chip label={`/${command}`} title={`/${command}`} onRemove={onRemoveCommand} />}
      {attachments.map((attachment) => (
        <Chip
          key={`${attachment.kind} ${attachment.folder ?? ''} ${attachment.label}`}
          icon={ICONS[attachment.kind]}
          label={attachment.label}
          title={attachment.path ?? attachment.label}
          onRemove={() => onRemove(attachment)}
        />
      ))}
    </ul>
  );
}

function Chip({ icon, label, title, onRemove }: { icon?: string; label: string; title: string; onRemove: () => void }) {
  return (
    <li class="chip" title={title}>
      {icon && <Icon name={icon} />}
      <span class="chip-label">{label}</span>
      <button type="button" class="chip-remove" aria-label={t('Remove {0}', label)} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </li>
  );
}
