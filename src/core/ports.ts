/**
 * The seams of the core: what it needs from the outside, in its own words.
 * A port exists because two implementations do (terminal and editor, files and Redis, a server and a script).
 */
import type { Answer, FileState, Question, RunEvent, StopReason, Usage } from '../shared/events.ts';

// ── Model ────────────────────────────────────────────────────────────────────────────────────────────────────────

export type Message =
  | { role: 'system' | 'user'; content: string }
  | { role: 'assistant'; content: string; toolCalls?: ToolCall[] }
  | { role: 'tool'; content: string; callId: string };

export interface ToolCall {
  id: string;
  name: string;
  /** JSON text, as the model wrote it. */
  arguments: string;
}

/** A JSON schema. The core keeps to type, enum, required, properties, items and additionalProperties. */
export type JsonSchema = Record<string, unknown>;

export interface ModelRequest {
  messages: Message[];
  /** Upper bound for the answer, in tokens; always set. */
  maxTokens: number;
  temperature: number;
  /** Whether the model is asked to think first, where its template has a switch. The same throughout a transcript. */
  thinking?: 'on' | 'off';
  topP?: number;
  seed?: number;
  /** The answer must be JSON of this schema. Never together with `tools`. */
  schema?: { name: string; schema: JsonSchema };
  /** `strict: false`: the server is not asked to hold the arguments to their schema. */
  tools?: { name: string; description: string; parameters: JsonSchema; strict?: false }[];
  /** Only with `tools`: whether the answer may do without a call; `auto` where absent. */
  toolChoice?: 'auto' | 'required';
  /** The answer is asked for in one piece, and so comes in one: for servers whose streams of tool calls are broken. */
  whole?: true;
  /** Milliseconds that the server may take to the first piece of its answer, by what is known of its pace. */
  firstTokenMs?: number;
  /** Told when it took longer, and is waited on because the server is at work: `waited` milliseconds so far. */
  onWaiting?: (about: { running: number; waiting: number; waited: number }) => void;
  /** Goes with the last user message. Base64. */
  media?: { kind: 'image'; format: 'png'; base64: string } | { kind: 'audio'; format: 'wav'; base64: string };
}

export type ModelEvent =
  | { type: 'text'; delta: string }
  | { type: 'reasoning'; delta: string }
  /** `index` tells parallel calls apart; `id` and `name` come once, arguments in pieces. */
  | { type: 'toolCall'; index: number; id?: string; name?: string; argumentsDelta: string }
  /** Always the last event of a stream that did not fail. */
  | { type: 'finished'; stopReason: StopReason; usage?: Usage };

/** What a server says it serves. */
export interface Served {
  model: string;
  /** What stands behind that name, where it is an alias and the server tells: a model's name, or the path of its files. */
  root?: string;
  /** Tokens that prompt and answer share. */
  window: number;
  /** The server does not tell its window: it is taken for the smallest that is supported. */
  assumed?: true;
}

/**
 * One role's model. Failures are thrown as ModelError (core/models/modelError.ts), never as text to be parsed;
 * an abort by `signal` rejects with the signal's reason. No method retries by itself.
 */
export interface Model {
  readonly url: string;
  /** Asks the server once what it serves; cached after the first success. */
  served(signal: AbortSignal): Promise<Served>;
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
  /** What a prompt comes to, in the server's own tokens; undefined where it cannot tell. Fails only by the signal. */
  count(request: Pick<ModelRequest, 'messages' | 'tools'>, signal: AbortSignal): Promise<number | undefined>;
  /**
   * What the server works on now, for all of its clients, and how much of that is asked here (`own`); undefined where it
   * does not show that. Fails only by the signal.
   */
  load(signal: AbortSignal): Promise<{ running: number; waiting: number; own: number } | undefined>;
}

// ── Workspace ────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Paths everywhere in the core: relative to the workspace, forward slashes, no leading "./", never outside.
 * `elsewhere`: where it really lies, relative to the workspace, where that is not the path: it leads there through a symbolic
 * link, or the disk spells it another way.
 */
export type FileContent =
  | { kind: 'text'; text: string /** SHA-256 (hex) of the bytes. */; hash: string; elsewhere?: string }
  /** `decoded`: what it says, where it is text in another encoding than UTF-8: that can be read, and is never written. */
  | { kind: 'binary'; bytes: number; hash: string; elsewhere?: string; decoded?: { text: string; encoding: string } }
  | { kind: 'tooLarge'; bytes: number; elsewhere?: string }
  | { kind: 'directory' }
  | { kind: 'missing'; elsewhere?: string }
  /** The path leads outside the workspace (also through a symbolic link), or is not a plain file. */
  | { kind: 'forbidden'; reason: string };

