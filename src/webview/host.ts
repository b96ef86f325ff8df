/** The editor's side, as the chat sees it. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Attachment, ChatCommand, HostMethods, RunMethods } from '../shared/protocol.ts';
import type { Params, Peer } from '../shared/rpc.ts';

/** What VS Code gives to a webview, once. */
export interface EditorApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** What was typed and not sent; it outlives the view. */
export interface Draft {
  text: string;
  command?: ChatCommand;
  attachments: Attachment[];
}

/** What is put into the composer from outside. */
export type Composed = Omit<Draft, 'text'> & { text?: string };

export interface Host {
  call: Peer<HostMethods>['call'];
  /** Calls, and shows the failure to the user. */
  act<K extends keyof HostMethods & string>(method: K, params: Params<HostMethods, K>): void;
  /** The same about the run that is shown. */
  actOnRun<K extends keyof RunMethods & string>(method: K, params: Omit<Params<RunMethods, K>, 'runId'>): void;
  draft(): Draft;
  keepDraft(draft: Draft): void;
  /** What the user folded and unfolded in the shown run; entries come and go as the list is scrolled. */
  unfolded: Map<string, boolean>;
}

export const HostContext = createContext<Host | undefined>(undefined);

export function useHost(): Host {
  const host = useContext(HostContext);
  if (!host) throw new Error('The chat is drawn outside of its host context.');
  return host;
}

export const emptyDraft: Draft = { text: '', attachments: [] };

/** The kept draft, if what was kept is one. */
export function draftFrom(state: unknown): Draft {
  if (typeof state !== 'object' || state === null) return emptyDraft;
  const { text, command, attachments } = state as Partial<Draft>;
  return {
    text: typeof text === 'string' ? text : '',
    ...(command === undefined ? {} : { command }),
    attachments: Array.isArray(attachments) ? attachments : [],
  };
}
