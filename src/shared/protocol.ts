/**
 * What the chat (webview) and the editor's side (host) say to each other. The events of the shown run go one way, as they
 * are; everything else is a method with exactly its fields. Both ends are derived from these two maps (shared/rpc.ts).
 */
import type { Answer, Ending, HunkDecision, Role, RunEvent, RunKind } from './events.ts';

/** Something the user adds to a message: a chip in the composer. Resolved to text by the host when it is sent. */
export interface Attachment {
  kind: 'file' | 'folder' | 'symbol' | 'selection' | 'problems' | 'diff' | 'terminal';
  /** Shown on the chip: "src/app.ts", "app.ts:10-20", "Problems (3)". */
  label: string;
  /** Workspace folder it belongs to, as a URI; absent for what has none. */
  folder?: string;
  /** Relative to the folder. */
  path?: string;
  /** 1-based, inclusive. */
  lines?: { from: number; to: number };
}

/** An entry of the completion list behind "@". */
export interface Completion {
  attachment: Attachment;
  /** A codicon's name, without "codicon-". */
  icon: string;
  /** Shown beside the label, for example the folder. */
  detail: string;
}

/** What a slash command makes of a message. `implement` is the default of a plain message. */
export type ChatCommand = 'plan' | 'implement' | 'review' | 'fix' | 'explain' | 'doctor';
export const CHAT_COMMANDS: readonly ChatCommand[] = ['plan', 'implement', 'review', 'fix', 'explain', 'doctor'];

/** A place in the workspace of the shown run. */
export interface Place {
  path: string;
  /** 1-based. */
  line?: number;
}

/** A past or present run, as the history lists it. */
export interface RunEntry {
  runId: string;
  /** What the user asked, on one line. */
  title: string;
  /** ISO 8601. */
  startedAt: string;
  /** Last part of the workspace's path. */
  workspace: string;
  /** As the store's summary says: "working", "paused", "approved", … */
  state: string;
  /** It belongs to an open folder: it can be resumed and applied here. */
  isHere: boolean;
}

/** How fast a recorded run is played: as many times as fast as it was, all the rest at once, or not for now. */
export type ReplayPace = number | 'instant' | 'paused';

/** Where the shown run stands beyond what its events say. */
export type Activity =
  /** This window works on it. */
  | { kind: 'working' }
  /** Another window or terminal works on it; it is followed live. */
  | { kind: 'elsewhere'; holder: string }
  /** Its recorded events are played again; nothing is asked or changed. `over`: all of them were. */
  | { kind: 'replaying'; pace: ReplayPace; over?: true }
  | { kind: 'idle' };

/** Facts about the editor that the chat shows. */
export interface HostFacts {
  /** Open folders that a run can work in. Empty: the chat says to open one. */
  folders: { uri: string; name: string }[];
  trusted: boolean;
  /** The folder a new task goes to, where there are several. */
  folder?: string;
  /** Roles whose servers did not answer when last asked, with the reason; empty while unknown. */
  silent: { role: Role; url: string; message: string }[];
  /** What the user asked before, newest last: the composer's history. */
  history: string[];
}

/** Fingerprints of findings. What is said in a run's events is how they were; this is what became of them. */
export interface SettledFindings {
  /** Somebody gave a reason why they are no problem, in this run or before. */
  waived: string[];
  /** The file reads now as the Reviewer suggested. */
  mended: string[];
}

/** What a check of the doctor is about. */
export type DoctorSubject = 'project' | 'servers' | 'fleet';

/** One check of the doctor. */
export interface DoctorLine {
  /** Lines of one subject stand together, under its heading. */
  subject: DoctorSubject;
  state: 'ok' | 'warning' | 'failed';
  what: string;
  detail: string;
  /** Servers on this machine that could be used for the role that the line is about. */
  offers?: EndpointOffer[];
}

export interface EndpointOffer {
  role: Role;
  /** For example "Ollama at http://localhost:11434/v1 serves qwen2.5-coder". */
  what: string;
  url: string;
  model: string;
}

/** What the roles' servers were seen to do: a row a role, with a cell for each column. */
export interface ProbeTable {
  columns: string[];
  rows: { role: Role; cells: { state: 'good' | 'limited' | 'missing' | 'unknown'; text: string }[] }[];
  /** What can be done about what is limited or missing. */
  remedies: { roles: Role[]; text: string }[];
}

/**
 * Methods about the run that the chat shows. Each names it: the host may have come to show another one meanwhile, and
 * then refuses.
 */