/** Which lines of a file are wanted: both ends included, from 1. */
export interface LineRange {
  from: number;
  to: number;
  /** Of all these lines together, about; what is beyond is left out. */
  maxChars: number;
  /** Read on to the end of the file to tell how many lines it has. */
  countAll?: true;
  /** Told how many bytes have been read. */
  onRead?: (bytes: number) => void;
}

export type FileLines =
  /** `text`: the lines with their line ends. `total`: lines of the whole file, where it was read to its end. */
  | { kind: 'lines'; text: string; encoding?: string; bytes: number; total?: number; elsewhere?: string }
  | { kind: 'binary' }
  /** `reason` is a clause without a full stop. */
  | { kind: 'unreadable'; reason: string };

export interface FileEntry {
  path: string;
  bytes: number;
  /** SHA-256 (hex) of what is in it, as `Workspace.read` gives it; where it is known without reading. */
  hash?: string;
}

export interface SearchQuery {
  pattern: string;
  /** `pattern` is a regular expression (Rust syntax where ripgrep runs, JavaScript's in the fallback). */
  regex: boolean;
  caseSensitive: boolean;
  wholeWord: boolean;
  /** Only below these files or folders; all where empty. */
  under?: string[];
  /** Only files whose path it takes. */
  only?: (path: string) => boolean;
  /** Stop after this many matching lines. */
  limit: number;
}

export interface SearchMatch {
  path: string;
  /** 1-based. */
  line: number;
  /** The whole line, without its line end, cut at 500 characters. */
  text: string;
}

/** Read access to the files as the user sees them: on disk, in unsaved editors, or with a change set on top. */
export interface Workspace {
  /** Absolute path of the folder, for processes and messages. */
  readonly root: string;
  read(path: string): Promise<FileContent>;
  /** Lines of a file that `read` finds too large; absent where only the whole of a file can be had. */
  readLines?(path: string, range: LineRange, signal: AbortSignal): Promise<FileLines>;
  /** Every file that is not ignored (.gitignore, .git, .conclave), sorted by path. */
  list(signal?: AbortSignal): Promise<readonly FileEntry[]>;
  search(query: SearchQuery, signal?: AbortSignal): Promise<SearchMatch[]>;
  /** Listed files that are otherwise on disk, because an editor has not saved them; absent where there is only the disk. */
  unsaved?(): Promise<readonly FileState[]>;
}

/** One file as it shall be. */
export interface FileWrite {
  path: string;
  /** SHA-256 (hex) of what must be there now, as `Workspace.read` gives it; null: no file. */
  before: string | null;
  /** Null: the file shall be gone. */
  text: string | null;
  /** For a new file: the file, gone in the same write, whose permissions it takes over. */
  from?: string;
  /** For a new file: its permission bits, where they are known. */
  mode?: number;
}

/** Puts accepted texts into the workspace: all of them, or none. */
export interface WorkspaceWriter {
  /**
   * Writes and saves. A file that is already as it shall be is left alone, so doing it twice is harmless.
   * @returns `written`: each file as it is afterwards, which a formatter may have had a hand in;
   * `conflict` (and nothing written) where a file is neither as it was nor as it shall be.
   * @throws Error where a file cannot be written, with its name; then everything is as it was, or it says what is not
   */
  write(writes: readonly FileWrite[]): Promise<Written>;
}

export type Written =
  | { kind: 'written'; files: { path: string; text: string | null }[] }
  | { kind: 'conflict'; paths: string[] };

/** What saving made of a text that was written: a formatter's hand. */
export interface Reformatted {
  path: string;
  /** Unified, from the text as it was written to the file as it was saved; empty where they are the same. */
  diff: string;
}

/** Remembers for a workspace what a formatter made of accepted texts, so that the Coder writes as the formatter does. */
export interface FormatterMemory {
  /** What was seen last, none with an empty diff. */
  recall(): Promise<Reformatted[]>;
  /** Takes the place of what is known of the same files. */
  keep(files: readonly Reformatted[]): Promise<void>;
}

/** A file as it was before an accepted write, and as it was after it. Null: no file. */
export interface KeptFile {
  path: string;
  before: string | null;
  after: string | null;
  /** Permission bits that the file had before. */
  mode?: number;
  /** It is too large to be kept: both texts are missing. */
  tooLarge?: boolean;
}

