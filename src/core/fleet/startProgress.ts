/** How far a model server is with its start, as its log tells. */
export interface StartProgress {
  /** In words: "loading weights". */
  step: string;
  /** 0 to 100, of the step. */
  percent?: number;
  /** It says that it is up. */
  isUp?: true;
}

/** What a line says, first match first. What the first group finds, where there is one, is a percentage. */
const SIGNS: readonly { pattern: RegExp; step: string; isUp?: true }[] = [
  // uvicorn's, and llama.cpp's; and what vLLM writes once it is asked things, when that is long ago.
  {
    pattern: /Application startup complete|server is listening on|Avg prompt throughput|HTTP\/1\.1" 2\d\d/,
    step: 'answering',
    isUp: true,
  },
  // Hugging Face's bars; several files are fetched side by side, each with a bar of its own.
  { pattern: /Fetching \d+ files:\s+(\d+)%/, step: 'downloading weights' },
  { pattern: /\.(?:safetensors|bin|gguf|pt)\b[^|]*?:\s+(\d+)%\|/, step: 'downloading weights' },
  { pattern: /Time spent downloading weights/, step: 'loading weights' },
  { pattern: /Loading .*checkpoint shards:\s+(\d+)% Completed/, step: 'loading weights' },
  { pattern: /Loading (?:safetensors|weights|pt).*?:\s+(\d+)%/, step: 'loading weights' },
  { pattern: /Starting to load model|llama_model_loader:|load_tensors:/, step: 'loading weights' },
  { pattern: /Loading weights took|Model loading took/, step: 'measuring memory' },
  {
    pattern:
      /Dynamo bytecode|torch\.compile (?:takes|took)|Compiling a graph|Cache the graph|Warming up model for the compilation/,
    step: 'compiling',
  },
  { pattern: /Capturing CUDA graphs?.*?:\s+(\d+)%/, step: 'capturing CUDA graphs' },
  { pattern: /Graph capturing finished|Warming up done|init engine .* took/, step: 'opening the server' },
  { pattern: /Memory profiling|Available KV cache memory|(?:GPU|CPU) KV cache size/, step: 'measuring memory' },
  { pattern: /Supported tasks:|Starting vLLM (?:API )?server/, step: 'opening the server' },
  {
    pattern: /Initializing a V1 LLM engine|Starting vLLM|vLLM API server version|build_info|main: loading model/,
    step: 'starting the engine',
  },
];

/**
 * Reads the log of a start of vLLM or llama.cpp. Progress bars may follow each other within a line, parted by carriage
 * returns: the last one counts.
 * @param lines of this start only, in their order
 */
export function startProgress(lines: readonly string[]): StartProgress {
  for (const line of lines.toReversed()) {
    for (const piece of line.split('\r').toReversed()) {
      for (const { pattern, step, isUp } of SIGNS) {
        const found = pattern.exec(piece);
        if (found === null) continue;
        const percent = found[1] === undefined ? undefined : Math.min(100, Number(found[1]));
        return { step, ...(percent === undefined ? {} : { percent }), ...(isUp ? { isUp } : {}) };
      }
    }
  }
  return { step: 'starting' };
}
