import type { Fork, Role } from '../../shared/events.ts';
import type { Probe } from '../../shared/probe.ts';
import type {
  Code,
  Contents,
  Copies,
  FormatterMemory,
  LanguageServers,
  Memory,
  Model,
  Processes,
  Snapshots,
  Syntax,
  ToolServers,
  User,
  Workspace,
  WorkspaceWriter,
} from '../ports.ts';
import type { NameOfSetting, Settings } from '../settings.ts';
import type { Journal } from '../store/journal.ts';
import type { BaseTexts } from './baseTexts.ts';
import type { Presence } from './presence.ts';
import type { InTurn } from './turns.ts';
import type { Waiver } from './waivers.ts';

/** What a host hands to a run: the ports, and what the user has set. */
export interface Crew {
  settings: Settings;
  nameOf: NameOfSetting;
  /** Where the check command in the settings came from: one from a workspace file needs an approval. */
  checkCommandFrom: 'workspace' | 'user';
  models: Record<Role, Model>;
  /**
   * What a role's server was seen to do: kept from before, or measured now. Roles with the same server and model share it.
   * Undefined where nothing could be measured, because the server does not answer.
   */
  probe(role: Role, signal: AbortSignal): Promise<Probe | undefined>;
  /** The server does otherwise than the probe says: the next one is measured anew. */
  forgetProbe(role: Role): Promise<void>;
  /** Where we started the server of a role: why it does not answer, in a sentence; undefined where nothing is known. */
  whyAway?(role: Role, signal: AbortSignal): Promise<string | undefined>;
  /** One Markdown text a role, with {{placeholders}}. */
  prompts: Record<Role, string>;
  workspace: Workspace;
  writer: WorkspaceWriter;
  /** Findings that the user has waived for good. @throws RunStop where what keeps them cannot be understood */
  waivers(): Promise<readonly Waiver[]>;
  snapshots: Snapshots;
  contents: Contents;
  formatter: FormatterMemory;
  processes: Processes;
  copies: Copies;
  syntax: Syntax;
  code: Code;
  /** Absent where no editor is. */
  languages?: LanguageServers;
  /** The user's own MCP servers, for one run: nothing is started before it is asked for. */
  openToolServers: () => ToolServers;
  user: User;
  platform: 'win32' | 'other';
  version: string;
  now: () => Date;
}

/** Everything that the parts of one run share. Passed first, everywhere. */
export interface RunContext extends Crew {
  runId: string;
  memory: Memory;
  toolServers: ToolServers;
  journal: Journal;
  /** The files as they were when the run first touched them; untouched ones as they are now. */
  base: BaseTexts;
  signal: AbortSignal;
  presence: Pick<Presence, 'working' | 'awaitingUser'>;
  /** For checks that listen on a port or share a database must not meet. */
  inTurn: InTurn;
  /** Resolves when the workspace as it is at the start is kept, or will not be: who writes to it waits for that. */
  kept?: Promise<void>;
  /** For a fork: its base is the workspace as it was, so that its change is merged into files that may be otherwise. */
  fork?: Fork;
  /** Stops the run, with a named reason, when its tokens or its time are used up. */
  checkLimits(): void;
}
