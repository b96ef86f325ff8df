import type { EventBody, RunEvent } from '../../shared/events.ts';
import type { FileContent, Workspace } from '../ports.ts';

/**
 * The base of a run's changes. A file's text is recorded when the run first touches it, so that every later diff and
 * merge is against the same text, also after a resume and also when the user edits the file meanwhile.
 */
export interface BaseTexts {
  /** The workspace, with recorded texts in place of what is there now. */
  readonly workspace: Workspace;
  /** The recorded text, where the run has touched the file. */
  get(path: string): { text: string | null; hash: string | null } | undefined;
  /** The same texts over another workspace. */
  over(workspace: Workspace): BaseTexts;
  /** Records the text of a file that the run is about to change; a second record of a path is ignored. */
  record(path: string, text: string | null, hash: string | null): void;
}

/** @param recorded the run's events so far */
export function openBaseTexts(
  workspace: Workspace,
  recorded: readonly RunEvent[],
  emit: (body: EventBody) => void,
): BaseTexts {
  const texts = new Map<string, { text: string | null; hash: string | null }>();
  for (const event of recorded) {
    if (event.type === 'file.based') texts.set(event.path, { text: event.text, hash: event.hash });
  }
  const over = (below: Workspace): BaseTexts => ({
    workspace: {
      ...passThrough(below),
      read: async (path) => recordedContent(texts.get(path)) ?? below.read(path),
    },
    get: (path) => texts.get(path),
    over,
    record(path, text, hash) {
      if (texts.has(path)) return;
      texts.set(path, { text, hash });
      emit({ type: 'file.based', path, text, hash });
    },
  });
  return over(workspace);
}

function passThrough(workspace: Workspace): Workspace {
  return {
    root: workspace.root,
    read: (path) => workspace.read(path),
    ...(workspace.readLines && { readLines: workspace.readLines }),
    list: (signal) => workspace.list(signal),
    search: (query, signal) => workspace.search(query, signal),
    unsaved: async () => (await workspace.unsaved?.()) ?? [],
  };
}

function recordedContent(recorded: { text: string | null; hash: string | null } | undefined): FileContent | undefined {
  if (!recorded) return undefined;
  return recorded.text === null || recorded.hash === null
    ? { kind: 'missing' }
    : { kind: 'text', text: recorded.text, hash: recorded.hash };
}