/** Keeps how files were before accepted writes, so that these can be undone. Nothing of it is in the workspace. */
export interface Snapshots {
  /** Called before a write. `after` is what shall be written. */
  keep(runId: string, files: readonly Pick<KeptFile, 'path' | 'before' | 'after'>[]): Promise<Snapshot>;
  /** What was kept for each write of the run, oldest first; nothing where some of it had to make room. */
  of(runId: string): Promise<KeptFile[][]>;
  /** Forgets everything about the run. */
  drop(runId: string): Promise<void>;
}

/**
 * Keeps what the files of workspaces held, by content, so that a run can begin again on them. Bounded: what is too large
 * is not kept, and the oldest runs make room for new ones.
 */
export interface Contents {
  /**
   * Keeps the files as they are now, unsaved texts included, for a run. Takes its time: meant to go on in the background.
   * @returns by what `since` finds them, and how many files are kept with their content, and how many without
   */
  keep(runId: string, workspace: Workspace, signal: AbortSignal): Promise<Kept>;
  /** Keeps for another run, too, what is kept under a manifest. Nothing where that is gone. */
  share(runId: string, manifest: string): Promise<void>;
  /** In what the workspace was otherwise then; `gone` where that is not known any more. */
  since(manifest: string, workspace: Workspace, signal: AbortSignal): Promise<FilesThen | 'gone'>;
  /** Forgets what is kept for no other run. */
  drop(runId: string): Promise<void>;
}

export interface Kept {
  manifest: string;
  files: number;
  skipped: number;
}

export interface FilesThen {
  /** Files as they were then, where they are otherwise now; null for one that was not there. */
  files: FileState[];
  /** Files that were otherwise, too, but how is not kept. */
  unknown: string[];
}

export interface Snapshot {
  /** The write is done; the files are so now. */
  settle(files: readonly { path: string; text: string | null }[]): Promise<void>;
  /** Nothing was written. */
  discard(): Promise<void>;
}

// ── Processes and checks ─────────────────────────────────────────────────────────────────────────────────────────

export interface ProcessResult {
  /** Null where a signal ended it or it never started. */
  exitCode: number | null;
  ended: 'exited' | 'timed_out' | 'not_found' | 'signalled';
  /** The last part of stdout and stderr, interleaved as they came; without stderr where that was asked for. */
  output: string;
  /** Bytes that `output` leaves out at its start. */
  dropped: number;
  ms: number;
}

export interface Processes {
  /**
   * Runs an argument vector, never a shell line. The child sees no secrets of ours and cannot phone home by the usual switches.
   * Kills the whole tree on abort (then rejects with the signal's reason) and on time-out.
   */
  run(
    argv: readonly string[],
    options: {
      cwd: string;
      signal: AbortSignal;
      /** Milliseconds. */
      timeout: number;
      env?: Record<string, string>;
      /** Upper bound of `output`, in bytes. */
      keep?: number;
      /** Leaves standard error out of the output: for a program whose output is parsed. */
      stdoutOnly?: true;
      onOutput?: (text: string) => void;
    },
  ): Promise<ProcessResult>;
}

/** Makes throw-away copies of the workspace in which checks can do what they like. */
export interface Copies {
  /** A copy of the workspace (uncommitted and untracked files included) with `files` on top. */
  make(files: readonly FileState[], signal: AbortSignal): Promise<Copy>;
}

export interface Copy {
  /** Absolute path. */
  dir: string;
  /** For the processes that run in it: redirected caches. */
  env: Record<string, string>;
  dispose(): Promise<void>;
}

// ── Syntax ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Tells what does not parse. Whoever compares two texts of a file asks for both. */
export interface Syntax {
  /** @param path tells the language. Takes half a second at most, and never throws. */
  errorsIn(path: string, text: string): Promise<ParsedText>;
}

export type ParsedText =
  | { kind: 'parsed'; language: string; errors: ParseError[]; unbalanced: UnbalancedBracket[] }
  /** There is no grammar for it, or it is no code of that language alone (a template). */
  | { kind: 'unknown' }
  /** Parsing it takes more time, or more memory, than it may. */
  | { kind: 'slow' | 'large'; language: string }
  /** The grammar of the language does not load; `reason` is a clause without a full stop. */
  | { kind: 'unavailable'; language: string; reason: string };

/** A stretch of a text that does not parse. Lines and columns are 1-based; `endLine` is the last that it covers. */
export interface ParseError {
  line: number;
  column: number;
  endLine: number;
  /**
   * `missing`: `text` is what should stand there, `within` the lines of what is not whole. `unexpected`: `text` is what
   * does not parse. `unclosedString`: `text` opens a string that has no end.
   */
  kind: 'missing' | 'unexpected' | 'unclosedString';
  text: string;
  within?: { line: number; endLine: number };
}

