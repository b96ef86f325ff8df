/** What a model server was seen to do. Measured by core/models/probe.ts; what the server says of itself counts for nothing. */

/** `untried`: not asked, or nothing can be said of what came. */
export type Seen = 'works' | 'broken' | 'refused' | 'untried';

export interface Probe {
  url: string;
  model: string;
  /** Which server it is, by the pages that only that one has: "vLLM", "llama.cpp", "Ollama", "LM Studio". */
  product?: string;
  /** The server's own version. */
  version?: string;
  /** Hash of the flags that it was started with; only where Conclave started it. */
  flags?: string;
  /** What tells this process of the server from the one after a restart; absent where the server does not show that. */
  instance?: string;
  /** ISO 8601. */
  at: string;
  /** Tokens that prompt and answer share. */
  window: number;
  /** `assumed`: neither told nor measured; the smallest that is supported. */
  windowFrom: 'told' | 'measured' | 'assumed';
  tools: {
    /** A native call, streamed and not, where the model was to choose one. */
    streamed: Seen;
    whole: Seen;
    /** `tool_choice: "required"` makes the model call a tool that it was told not to call. */
    required: Seen;
    /** Arguments keep to the tool's schema, without `strict`, where the model was told to write others. */
    heldToSchema: Seen;
  };
  /** An answer that must have a JSON schema, where the model was told to answer otherwise. `ignored`: fails open. */
  schema: 'held' | 'ignored' | 'refused' | 'runsAway' | 'untried';
  /** Thoughts in a field of their own, between tags in the answer, or none seen. */
  reasoning: 'separate' | 'inline' | 'none';
  cachedTokens: 'reported' | 'silent' | 'untried';
  /** What becomes of an answer that nobody waits for any more; `untold`: the server does not show it. */
  cancel: 'stops' | 'goesOn' | 'untold';
  /** Tokens a second. */
  prefill?: number;
  decode?: number;
  vision: Seen;
  audio: Seen;
  /** Requests that the model was given for it. */
  requests: number;
  /** Whether every request came to its end; where not, `notes` say why, and the probe is not kept for long. */
  complete: boolean;
  /** What else is worth saying, in sentences. */
  notes: string[];
}
