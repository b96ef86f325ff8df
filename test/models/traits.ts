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
  tools: { streamed: Does; whole: Does; required: Does; heldToSchema: boolean };
  /** `ragged`: kept, with white space where it may be. */
  schema: 'held' | 'ragged' | 'ignored' | 'refused' | 'runsAway';
  reasoning: Probe['reasoning'];
  reportsCached: boolean;
  /** Whether it drops an answer that nobody waits for. */
  cancels: boolean;
  vision: Does;
  audio: 'refused' | 'taken';
  /** A request of the probe that it never answers. */
  hangsOn?: QuestionName;
}

/** vLLM 0.32, with the flags that README asks for and no others. */
export const VLLM: ServerTraits = {
  charactersPerToken: 4,
  pages: 'vLLM',
  tellsWindow: true,
  checksMaxTokens: true,
  tools: { streamed: 'refused', whole: 'refused', required: 'works', heldToSchema: false },
  schema: 'held',
  reasoning: 'none',
  reportsCached: true,
  cancels: true,
  vision: 'refused',
  audio: 'refused',
};

/** llama.cpp's llama-server, build 11434. */
export const LLAMA_CPP: ServerTraits = {
  charactersPerToken: 4,
  pages: 'llama.cpp',
  tellsWindow: true,
  checksMaxTokens: false,
  tools: { streamed: 'works', whole: 'works', required: 'broken', heldToSchema: false },
  schema: 'ragged',
  reasoning: 'none',
  reportsCached: true,
  cancels: true,
  vision: 'refused',
  audio: 'refused',
};
