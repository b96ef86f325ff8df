import type { ComponentChildren } from 'preact';
import { t } from '../l10n.ts';
import { Button, IconButton } from './Button.tsx';
import { Icon } from './Icon.tsx';

/** Something to know about the chat itself, above the composer. */
export function Banner({
  icon,
  tone,
  onClose,
  action,
  children,
}: {
  icon: string;
  tone: 'info' | 'warning' | 'bad';
  onClose?: () => void;
  action?: { label: string; onClick: () => void };
  children: ComponentChildren;
}) {
  return (
    <div class={`banner is-${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <Icon name={icon} tone={tone} />
      <div class="words">{children}</div>
      {action && <Button onClick={action.onClick}>{action.label}</Button>}
      {onClose && <IconButton icon="close" label={t('Dismiss')} onClick={onClose} />}
    </div>
  );
}