export interface RunMethods {
  /** Also for a run that paused over its questions: it goes on with the answers. */
  answer: (params: { runId: string; answers: Answer[] }) => void;
  approve: (params: { runId: string; id: string; approved: boolean }) => void;
  resume: (params: { runId: string }) => void;
  /** Goes on here with a run that another window or terminal works on; that one stops. */
  takeOver: (params: { runId: string }) => void;
  /** Begins the task of the shown run again, without the plan cache; where this window works on it, that is stopped. */
  planAfresh: (params: { runId: string }) => void;
  /** Implements the shown plan. */
  implement: (params: { runId: string }) => void;
  openPlace: (params: { runId: string } & Place) => void;
  /** The proposal's diff of one file, or of all of them. */
  openDiff: (params: { runId: string; path?: string }) => void;
  /** The editor's own refactor preview of the open proposal. */
  preview: (params: { runId: string }) => void;
  /** Decides about the whole proposal, one file, or one hunk of a file. */
  decide: (params: { runId: string; decision: HunkDecision; path?: string; hunk?: number }) => void;
  undo: (params: { runId: string }) => void;
  /** Has the crew mend one finding of the run, or all of them. */
  fixFinding: (params: { runId: string; fingerprint?: string }) => void;
  waiveFinding: (params: { runId: string; fingerprint: string }) => void;
}

/** Methods of the host, called by the chat. A failure's message is for the user, and is shown. */
export interface HostMethods extends RunMethods {
  /** The chat is (again) there: the host answers with `facts` and `show`. */
  ready: (params: Record<string, never>) => { locale: string; strings: Record<string, string> };
  /** A batch was painted; the host may send the next. */
  painted: (params: Record<string, never>) => void;

  send: (params: { text: string; command: ChatCommand; attachments: Attachment[] }) => void;
  chooseFolder: (params: { folder: string }) => void;
  complete: (params: { query: string }) => Completion[];
  /** Opens the editor's file picker. */
  attach: (params: Record<string, never>) => Attachment[];
  /** Files and folders dropped on the composer, as URIs. What is outside the open folders is refused by name. */
  drop: (params: { uris: string[] }) => Attachment[];

  stop: (params: Record<string, never>) => void;
  newTask: (params: Record<string, never>) => void;

  runs: (params: { query: string }) => RunEntry[];
  show: (params: { runId: string }) => void;
  replay: (params: { runId: string }) => void;
  /** Begins a new run after a step, by its number; asks for it where it is absent, and for what goes on from there. */
  fork: (params: { runId: string; at?: number }) => void;
  /** Of the replay that is shown. */
  setPace: (params: { pace: ReplayPace }) => void;
  exportRun: (params: { runId: string; format: 'markdown' | 'json' }) => void;
  deleteRun: (params: { runId: string }) => void;

  /** Sets a role's endpoint, in the user's settings, to a server on this machine that the doctor has offered. */
  useEndpoint: (params: { role: Role; url: string; model: string }) => void;

  /** Asks first where the address leads out of the editor. */
  openLink: (params: { href: string }) => void;
  copy: (params: { text: string }) => void;
  /** Runs a command of ours or of the editor's that the chat offers as a button; only known ones. */
  command: (params: { id: 'openSettings' | 'openWalkthrough' | 'tryDemo' | 'openFolder' | 'trust' }) => void;
}

/** Methods of the chat, called by the host. */
export interface ChatMethods {
  facts: (params: HostFacts) => void;
  /** Another run (or none) is shown from now on; its events follow from the first. */
  show: (params: { runId?: string; activity: Activity }) => void;
  activity: (params: Activity) => void;
  /**
   * Events of the shown run, in order, without gaps but for coalesced deltas. The next batch comes after `painted`, so at
   * most one comes a frame.
   */
  events: (params: { runId: string; events: RunEvent[] }) => void;
  /** Puts a command and chips into the composer, beside what is written there, and the focus too. */
  compose: (params: { command?: ChatCommand; attachments: Attachment[] }) => void;
  /** Findings of the shown run's folder that need nothing any more; in the place of what was said of them before. */
  settled: (params: SettledFindings) => void;
  /** The doctor's findings, shown in place. */
  doctor: (params: { lines: DoctorLine[]; probes?: ProbeTable }) => void;
  /** A run could not be started at all. */
  refused: (params: { ending: Pick<Ending, 'message' | 'remedy'>; kind: RunKind }) => void;
}
