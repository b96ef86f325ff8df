import { useMemo } from 'preact/hooks';
import { highlighted } from '../highlight.ts';
import { useHost } from '../host.ts';
import { plural } from '../l10n.ts';
import { markdownToHtml } from '../markdown.ts';
import type { Clip } from '../transcript/entries.ts';

/** Markdown of a model. Its links ask the host. */
export function Markdown({ text }: { text: string }) {
  const { act, actOnRun } = useHost();
  const html = useMemo(() => markdownToHtml(text), [text]);
  const follow = (event: MouseEvent): void => {
    const link = (event.target as Element).closest('a');
    if (!link) return;
    event.preventDefault();
    const { href, path, line } = link.dataset;
    if (path !== undefined) actOnRun('openPlace', { path, ...(line === undefined ? {} : { line: Number(line) }) });
    else if (href) act('openLink', { href });
  };
  // markdownToHtml lets no HTML of models through.
  // biome-ignore lint/a11y/noStaticElementInteractions: the links inside are what is pressed, by keyboard too.
  // biome-ignore lint/a11y/useKeyWithClickEvents: a link that has the focus is clicked by Enter.
  return <div class="markdown" onClick={follow} dangerouslySetInnerHTML={{ __html: html }} />;
}

export function Code({ text, language }: { text: string; language: string }) {
  const html = useMemo(() => highlighted(text, language), [text, language]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <pre class="code" tabIndex={0}>
      {/* highlighted escapes everything. */}
      <code dangerouslySetInnerHTML={{ __html: html }} />
    </pre>
  );
}

/** Plain text of a tool or a runner, as it is. */
export function Plain({ clip, cut = 'end' }: { clip: Clip; cut?: 'start' | 'end' }) {
  const note = clip.dropped > 0 && (
    <p class="cut">{plural(clip.dropped, '{0} more character is not shown.', '{0} more characters are not shown.')}</p>
  );
  return (
    <>
      {cut === 'start' && note}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <pre class="plain" tabIndex={0}>
        {clip.text}
      </pre>
      {cut === 'end' && note}
    </>
  );
}

/** A file's name; a press opens it. */
export function PlaceLink({ path, line }: { path: string; line?: number | undefined }) {
  const { actOnRun } = useHost();
  return (
    <button
      type="button"
      class="link path"
      onClick={() => actOnRun('openPlace', { path, ...(line === undefined ? {} : { line }) })}
    >
      {path}
      {line === undefined ? '' : `:${line}`}
    </button>
  );
}

export function PlusMinus({ added, removed }: { added: number; removed: number }) {
  return (
    <span class="plus-minus">
      {(added > 0 || removed === 0) && <span class="added">+{added}</span>}{' '}
      {removed > 0 && <span class="removed">−{removed}</span>}
    </span>
  );
}
