import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useHost } from '../host.ts';
import { t } from '../l10n.ts';
import { Icon } from './Icon.tsx';

interface ButtonProps {
  onClick: () => void;
  disabled?: boolean;
  title?: string;
  children: ComponentChildren;
}

export function Button({ kind = 'secondary', ...rest }: ButtonProps & { kind?: 'primary' | 'secondary' }) {
  return <button type="button" class={`button ${kind}`} {...rest} />;
}

/** Sends the form that it is in. */
export function SubmitButton({ disabled, children }: { disabled: boolean; children: ComponentChildren }) {
  return (
    <button type="submit" class="button primary" disabled={disabled}>
      {children}
    </button>
  );
}

/** An icon alone; its label is what it says to everyone. */
export function IconButton({
  icon,
  label,
  onClick,
  disabled = false,
}: {
  icon: string;
  label: string;
  onClick: () => void;
  disabled?: boolean;
}) {
  return (
    <button type="button" class="icon-button" title={label} aria-label={label} onClick={onClick} disabled={disabled}>
      <Icon name={icon} />
    </button>
  );
}

export function CopyButton({ text }: { text: string }) {
  const { call } = useHost();
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    call('copy', { text }).then(
      () => {
        setCopied(true);
        setTimeout(() => setCopied(false), 1500);
      },
      () => {},
    );
  };
  return <IconButton icon={isCopied ? 'check' : 'copy'} label={isCopied ? t('Copied') : t('Copy')} onClick={copy} />;
}