/** A bracket without its other one. `before`: the line of the bracket that should have come after the missing one. */
export interface UnbalancedBracket {
  kind: 'unclosed' | 'extra';
  bracket: string;
  line: number;
  column: number;
  before?: number;
}

// ── Code ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What the code of a text says, by its grammar. A text is parsed once: what was found is kept by its hash, for all processes. */
export interface Code {
  /**
   * In the order of `files`; undefined for one without a grammar, or that cannot be parsed in time. Fails only by the
   * signal, and where a `text` does.
   */
  facts(files: readonly CodeFile[], signal: AbortSignal): Promise<(CodeFacts | undefined)[]>;
}

export interface CodeFile {
  /** Tells the language. */
  path: string;
  /** SHA-256 (hex) of the bytes, as `Workspace.read` gives it. */
  hash: string;
  /** Only asked for where nothing is known for the hash; undefined where there is no text. */
  text: () => Promise<string | undefined>;
}

/** Lines and columns are 1-based, columns in UTF-16 units. */
export interface CodeFacts {
  lines: number;
  /** In the order of the text. What a function declares for itself is left out, but for functions and classes. */
  symbols: CodeSymbol[];
  imports: CodeImport[];
  comments: Span[];
  /** What stands between quotes, and text of markup; the code in it (`${…}`) is left out. */
  strings: Span[];
}

export interface CodeSymbol {
  name: string;
  kind: SymbolKind;
  /** Where its name stands. */
  line: number;
  column: number;
  /** The last line of what is defined. */
  endLine: number;
  /** Seen from other files, as far as the file itself tells. */
  exported: boolean;
  /** The class, function, … that it is in, or a method belongs to; without type arguments. */
  container?: string;
  /** The line of its name, trimmed and cut. */
  signature: string;
  /** The first lines of its doc comment, without the marks. */
  doc?: string;
}

export const SYMBOL_KINDS = [
  'function',
  'method',
  'class',
  'interface',
  'type',
  'enum',
  'constant',
  'variable',
  'module',
  'property',
] as const;
export type SymbolKind = (typeof SYMBOL_KINDS)[number];

export interface CodeImport {
  /** As it is written, without quotes. */
  from: string;
  /** As they are called there, and as they are called here; none where a whole module or header is meant. */
  names: string[];
  line: number;
  endLine: number;
}

/** `endColumn` is behind the last character. */
export interface Span {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** What the editor's language servers know; only there where an editor is. Paths inside the workspace only. */
export interface LanguageServers {
  /**
   * Where a name is used and defined, as the files are in the editor.
   * @param at where the name stands, 1-based; the server is asked for the symbol there
   * @returns undefined where no server answers in time
   */
  references(at: CodePlace, signal: AbortSignal): Promise<(CodePlace & { definition: boolean })[] | undefined>;
  /**
   * What they report, of files as they are in the editor.
   * @param paths files, which are opened unseen for it; or all that they have reported on by now
   */
  diagnostics(paths: readonly string[] | 'all', signal: AbortSignal): Promise<Diagnostic[]>;
}

export interface Diagnostic extends CodePlace {
  severity: 'error' | 'warning' | 'information' | 'hint';
  message: string;
  /** Who reports it, as it calls itself. */
  source?: string;
}

export interface CodePlace {
  path: string;
  line: number;
  column: number;
}

// ── The user's own MCP servers ───────────────────────────────────────────────────────────────────────────────────

/** A server that the user has named, for whoever asks whether it may be started. */
export interface ConfiguredServer {
  name: string;
  /** What is started or connected to, word by word. */
  reach: string;
  /** The file or setting that names it. */
  source: string;
  /** One from a workspace file needs the user's approval: somebody else may have written it. */
  from: 'workspace' | 'user';
}

/** A tool as its server tells it: untrusted text. */
export interface ServerTool {
  name: string;
  description: string;
  schema: JsonSchema;
}

/** The user's own MCP servers, for one run. A server that fails is a value; only the signal's reason rejects. */
export interface ToolServers {
  readonly configured: readonly ConfiguredServer[];
  /** Starts it, or connects to it, and asks what it has. `reason`: a sentence. */
  tools(
    server: string,
    signal: AbortSignal,
  ): Promise<{ kind: 'tools'; tools: ServerTool[] } | { kind: 'unavailable'; reason: string }>;
  /** `text` is what the server said, as it said it, or what went wrong. */
  call(
    server: string,
    tool: string,
    args: Record<string, unknown>,
    options: {
      signal: AbortSignal;
      onProgress?: (progress: { message: string; done: number; total?: number }) => void;
    },
  ): Promise<{ text: string; isError: boolean }>;
  /** Ends what was started. Never rejects. */
  close(): Promise<void>;
}

// ── User ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ApprovalRequest {
  id: string;
  kind: 'command' | 'proposal';
  /** What exactly will happen. */
  what: string;
}

