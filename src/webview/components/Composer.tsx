import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Activity, Attachment, ChatCommand, HostFacts } from '../../shared/protocol.ts';
import {
  canSend,
  commandOf,
  type HistoryPosition,
  isSame,
  stepInHistory,
  type Trigger,
  triggerAt,
  withAttachments,
  withoutTrigger,
} from '../composerText.ts';
import { type Composed, type Draft, emptyDraft, useHost } from '../host.ts';
import { t } from '../l10n.ts';
import { Chips } from './Chips.tsx';
import { type Choice, CompletionList, optionId, useChoices } from './CompletionList.tsx';
import { ComposerBar } from './ComposerBar.tsx';

interface ComposerProps {
  facts: HostFacts | undefined;
  activity: Activity;
  /** The run is paused or stopped: an empty composer offers to go on. */
  canContinue: boolean;
  /** To be put in from outside, until `onComposed`. */
  composed: Composed | undefined;
  onComposed: (composed: Composed) => void;
  onProblem: (problem: string) => void;
}

const LIST = 'completions';

/** Where the user writes: text, chips, and what is completed at the caret. */
export function Composer({ facts, activity, canContinue, composed, onComposed, onProblem }: ComposerProps) {
  const { act, actOnRun, call, draft: keptDraft, keepDraft } = useHost();
  const [draft, setDraft] = useState(keptDraft);
  const [trigger, setTrigger] = useState<Trigger>();
  const [active, setActive] = useState(0);
  const [isDropping, setDropping] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const caret = useRef<number | undefined>(undefined);
  const past = useRef<HistoryPosition>({ at: -1, draft: '' });
  const choices = useChoices(trigger);
  const { text, command, attachments } = draft;
  const isBusy = activity.kind === 'working' || activity.kind === 'replaying';
  const isReady = facts !== undefined && facts.folders.length > 0 && facts.trusted;
  const maySend = isReady && !isBusy && canSend(text, command ?? commandOf(text).command, attachments);

  const change = (make: (old: Draft) => Draft): void => setDraft((old) => make(old));
  useEffect(() => keepDraft(draft), [draft, keepDraft]);
  useEffect(() => {
    if (!composed) return;
    // What came meanwhile from the keyboard stays.
    change((old) => ({
      ...(composed.text === undefined ? old : emptyDraft),
      ...composed,
      attachments: withAttachments(old.attachments, composed.attachments),
    }));
    box.current?.focus();
    onComposed(composed);
  }, [composed, onComposed]);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    // As high as its text, within what the style sheet allows.
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
    if (caret.current !== undefined) element.setSelectionRange(caret.current, caret.current);
    caret.current = undefined;
  }, [text]);

  const write = (fresh: string, at?: number): void => {
    caret.current = at;
    change((old) => ({ ...old, text: fresh }));
    setTrigger(undefined);
  };
  const look = (): void => {
    const element = box.current;
    const found =
      element && element.selectionStart === element.selectionEnd
        ? triggerAt(element.value, element.selectionStart)
        : undefined;
    setTrigger((old) =>
      old?.kind === found?.kind && old?.query === found?.query && old?.to === found?.to ? old : found,
    );
    if (found?.query !== trigger?.query) setActive(0);
  };
  const add = (more: Attachment[]): void =>
    change((old) => ({ ...old, attachments: withAttachments(old.attachments, more) }));
  const pick = (choice: Choice): void => {
    if (!trigger) return;
    const rest = withoutTrigger(text, trigger);
    caret.current = rest.caret;
    change((old) => ({
      ...old,
      text: rest.text,
      ...(choice.kind === 'command'
        ? { command: choice.command }
        : { attachments: withAttachments(old.attachments, [choice.attachment]) }),
    }));
    setTrigger(undefined);
    box.current?.focus();
  };
  const send = (): void => {
    if (!maySend) return;
    const said = command === undefined ? commandOf(text) : { command, text: text.trim() };
    const sent: { text: string; command: ChatCommand; attachments: Attachment[] } = {
      text: said.text,
      command: said.command ?? 'implement',
      attachments,
    };
    setDraft(emptyDraft);
    past.current = { at: -1, draft: '' };
    call('send', sent).catch((error: Error) => {
      // What was written is not lost with what went wrong.
      setDraft((now) => (now.text === '' ? draft : now));
      onProblem(error.message);
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const { key } = event;
    if (trigger && choices.length > 0) {
      if (key === 'ArrowDown' || key === 'ArrowUp') {
        event.preventDefault();
        setActive((active + (key === 'ArrowDown' ? 1 : choices.length - 1)) % choices.length);
        return;
      }
      const choice = choices[active];
      if ((key === 'Enter' || key === 'Tab') && choice) {
        event.preventDefault();
        pick(choice);
        return;
      }
    }
    if (key === 'Escape' && trigger) {
      event.preventDefault();
      setTrigger(undefined);
    } else if (key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (key === 'ArrowUp' || key === 'ArrowDown') {
      stepBack(event, key === 'ArrowUp' ? 'older' : 'newer');
    } else if (key === 'Backspace' && text === '' && command !== undefined) {
      setDraft({ text, attachments });
    }
  };
  /** The arrows walk through what was asked before, from an empty box and on from there. */
  const stepBack = (event: KeyboardEvent, direction: 'older' | 'newer'): void => {
    if (past.current.at === -1 && (text !== '' || direction === 'newer')) return;
    const step = stepInHistory(facts?.history ?? [], past.current, direction);
    if (!step) return;
    event.preventDefault();
    past.current = step.position;
    write(step.text, step.text.length);
  };
  const onPaste = (event: ClipboardEvent): void => {
    const items = [...(event.clipboardData?.items ?? [])];
    if (
      !items.some(({ kind, type }) => kind === 'file' && type.startsWith('image/')) ||
      items.some(({ type }) => type === 'text/plain')
    )
      return;
    event.preventDefault();
    onProblem(
      t('Pictures cannot be added yet; they come with a later release. Describe in words what the picture shows.'),
    );
  };
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    setDropping(false);
    const list =
      event.dataTransfer?.getData('application/vnd.code.uri-list') ||
      event.dataTransfer?.getData('text/uri-list') ||
      '';
    const uris = list.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'));
    if (uris.length === 0) {
      onProblem(
        t(
          'Nothing was attached. Drag files from the Explorer and hold Shift while you drop them, or use the attach button.',
        ),
      );
      return;
    }
    call('drop', { uris }).then(add, (error: Error) => onProblem(error.message));
  };

  const isListed = trigger !== undefined && choices.length > 0;
  return (
    <form
      class={`composer ${isDropping ? 'is-dropping' : ''}`}
      aria-label={t('Message to the crew')}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onDragOver={(event) => {
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={() => setDropping(false)}
      onDrop={onDrop}
    >
      {isListed && <CompletionList id={LIST} choices={choices} active={active} onPick={pick} onActive={setActive} />}
      <div class="composer-box">
        <Chips
          command={command}
          attachments={attachments}
          onRemoveCommand={() => setDraft({ text, attachments })}
          onRemove={(gone) =>
            change((old) => ({ ...old, attachments: old.attachments.filter((one) => !isSame(one, gone)) }))
          }
        />
        <textarea
          ref={box}
          rows={1}
          aria-label={t('Message to the crew')}
          aria-autocomplete="list"
          {...(isListed ? comboboxOf(active) : {})}
          placeholder={isDropping ? t('Drop to attach') : t('Task for the crew (@ files, / commands)')}
          value={text}
          disabled={facts !== undefined && !isReady}
          onInput={({ currentTarget }) => {
            past.current = { at: -1, draft: currentTarget.value };
            change((old) => ({ ...old, text: currentTarget.value }));
            look();
          }}
          onKeyDown={onKeyDown}
          onKeyUp={look}
          onClick={look}
          onBlur={() => setTrigger(undefined)}
          onPaste={onPaste}
        />
        <ComposerBar
          facts={facts}
          activity={activity}
          isReady={isReady}
          canSend={maySend}
          canContinue={canContinue && text === '' && attachments.length === 0}
          onAttach={() => call('attach', {}).then(add, (error: Error) => onProblem(error.message))}
          onMention={() => {
            const lead = text === '' || /\s$/.test(text) ? '' : ' ';
            write(`${text}${lead}@`, text.length + lead.length + 1);
            box.current?.focus();
            setTimeout(look);
          }}
          onStop={() => act('stop', {})}
          onContinue={() => actOnRun('resume', {})}
        />
      </div>
    </form>
  );
}

/** The box is a combobox while it has a list; a text of several lines otherwise. (JSX types know only the latter.) */
function comboboxOf(active: number): object {
  return {
    role: 'combobox',
    'aria-expanded': true,
    'aria-controls': LIST,
    'aria-activedescendant': optionId(LIST, active),
  };
}
