import type { RunEvent } from '../../shared/events.ts';
import { fold } from '../../shared/fold.ts';
import { maskSecrets } from '../secrets/maskSecrets.ts';
import { type DeltaEvent, isDelta } from '../store/deltaBuffers.ts';
import { runAsMarkdown } from './runMarkdown.ts';

export type ExportFormat = 'markdown' | 'json';

/**
 * A run as one text to be handed on: a document for people, or all its events as JSON, one a line. Secrets are masked and
 * the user's folder is "~". Text that came in pieces is put together first, so that no secret is missed at a seam.
 * @param home absolute path of the user's folder
 */
export function exportedRun(events: readonly RunEvent[], format: ExportFormat, home: string): string {
  const clean = (text: string): string => maskSecrets(withoutHome(text, home));
  const whole = joined(events).map((event) => mapTexts(event, clean));
  return format === 'markdown'
    ? clean(runAsMarkdown(fold(whole)))
    : whole.map((event) => `${JSON.stringify(event)}\n`).join('');
}

/** Every text in plain data, the names of fields aside. */
function mapTexts<T>(value: T, change: (text: string) => string): T {
  if (typeof value === 'string') return change(value) as T;
  if (Array.isArray(value)) return value.map((one) => mapTexts(one, change)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapTexts(one, change)])) as T;
}

/** With what a turn or a check has said piece by piece as one event. */
function joined(events: readonly RunEvent[]): RunEvent[] {
  const open = new Map<string, DeltaEvent>();
  const whole: RunEvent[] = [];
  const close = (sources: string): void => {
    for (const [source, event] of open) {
      if (!source.startsWith(sources)) continue;
      open.delete(source);
      whole.push(event);
    }
  };
  for (const event of events) {
    if (isDelta(event)) {
      const source = sourceOf(event);
      open.set(source, { ...event, delta: (open.get(source)?.delta ?? '') + event.delta });
      continue;
    }
    const ended = endedBy(event);
    if (ended !== undefined) close(ended);
    whole.push(event);
  }
  close('');
  return whole.sort((one, other) => one.seq - other.seq);
}

function sourceOf(event: DeltaEvent): string {
  switch (event.type) {
    case 'agent.delta':
      return `${event.lane} ${event.channel}`;
    case 'plan.delta':
      return 'planner plan';
    case 'checks.output':
      return `checks ${event.scope} ${event.subtask ?? ''}`;
    default:
      return event satisfies never;
  }
}

/** With what the names of the sources begin of which nothing more comes after an event. */
function endedBy(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'turn.finished':
      return `${event.lane} `;
    case 'checks.finished':
      return `checks ${event.scope} ${event.subtask ?? ''}`;
    case 'run.resumed':
      return '';
    default:
      return undefined;
  }
}

function withoutHome(text: string, home: string): string {
  const folder = home.replace(/[/\\]+$/, '');
  if (folder.length < 2 || !text.includes(folder)) return text;
  return text.split(folder).reduce((before, after) => `${before}${isWhole(before, after) ? '~' : folder}${after}`);
}

/** Whether what stands between is a path of its own, and not the beginning or the middle of another. */
function isWhole(before: string, after: string): boolean {
  return !/[\w.~-]$/.test(before) && !/^[\w.-]/.test(after);
}