/** `unanswered`: nobody is there to ask; the run pauses and keeps everything. */
export interface User {
  ask(questions: readonly Question[], signal: AbortSignal): Promise<Answer[] | 'unanswered'>;
  approve(
    request: ApprovalRequest,
    signal: AbortSignal,
  ): Promise<{ approved: boolean; by: 'user' | 'policy' | 'remembered' } | 'unanswered'>;
}

// ── Store ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The right to write: only the holder of the highest epoch of a name may append. */
export interface Lease {
  /** "run/<id>" or "workspace/<hash>". */
  name: string;
  epoch: number;
  token: string;
}

export interface Leases {
  /** Milliseconds after which a holder that did not renew counts as gone, by the store's clock. */
  readonly ttl: number;
  /**
   * Grants the lease with an epoch higher than any before, or says who holds it.
   * @param options.takeOver grants it also where a living holder has it: that one is fenced from then on
   */
  acquire(name: string, holder: string, options?: { takeOver?: true }): Promise<Lease | { heldBy: string }>;
  /** Also of a lease that has run out, as long as nobody else took it. @returns false where a higher epoch was granted. */
  renew(lease: Lease): Promise<boolean>;
  release(lease: Lease): Promise<void>;
}

export interface RunSummary {
  runId: string;
  /** ISO 8601. */
  startedAt: string;
  task: string;
  workspace: string;
  state: string;
  lastSeq: number;
}

/** Keeps the events of runs. Failures are thrown as StoreError (core/store/storeError.ts). */
export interface EventLog {
  /**
   * Appends events of one run, in order. Refused (StoreError `fenced`) where the lease is not the newest.
   * @param durable they, and all before them, are on disk (fsync) when it resolves; with no events at all, too.
   */
  append(lease: Lease, events: readonly RunEvent[], durable: boolean): Promise<void>;
  /** Persisted events with a seq greater than `since`, in order. */
  read(runId: string, since?: number): AsyncIterable<RunEvent>;
  /** The same, and then what comes, until the signal. */
  follow(runId: string, since: number, signal: AbortSignal): AsyncIterable<RunEvent>;
  list(): Promise<RunSummary[]>;
  delete(runId: string): Promise<void>;
  /**
   * Tells when the store goes away and when it is back; absent where that is a failure at once. While it is away, what is
   * appended is kept elsewhere, and added when it is back. @returns a function that ends the telling
   */
  watch?(listener: (health: StoreHealth) => void): () => void;
}

/** `added`: how many events were kept elsewhere meanwhile. */
export type StoreHealth = { kind: 'lost'; message: string } | { kind: 'recovered'; added: number };

// ── Memory ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Something that a run has taught about its workspace. Data for models and people, never an instruction. */
export interface MemoryEntry {
  /** Stable: the same thing learnt again has the same one. */
  id: string;
  kind: 'failure' | 'convention';
  text: string;
  /** What it is about; none where it is about no file. */
  paths: string[];
  /** ISO 8601, UTC: when it was learnt last. */
  at: string;
  run?: string;
}

/**
 * What the runs of a workspace have taught, and plans that can be used again; both within the bounds of
 * core/memory/entries.ts. Failures are thrown as StoreError.
 */
export interface Memory {
  /** Everything that is kept of a workspace, oldest first. What is damaged is left out. @param workspace its absolute path */
  recall(workspace: string): Promise<MemoryEntry[]>;
  /** Adds entries, or puts them in the place of those with the same id; the oldest beyond the bound go. */
  remember(workspace: string, entries: readonly MemoryEntry[]): Promise<void>;
  forget(workspace: string, ids: readonly string[] | 'all'): Promise<void>;
  /** A kept plan as JSON text; undefined where there is none under that key (SHA-256, hex). */
  plan(key: string): Promise<string | undefined>;
  /** In the place of one with the same key; those kept longest ago beyond the bound go. */
  keepPlan(key: string, json: string): Promise<void>;
  forgetPlan(key: string): Promise<void>;
}
