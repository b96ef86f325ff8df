/** Signs in the log of a server that ended, the most telling first, and what they mean: what happened, and what to do. */
const SIGNS: readonly { pattern: RegExp; why: (found: RegExpExecArray) => string }[] = [
  {
    pattern: /Free memory on device \S+ \(([\d.]+)\/([\d.]+) GiB\)/,
    why: ([, free, total]) =>
      `Only ${free} of the GPU's ${total} GiB were free when it started. Stop what else uses the GPU, or choose a smaller profile.`,
  },
  {
    pattern: /CUDA out of memory|OutOfMemoryError|CUDA error: out of memory|Insufficient Memory/,
    why: () => 'The memory of the GPU ran out. Stop what else uses the GPU, or choose a smaller profile.',
  },
  {
    pattern: /max seq len \((\d+)\).*?larger than the available KV cache/,
    why: ([, window]) =>
      `The memory that is left does not hold one request of ${window} tokens. Stop what else uses that memory, or choose a smaller profile.`,
  },
  {
    pattern: /No available memory for the cache blocks/,
    why: () =>
      'The model leaves no memory for the tokens of a request. Stop what else uses that memory, or choose a smaller profile.',
  },
  {
    pattern: /DefaultCPUAllocator: can't allocate memory|MemoryError\b|std::bad_alloc|Cannot allocate memory/,
    why: () => "The machine's memory ran out. Close other programs, or choose a smaller profile.",
  },
  {
    pattern: /No space left on device/,
    why: () => 'The disk is full. Make room where the weights are kept, and start it again.',
  },
  {
    pattern: /gated repo|GatedRepoError|Access to model \S+ is restricted/,
    why: () =>
      'The model is gated. Accept its licence on its page at huggingface.co, set HF_TOKEN to a token of that account, and start it again.',
  },
  {
    pattern:
      /401 Client Error|Invalid user token|RepositoryNotFoundError|Repository Not Found|is not a valid model identifier/,
    why: () =>
      'The model was not found on the hub, or HF_TOKEN does not give access to it. Check the name of the model in the profile, and HF_TOKEN.',
  },
  {
    pattern:
      /LocalEntryNotFoundError|outgoing traffic has been disabled|offline mode is enabled|couldn't connect to 'https:\/\/huggingface\.co'|MaxRetryError.*huggingface\.co|Failed to resolve 'huggingface\.co'/i,
    why: () =>
      'The weights are not on this machine, and the hub cannot be reached. Connect once for "conclave fleet pull", or set fleet.weights to a folder that has the models as ORG/NAME.',
  },
  {
    pattern: /(?:unrecognized arguments|No such option): (.+)/,
    why: ([, option]) =>
      `It does not know the option ${(option ?? '').trim()}. Its version is another than the profile is made for: install the version that README names.`,
  },
  {
    pattern: /argument (--[\w.-]+).*invalid/,
    why: ([, option]) => `It does not take the value of ${option}. Mend that option in the profile.`,
  },
  {
    pattern: /No module named '?vllm\b/,
    why: () => 'This Python has no vLLM. Install it there, or set fleet.vllm to the program that has it.',
  },
  {
    pattern: /address already in use|couldn't bind HTTP server socket/i,
    why: () => 'Its port is taken. Stop the program that listens there, and start it again.',
  },
  {
    pattern: /does not support float16/,
    why: () => 'The model does not work in float16. Take the option dtype out of the profile.',
  },
  {
    pattern:
      /could not select device driver "?nvidia|Found no NVIDIA driver|No CUDA GPUs are available|Failed to infer device type/,
    why: () =>
      'It found no GPU that it can use. Install the driver of the GPU (for containers, the NVIDIA container toolkit too), or choose a profile without a GPU.',
  },
];

/** What a process dies of that is killed from outside: signal 9. */
const KILLED = 137;
/** What programs return that were asked to end: 0, or the signal's number over 128. vLLM returns 0 when its engine has died, too. */
const ASKED_TO_END: readonly (number | null)[] = [0, 130, 143];

/**
 * Why a server ended by itself: a sentence that says what happened, and one that says what to do.
 * @param lines the last ones that it wrote in this start
 * @param code its exit code; null where it was killed, or where it is not known
 */
export function whyEnded(lines: readonly string[], code: number | null): string {
  for (const { pattern, why } of SIGNS) {
    for (const line of lines.toReversed()) {
      const found = pattern.exec(line);
      if (found) return withoutSecrets(why(found));
    }
  }
  if (code === KILLED || (code === null && lines.every((line) => !isComplaint(line)))) {
    return 'It was killed from outside, as the system does when memory runs out. If nobody did, close other programs or choose a smaller profile.';
  }
  if (lines.some((line) => /EngineDeadError|Engine core .*(?:died|failed)/i.test(line))) {
    return `Its engine died${lastWords(lines)}. See its log; if memory ran out, choose a smaller profile.`;
  }
  if (ASKED_TO_END.includes(code) && !lines.some(isComplaint)) {
    return `It ended with code ${code}, as when it is asked to, and Conclave did not ask: "docker stop" does, and the system when it shuts down. Start it again when it is wanted.`;
  }
  return `It ended by itself${code === null ? '' : ` with code ${code}`}${lastWords(lines)}. See its log, and start it again.`;
}

/** Tokens of the model hub have this form. */
export function withoutSecrets(text: string): string {
  return text.replace(/\bhf_[A-Za-z0-9]{8,}/g, 'hf_***');
}

/** In characters. */
const LONGEST_WORDS = 200;

/** The last line that complains, or the last one. */
function lastWords(lines: readonly string[]): string {
  const said = lines.map((line) => line.trim()).filter((line) => line !== '');
  const words = said.findLast(isComplaint) ?? said.at(-1);
  if (words === undefined) return '';
  const short = words.length > LONGEST_WORDS ? `${words.slice(0, LONGEST_WORDS)}…` : words;
  return `; it said: "${withoutSecrets(short).replace(/[.\s]+$/, '')}"`;
}

function isComplaint(line: string): boolean {
  return /\b\w*(?:Error|Exception)\b:|^error:|\bERROR\b/.test(line);
}
