import type { Message } from '../../src/core/ports.ts';
import type { WalkedRequest } from './walks.ts';

/** The prompt that a model reads for these messages. @param opens with what opens the answer; true where absent. Throws where a template refuses them */
export type Prompt = (messages: readonly Message[], opens?: boolean) => string;

/** What goes wrong with a walk, or undefined. */
export type ProblemOf = (requests: readonly WalkedRequest[], prompt: Prompt) => string | undefined;

export const refusal: ProblemOf = (requests, prompt) => {
  for (const { messages } of requests) {
    try {
      prompt(messages);
    } catch (error) {
      return `${(error as Error).message} (${messages.map(({ role }) => role).join(' ')})`;
    }
  }
  return undefined;
};

/** Every text of users and tools must be in the prompt. */
export const omission: ProblemOf = (requests, prompt) => {
  for (const { messages } of requests) {
    const text = prompt(messages);
    const missing = messages.find(({ role, content }) => role !== 'assistant' && !text.includes(content));
    if (missing) return `leaves out ${missing.content} (${messages.map(({ role }) => role).join(' ')})`;
  }
  return undefined;
};

/** With or without what opens the answer: models that think begin theirs otherwise than the history shows it. */
export const difference: ProblemOf = (requests, prompt) => {
  let before = { opened: '', unopened: () => '' };
  for (const { messages, begins } of requests) {
    const opened = prompt(messages);
    if (!begins && !opened.startsWith(before.opened) && !opened.startsWith(before.unopened()))
      return placeOfDifference(before.opened, opened);
    before = { opened, unopened: () => prompt(messages, false) };
  }
  return undefined;
};

function placeOfDifference(before: string, after: string): string {
  let at = 0;
  while (before[at] === after[at]) at += 1;
  return `after ${JSON.stringify(before.slice(Math.max(0, at - 60), at))}, ${JSON.stringify(before.slice(at, at + 60))} became ${JSON.stringify(after.slice(at, at + 60))}`;
}

/** Two tools, as a request names them. */
export const TOOLS = ['read_file', 'find_references'].map((name) => ({
  type: 'function',
  function: {
    name,
    description: `Calls ${name}.`,
    parameters: {
      type: 'object',
      properties: { path: { type: 'string', description: 'Where it is.' } },
      required: ['path'],
    },
    strict: true,
  },
}));

/** Variants of templates that are for requests with tools only. */
export const NEEDS_TOOLS = [
  'CohereForAI-c4ai-command-r-plus-tool_use',
  'NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use',
  'NousResearch-Hermes-3-Llama-3.1-8B-tool_use',
  'meetkai-functionary-medium-v3.1',
];

/** As vLLM hands messages to a template: with the arguments of calls parsed. */
export function onTheWire(message: Message): Record<string, unknown> {
  if (message.role === 'tool') return { role: 'tool', tool_call_id: message.callId, content: message.content };
  if (message.role !== 'assistant' || !message.toolCalls) return { ...message };
  const calls = message.toolCalls.map(({ id, name, arguments: args }) => ({
    id,
    type: 'function',
    function: { name, arguments: JSON.parse(args) as unknown },
  }));
  return { role: 'assistant', content: message.content, tool_calls: calls };
}
