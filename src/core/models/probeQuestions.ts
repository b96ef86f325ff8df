/**
 * What a probe asks. Each request says the contrary of what the server should hold the model to, so that a model left to
 * itself would hardly do the right thing by chance.
 */
import type { JsonSchema, ModelRequest } from '../ports.ts';

/** A request of the probe by its name. Test servers know it by the marker in its text. */
export type QuestionName =
  | 'tools streamed'
  | 'tools whole'
  | 'tools required'
  | 'schema'
  | 'long prefix'
  | 'long prefix again'
  | 'cancel'
  | 'window'
  | 'vision'
  | 'audio';

export const PROBE_MARKER = 'Conclave probe';

/** A model that thinks before it acts gets more room, or it would never come to its answer. */
export type Room = 'normal' | 'thinking';

/** Every question is one user message: there are templates that refuse a system message. */
export function question(name: QuestionName, room: Room, nonce: string): ModelRequest {
  const ask = (text: string, maxTokens: number, rest: Partial<ModelRequest> = {}): ModelRequest => ({
    messages: [{ role: 'user', content: `${PROBE_MARKER} "${name}". ${text}` }],
    maxTokens: room === 'thinking' ? Math.max(512, maxTokens) : maxTokens,
    temperature: 0,
    ...rest,
  });
  switch (name) {
    case 'tools streamed':
      return ask(CALL, 96, { tools: [tool()] });
    case 'tools whole':
      return ask(CALL, 96, { tools: [tool()], whole: true });
    case 'tools required':
      return ask(
        'Do not call a tool: say hello in one word. If you have to call one all the same, give it {"colour": "blue", "size": "large"}.',
        96,
        { tools: [{ ...tool(), strict: false }], toolChoice: 'required', whole: true },
      );
    case 'schema':
      return ask('Answer with the plain word "yes" and nothing else: no JSON, no quotes, no braces.', 128, {
        schema: { name: 'probe', schema: ANSWER_SCHEMA },
      });
    // What is measured begins with the nonce, or an earlier probe would have filled the cache.
    case 'long prefix':
      return asked(`${longPrefix(nonce)}Answer with the word "yes".`, 8);
    case 'long prefix again':
      return asked(`${longPrefix(nonce)}Count from 1 to 40, with a space between the numbers.`, 48);
    case 'cancel':
      return ask('Count from 1 to 500, one number a line.', 256);
    case 'window':
      return ask('Answer with the word "yes".', ABSURD_TOKENS);
    case 'vision':
      return ask('What colour is this picture? Answer with one word.', 16, {
        media: { kind: 'image', format: 'png', base64: PURPLE },
        whole: true,
      });
    case 'audio':
      return ask('What do you hear? Answer with one word.', 16, {
        media: { kind: 'audio', format: 'wav', base64: SILENCE },
        whole: true,
      });
    default:
      return name satisfies never;
  }
}

/** The tool that is to be called, and the arguments that it takes. */
export const TOOL_NAME = 'paint';
export const TOOL_SCHEMA: JsonSchema = {
  type: 'object',
  properties: { colour: { type: 'string', enum: ['ochre', 'violet'] }, size: { type: 'integer', enum: [3, 7] } },
  required: ['colour', 'size'],
  additionalProperties: false,
};

/** Bounded in every part: a model that is held to it comes to an end. */
export const ANSWER_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    colour: { type: 'string', enum: ['ochre', 'violet'] },
    size: { type: 'integer', enum: [3, 7] },
    sure: { type: 'boolean' },
  },
  required: ['colour', 'size', 'sure'],
  additionalProperties: false,
};

const CALL = 'Call the tool "paint" with the colour "violet" and the size 7. Say nothing else.';

/** More than any window: a server that checks refuses it at once, and tells its window. */
const ABSURD_TOKENS = 100_000_000;

function tool(): NonNullable<ModelRequest['tools']>[number] {
  return { name: TOOL_NAME, description: 'Paints a wall.', parameters: TOOL_SCHEMA };
}

function asked(text: string, maxTokens: number): ModelRequest {
  return { messages: [{ role: 'user', content: text }], maxTokens, temperature: 0 };
}

/** About 600 tokens: caches work in blocks of 128 tokens and more. */
const PREFIX_LINES = 44;

function longPrefix(nonce: string): string {
  const lines = Array.from({ length: PREFIX_LINES }, (_, at) => `Line ${at + 1}: the river runs past the old mill.`);
  return `${PROBE_MARKER} "long prefix" of ${nonce}.\n${lines.join('\n')}\n`;
}

/** A picture of 32 by 32 points, all purple. */
const PURPLE =
  'iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAJ0lEQVR42u3NMQkAAAwDsEqv9KnoMQjkT5pORSAQCAQCgUAgEHwJDnfvAD3VkOoHAAAAAElFTkSuQmCC';

/** A fiftieth of a second, as WAV. */
const SILENCE = `UklGRscAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YaMAAACA${'gICA'.repeat(54)}`;
