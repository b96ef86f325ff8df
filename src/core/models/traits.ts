import type { Message } from '../ports.ts';

/** Whether a model is asked to think before it answers. Fixed for a transcript, because it is part of its prefix. */
export type Thinking = 'on' | 'off';

/** What a model wants otherwise than most do. */
export interface ModelTraits {
  /**
   * - `normal`: instructions go into the system message.
   * - `none`: the chat template refuses a system message.
   * - `thinkingToggle`: the system message is the thinking switch and nothing else.
   */
  systemRole: 'normal' | 'none' | 'thinkingToggle';
}

/** Gemma 1 and 2 and CodeGemma; Gemma 3 and 4 take a system message. */
const WITHOUT_SYSTEM_ROLE = /gemma-?[27]/i;
/** NVIDIA's Llama 3.x derivatives up to v1.1; v1.5 and the Nemotron Nano 2 and 3 families are switched otherwise. */
const WITH_THINKING_TOGGLE = /llama-?3[._]\d-nemotron-(nano-\d|super|ultra)(?!.*v1[._]5)/i;

/** @param modelName as the server names it; an alias such as "planner" tells nothing and counts as normal */
export function traitsOf(modelName: string): ModelTraits {
  if (WITHOUT_SYSTEM_ROLE.test(modelName)) return { systemRole: 'none' };
  if (WITH_THINKING_TOGGLE.test(modelName)) return { systemRole: 'thinkingToggle' };
  return { systemRole: 'normal' };
}

/** The first messages of a transcript, up to and including the first user message. */
export function openingMessages(
  traits: ModelTraits,
  { instructions, thinking, user }: { instructions: string; thinking: Thinking; user: string },
): Message[] {
  switch (traits.systemRole) {
    case 'normal':
      return [
        { role: 'system', content: instructions },
        { role: 'user', content: user },
      ];
    case 'none':
      return [{ role: 'user', content: `${instructions}\n\n${user}` }];
    case 'thinkingToggle':
      return [
        { role: 'system', content: `detailed thinking ${thinking}` },
        { role: 'user', content: `${instructions}\n\n${user}` },
      ];
    default:
      return traits.systemRole satisfies never;
  }
}

/** How to sample: as the makers of thinking models advise while thinking, otherwise greedily. */
export function samplingOf(thinking: Thinking): { temperature: number; topP?: number } {
  return thinking === 'on' ? { temperature: 0.6, topP: 0.95 } : { temperature: 0 };
}
