import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { useHost } from '../host.ts';
import { Icon } from './Icon.tsx';

/** Whether something is unfolded. Kept beside the list, because what is scrolled away is not there any more. */
export function useUnfolded(key: string, byDefault = false): [boolean, () => void] {
  const { unfolded } = useHost();
  const [, draw] = useState(0);
  const isOpen = unfolded.get(key) ?? byDefault;
  const toggle = (): void => {
    unfolded.set(key, !isOpen);
    draw((times) => times + 1);
  };
  return [isOpen, toggle];
}

interface DisclosureProps {
  /** Stable within the run. */
  id: string;
  summary: ComponentChildren;
  /** Beside the summary, with buttons of its own. */
  aside?: ComponentChildren;
  openByDefault?: boolean;
  class?: string;
  children: () => ComponentChildren;
}

/** A line that unfolds. What is folded is not drawn. */
export function Disclosure({ id, summary, aside, openByDefault = false, class: own = '', children }: DisclosureProps) {
  const [isOpen, toggle] = useUnfolded(id, openByDefault);
  const body = useId();
  return (
    <div class={`disclosure ${own}`}>
      <div class="disclosure-head">
        <button
          type="button"
          class="disclosure-line"
          aria-expanded={isOpen}
          aria-controls={isOpen ? body : undefined}
          onClick={toggle}
        >
          <Icon name={isOpen ? 'chevron-down' : 'chevron-right'} />
          {summary}
        </button>
        {aside}
      </div>
      {isOpen && (
        <div id={body} class="disclosure-body">
          {children()}
        </div>
      )}
    </div>
  );
}
