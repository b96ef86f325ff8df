import { noteWords } from '../noteWords.ts';
import type { NotedEvent } from '../transcript/entries.ts';
import { Disclosure } from './Disclosure.tsx';
import { Icon } from './Icon.tsx';

/** A quiet one-liner; what lies behind it unfolds. */
export function NoteLine({ id, event }: { id: string; event: NotedEvent }) {
  const { icon, tone, text, more } = noteWords(event);
  const line = (
    <>
      <Icon name={icon} {...(tone === 'quiet' ? {} : { tone })} />
      <span class="words">{text}</span>
    </>
  );
  if (more === undefined || more.trim() === '') return <p class="note">{line}</p>;
  return (
    <Disclosure id={id} class="note" summary={line}>
      {() => <p class="more">{more}</p>}
    </Disclosure>
  );
}
