import type { ZodType } from 'zod';
import type { CheckReport } from '../../shared/events.ts';
import type { Code, LanguageServers, MemoryEntry, Processes, Syntax, Workspace } from '../ports.ts';

/** What a tool may touch. */
export interface ToolContext {
  /** With the asking agent's change set on top. */
  workspace: Workspace;
  /** The paths of that change set; absent where there is none. */
  changed?: readonly string[];
  processes: Processes;
  code: Code;
  /** Absent where no editor is. They do not know what an agent has changed. */
  languages?: LanguageServers;
  /** Absent where texts are not to be judged. */
  syntax?: Syntax;
  /** What earlier runs have taught, oldest first; absent for who is not told of it. */
  remembered?: () => Promise<readonly MemoryEntry[]>;
  /**
   * Runs the workspace's checks on a copy with the agent's change set: all, or one file, or the tests of one name. What
   * failed is run once more.
   */
  runChecks(
    tests: { testFile?: string; testName?: string },
    signal: AbortSignal,
    onOutput?: (text: string) => void,
  ): Promise<CheckReport>;
  /** Upper bound for the result's text, in characters: a share of the asking role's window. */
  maxChars: number;
  signal: AbortSignal;
  /** Told what a tool that takes its time is doing. */
  onProgress?: (progress: Progress) => void;
}

/** How far a tool has come; `total` where that is known. The unit is the tool's own. */
export interface Progress {
  message: string;
  done: number;
  total?: number;
}

/**
 * A failing tool is told to the model, so failures are results. Text that was cut says how to read on.
 * `data` says the same as the text for a program (an MCP client), and is bounded as the text is.
 */
export interface ToolResult<Data = unknown> {
  text: string;
  isError: boolean;
  data?: Data;
}

/**
 * Something an agent can look up or run. One file a tool: the schema first, then what it does.
 * Arguments are flat and all optional ones have a default, because small models fill in one flat object.
 */
export interface Tool<Args = never, Data = unknown> {
  name: string;
  /** One or two sentences for the model. */
  description: string;
  args: ZodType<Args>;
  /** What `data` of a result that is no error is: an object. */
  result: ZodType<Data>;
  run(args: Args, ctx: ToolContext): Promise<ToolResult<Data>>;
}
