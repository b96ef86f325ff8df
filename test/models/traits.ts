/** How a server behaves: what it shows, what it can do, and what it does otherwise than it says. */

import type { QuestionName } from '../../src/core/models/probeQuestions.ts';
import type { Probe } from '../../src/shared/probe.ts';

type Does = 'works' | 'broken' | 'refused';

export interface ServerTraits {
  /** What its tokenizer makes of prompts: four characters a token is usual, less of what its vocabulary does not hold. */
  charactersPerToken: number;
  /** Whose pages it has beside /v1. */
  pages: 'vLLM' | 'llama.cpp' | 'Ollama' | 'LM Studio' | 'none';
  /** Whether /v1/models tells the window. */
  tellsWindow: boolean;
  /** Whether it refuses more tokens than its window has. */
  checksMaxTokens: boolean;
  /** Whether an answer has one call at most where the request asks for that. */
  parallelCalls: 'heeded' | 'ignored';
  tools: { streamed: Does; whole: Does; required: Does; heldToSchema: boolean };
  /** `ragged`: kept, with white space where it may be. */
  schema: 'held' | 'ragged' | 'ignored' | 'refused' | 'runsAway';
  /** What a schema says of properties that it does not declare, in `required` or `patternProperties`. */
  undeclared: 'held' | 'ignored';
  /** Milliseconds that the first request with a schema waits for its grammar, in any pace. */
  firstSchemaMs: number;
  reasoning: Probe['reasoning'];
  reportsCached: boolean;
  /** Tokens: its prefix cache keeps whole blocks, and reports them. */
  cacheBlock: number;
  /** Whether it tells beside the usage how long an answer took. */
  timings: boolean;
  /** Whether it drops an answer that nobody waits for. */
  cancels: boolean;
  vision: Does;
  audio: 'refused' | 'taken';
  /** Whose manners it has where speech is written down. */
  transcriber: 'vLLM' | 'faster-whisper';
  /** A request of the probe that it never answers. */
  hangsOn?: QuestionName;
}

/** vLLM 0.32, with the flags that README asks for and no others. */
export const VLLM: ServerTraits = {
  charactersPerToken: 4,
  pages: 'vLLM',
  tellsWindow: true,
  checksMaxTokens: true,
  parallelCalls: 'heeded',
  tools: { streamed: 'refused', whole: 'refused', required: 'works', heldToSchema: false },
  schema: 'held',
  undeclared: 'held',
  firstSchemaMs: 0,
  reasoning: 'none',
  reportsCached: true,
  cacheBlock: 16,
  timings: false,
  cancels: true,
  vision: 'refused',
  audio: 'refused',
  transcriber: 'vLLM',
};

/** llama.cpp's llama-server, build 11434. */
export const LLAMA_CPP: ServerTraits = {
  charactersPerToken: 4,
  pages: 'llama.cpp',
  tellsWindow: true,
  checksMaxTokens: false,
  parallelCalls: 'heeded',
  tools: { streamed: 'works', whole: 'works', required: 'broken', heldToSchema: false },
  schema: 'ragged',
  undeclared: 'ignored',
  firstSchemaMs: 0,
  reasoning: 'none',
  reportsCached: true,
  cacheBlock: 1,
  timings: true,
  cancels: true,
  vision: 'refused',
  audio: 'refused',
  transcriber: 'vLLM',
};

/** What faster-whisper's server does otherwise. */
export const FASTER_WHISPER: Partial<ServerTraits> = { pages: 'none', transcriber: 'faster-whisper' };
