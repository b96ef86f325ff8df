import type { ComponentChildren } from 'preact';

/**
 * What is shown where there is nothing else yet, and how to go on.
 * @param level of its heading among those of the page
 */
export function Hint(props: { icon: string; title: string; level?: 1 | 2; children: ComponentChildren }) {
  const { icon, title, level = 2, children } = props;
  return (
    <section class="empty" aria-label={title}>
      <span class={`codicon codicon-${icon} empty-icon`} aria-hidden="true" />
      {level === 1 ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </section>
  );
}
