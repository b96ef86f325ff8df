import { memo } from 'preact/compat';
import { useHost } from '../host.ts';
import { duration, number, t } from '../l10n.ts';
import { actionName, doing, toolWords } from '../phrases.ts';
import type { CodeStep, Step, Stretch, ToolStep } from '../transcript/entries.ts';
import { CopyButton, IconButton } from './Button.tsx';
import { Disclosure } from './Disclosure.tsx';
import { Icon } from './Icon.tsx';
import { Code, Markdown, Plain, PlusMinus } from './Texts.tsx';

/** Characters of a streaming text that are drawn: its end is what one follows. */
const STREAMED = 2_500;
/** Characters of JSON up to which nothing is said about it. */
const SHORT_ANSWER = 150;

interface StepProps {
  step: Step;
  /** It is what the agent does at this moment. */
  isNow: boolean;
  of: Stretch;
}

function StepOnce({ step, isNow, of }: StepProps) {
  switch (step.kind) {
    case 'thinking':
      return (
        <Disclosure
          id={step.key}
          class="thinking"
          summary={<span class="quiet">{isNow && step.open ? t('Thinking…') : t('Thoughts')}</span>}
        >
          {() => <Plain clip={step.text} cut="start" />}
        </Disclosure>
      );
    case 'text':
      return <Markdown text={step.text.text} />;
    case 'writing':
      return <Writing step={step} of={of} />;
    case 'tool':
      return <ToolLine step={step} />;
    case 'code':
      return <CodeLine step={step} isNow={isNow} />;
    case 'refused':
      return (
        <Disclosure
          id={step.key}
          summary={
            <>
              <Icon name="warning" tone="warning" />
              <span class="words">{t('An edit of {0} did not fit', step.path)}</span>
            </>
          }
        >
          {() => <Plain clip={{ text: step.reason, dropped: 0 }} />}
        </Disclosure>
      );
    default:
      step satisfies never;
      return null;
  }
}

/** Steps keep their identity until they change; only the last one of a stretch needs to know its stretch. */
export const StepView = memo(StepOnce, (old, fresh) => old.step === fresh.step && old.isNow === fresh.isNow);

function Writing({ step, of }: { step: Extract<Step, { kind: 'writing' }>; of: Stretch }) {
  if (step.form === 'answer') {
    // The choice of a tool is short, and is there as a line at once.
    if (step.chars < SHORT_ANSWER) return null;
    return (
      <Disclosure
        id={step.key}
        summary={<span class="quiet">{t('{0}… {1} characters', doing(of), number(step.chars))}</span>}
      >
        {() => <Plain clip={step.text} cut="start" />}
      </Disclosure>
    );
  }
  if (step.form === 'prose' && of.lane.endsWith(':answer')) return <Markdown text={step.text.text} />;
  const end = step.text.text.slice(-STREAMED);
  const isLong = end.length > 1_000 || end.split('\n').length > 8;
  return <pre class={`streaming ${isLong ? 'is-long' : ''}`}>{end}</pre>;
}

function ToolLine({ step }: { step: ToolStep }) {
  const { verb, subject } = toolWords(step);
  const { result } = step;
  const icon = result === undefined ? 'loading' : result.isError ? 'warning' : 'tools';
  return (
    <Disclosure
      id={step.key}
      class="tool"
      summary={
        <>
          <Icon name={icon} spins={result === undefined} {...(result?.isError ? { tone: 'warning' } : {})} />
          <span class="words">
            {verb} {subject !== '' && <code>{subject}</code>}
          </span>
        </>
      }
    >
      {() => (
        <>
          <h4>{t('Arguments of {0}', step.tool)}</h4>
          <Code text={JSON.stringify(step.args, null, 2)} language="json" />
          {result && (
            <>
              <h4>
                {result.isError
                  ? t('Error after {0}', duration(result.ms))
                  : t('Result after {0}', duration(result.ms))}
              </h4>
              <Plain clip={result.text} />
            </>
          )}
        </>
      )}
    </Disclosure>
  );
}

function CodeLine({ step, isNow }: { step: CodeStep; isNow: boolean }) {
  const { actOnRun } = useHost();
  const { file, edit, chunk, explanation, language } = step;
  const icon =
    edit === undefined
      ? 'code'
      : ({ create: 'diff-added', modify: 'diff-modified', delete: 'diff-removed', rename: 'diff-renamed' } as const)[
          edit.action
        ];
  const summary = (
    <>
      <Icon name={icon} />
      <span class="words path" title={edit?.from === undefined ? file : `${edit.from} → ${file}`}>
        <bdi>{file}</bdi>
      </span>
      <span class="visually-hidden">{edit === undefined ? '' : actionName(edit.action)}</span>
      {edit && <PlusMinus added={edit.added} removed={edit.removed} />}
    </>
  );
  const aside = (
    <span class="line-actions">
      {chunk.text !== '' && <CopyButton text={chunk.text} />}
      {edit && (
        <IconButton
          icon="diff"
          label={t('Open diff of {0}', file)}
          onClick={() => actOnRun('openDiff', { path: file })}
        />
      )}
    </span>
  );
  return (
    <Disclosure id={step.key} class="edit" summary={summary} aside={aside} openByDefault={isNow}>
      {() => (
        <>
          {explanation !== '' && <p class="explanation">{explanation}</p>}
          {chunk.text === '' ? (
            <p class="quiet">{t('No text of its own.')}</p>
          ) : (
            <Code text={chunk.text} language={language} />
          )}
          {chunk.dropped > 0 && <p class="cut">{t('The rest is in the diff.')}</p>}
        </>
      )}
    </Disclosure>
  );
}
