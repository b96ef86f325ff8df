/** Whether a model is asked to think before it answers. Fixed for a transcript, because it is part of its prefix. */
export type Thinking = 'on' | 'off';

/** What a model's chat template wants otherwise than most do. */
export interface ModelTraits {
  /**
   * - `normal`: instructions go into the system message.
   * - `none`: the chat template refuses a system message; they stand above the first user message.
   * - `thinkingToggle`: the system message is the thinking switch and nothing else.
   * - `thinkingSuffix`: the switch is the last line of the system message.
   */
  systemRole: 'normal' | 'none' | 'thinkingToggle' | 'thinkingSuffix';
  /**
   * - `messages`: tool calls and their results are messages of their own.
   * - `text`: the template refuses them or leaves them out without a word, so they are told in text.
   */
  tools: 'messages' | 'text';
  /** `leftOut`: a message has either text or tool calls, so the text beside calls goes. */
  textBesideCalls: 'stays' | 'leftOut';
  /** Whether one message may hold several tool calls. */
  calls: 'together' | 'oneByOne';
  /** Whether the user may speak right after tool results, or only after an assistant message. */
  userAfterResults: 'speaks' | 'waits';
  /** `nine`: exactly nine letters and digits, as Mistral's templates want them. */
  callIds: 'any' | 'nine';
  /** The variable of the template that switches thinking on and off; it goes beside the messages. */
  thinkingVariable?: 'enable_thinking' | 'thinking';
}

/** Most templates take this: those of Qwen, DeepSeek, GLM, gpt-oss, Granite and so on. */
const LENIENT: ModelTraits = {
  systemRole: 'normal',
  tools: 'messages',
  textBesideCalls: 'stays',
  calls: 'together',
  userAfterResults: 'speaks',
  callIds: 'any',
};

/** Those whose templates have a variable for it, on where it is not set. */
const SWITCHED: ModelTraits = { ...LENIENT, thinkingVariable: 'enable_thinking' };

/**
 * For a model whose name tells nothing, such as "planner": what every template takes that has a system role and knows
 * tools. There is no form that all templates take *and* that keeps instructions and tool calls in their own place, so
 * a template that refuses this is answered with PLAINEST (endpoint.ts).
 */
const CAREFUL: ModelTraits = { ...LENIENT, calls: 'oneByOne', userAfterResults: 'waits', callIds: 'nine' };

/** Nothing but a user and an assistant who take turns: every chat template takes that. */
export const PLAINEST: ModelTraits = { ...CAREFUL, systemRole: 'none', tools: 'text' };

/** The first that matches counts. Each line is held by test/integration/chatTemplates.test.ts where its template is to be had. */
const FAMILIES: readonly [RegExp, ModelTraits][] = [
  // Gemma 1 and 2 and CodeGemma take no system message; Gemma 3 does, and Gemma 4 knows tools too.
  [/gemma-?[27]/i, PLAINEST],
  [/gemma-?3/i, { ...CAREFUL, tools: 'text' }],
  [/gemma/i, SWITCHED],
  // Mistral's older templates have no place of its own for a system message: they put it above whatever the user says last,
  // so that no request begins with the one before, and leave it out after tool results.
  [
    /mistral-?nemo|mistral-7b|mixtral|codestral-(22b|2405)/i,
    { ...CAREFUL, systemRole: 'none', textBesideCalls: 'leftOut' },
  ],
  // NVIDIA's Llama 3.x derivatives up to v1.1 have a switch for a system message, and Llama's template.
  [/llama-?3[._]\d-nemotron-(nano-\d|super|ultra)(?!.*v1[._]5)/i, { ...CAREFUL, systemRole: 'thinkingToggle' }],
  [/nemotron-nano-(\d+b-)?v2/i, { ...LENIENT, systemRole: 'thinkingSuffix' }],
  // Their templates leave tool calls out, or those that come with any text.
  [/phi-?3|smollm|rwkv|deepseek-?r1/i, { ...CAREFUL, tools: 'text' }],
  [/qwen-?3(?!\d|-?coder)|glm-?(4[._][5-9]|[5-9])|nemotron-3/i, SWITCHED],
  [/deepseek-?v(3[._][1-9]|[4-9])/i, { ...LENIENT, thinkingVariable: 'thinking' }],
  [/hermes/i, LENIENT],
  [/llama|firefunction/i, { ...CAREFUL, callIds: 'any', userAfterResults: 'speaks' }],
  [/qwen|qwq|deepseek|gpt-?oss|glm|granite|kimi|minimax|nemotron|command|cohere|seed-oss/i, LENIENT],
];

/**
 * @param names as the server names it, and what stands behind that name where it tells; the first that says something
 * counts. Where none does (an alias such as "planner", Mistral's models too), the careful form is right.
 */
export function traitsOf(...names: readonly string[]): ModelTraits {
  for (const name of names) {
    const known = FAMILIES.find(([family]) => family.test(name));
    if (known !== undefined) return known[1];
  }
  return CAREFUL;
}

/** How to sample: as the makers of thinking models advise while thinking, otherwise greedily. */
export function samplingOf(thinking: Thinking): { temperature: number; topP?: number } {
  return thinking === 'on' ? { temperature: 0.6, topP: 0.95 } : { temperature: 0 };
}
