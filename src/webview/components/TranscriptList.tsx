import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { plural, t } from '../l10n.ts';
import type { Entry } from '../transcript/entries.ts';
import { EntryView, type Surroundings } from './EntryView.tsx';
import { Icon } from './Icon.tsx';

/** Pixels from the bottom within which the list still follows. */
const NEAR = 32;

interface ListProps {
  entries: readonly Entry[];
  dropped: number;
  around: Surroundings;
  /** Comes after the entries and is not of the run: what a command answered. */
  children?: ComponentChildren;
}

/**
 * The entries, of which only those near the window are in the page. It follows what is new while the user is at its end,
 * and stays where it is otherwise.
 */
export function TranscriptList({ entries, dropped, around, children }: ListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const lastTop = useRef(0);
  const [isAway, setAway] = useState(false);
  const virtualizer = useVirtualizer(scroller, entries);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && follows.current) element.scrollTop = element.scrollHeight;
  });

  const onScroll = (): void => {
    const element = scroller.current;
    if (!element) return;
    const isAtEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - NEAR;
    // What grows at the end is no scrolling of the user's; going up is.
    if (isAtEnd) follows.current = true;
    else if (element.scrollTop < lastTop.current - 1) follows.current = false;
    lastTop.current = element.scrollTop;
    setAway(!isAtEnd && !follows.current);
  };
  /** Who unfolds something reads it: it must not run away. */
  const onClick = ({ target }: MouseEvent): void => {
    if ((target as Element).closest('[aria-expanded]')) follows.current = false;
  };
  const jump = (): void => {
    follows.current = true;
    setAway(false);
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  };

  return (
    <div class="transcript">
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: it only watches what is pressed inside. */}
      <div
        class="scroller"
        ref={scroller}
        onScroll={onScroll}
        onClick={onClick}
        role="log"
        aria-live="off"
        aria-label={t('Conversation')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        tabIndex={0}
      >
        {dropped > 0 && (
          <p class="cut">
            {plural(dropped, '{0} earlier entry is only in the export.', '{0} earlier entries are only in the export.')}
          </p>
        )}
        <div class="rows" style={{ height: `${virtualizer.getTotalSize()}px` }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const entry = entries[index];
            return (
              entry && (
                <div
                  class={`row of-${entry.kind}`}
                  key={entry.key}
                  data-index={index}
                  ref={virtualizer.measureElement}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <EntryView entry={entry} around={around} />
                </div>
              )
            );
          })}
        </div>
        {children}
      </div>
      {isAway && (
        <button type="button" class="jump" onClick={jump}>
          <Icon name="arrow-down" />
          {t('Jump to latest')}
        </button>
      )}
    </div>
  );
}

function useVirtualizer(
  scroller: { current: HTMLDivElement | null },
  entries: readonly Entry[],
): Virtualizer<HTMLDivElement, HTMLDivElement> {
  const [, draw] = useState(0);
  const options = {
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 56,
    getItemKey: (index: number) => entries[index]?.key ?? index,
    overscan: 4,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => draw((times) => times + 1),
  };
  const [virtualizer] = useState(() => new Virtualizer<HTMLDivElement, HTMLDivElement>(options));
  virtualizer.setOptions(options);
  useEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  return virtualizer;
}
