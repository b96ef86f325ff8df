import { GEMMA3_BASE, SMOLLM2 } from './ggufModels.ts';
import { startLlamaCpp, whyNoLlamaCpp } from './llamaCpp.ts';
import type { ModelServer } from './modelServer.ts';
import { RANDOM_QWEN3, SMOLLM2_BF16, startVllm, whyNoVllm } from './vllm.ts';

/** One real server with one real, very small model. */
export interface RealServer {
  title: string;
  /** As it is served. */
  model: string;
  product: 'llama.cpp' | 'vLLM';
  /** Whether the model was trained to answer; one that was not does nothing that is of use. */
  answers: boolean;
  /** Why it cannot run here, or undefined. */
  whyNot(): Promise<string | undefined>;
  /** @throws RegistryUnreachable */
  start(window: number): Promise<ModelServer>;
}

const llamaCpp = (model: typeof SMOLLM2, answers: boolean): RealServer => ({
  title: `llama.cpp with ${model.name}`,
  model: model.name,
  product: 'llama.cpp',
  answers,
  whyNot: whyNoLlamaCpp,
  start: (window) => startLlamaCpp(model, window),
});
const vllm = (model: typeof SMOLLM2_BF16, answers: boolean): RealServer => ({
  title: `vLLM with ${model.name}`,
  model: model.name,
  product: 'vLLM',
  answers,
  whyNot: whyNoVllm,
  start: (window) => startVllm(model, window),
});

export const REAL_SERVERS: readonly RealServer[] = [
  llamaCpp(SMOLLM2, true),
  llamaCpp(GEMMA3_BASE, false),
  vllm(SMOLLM2_BF16, true),
  vllm(RANDOM_QWEN3, false),
];
