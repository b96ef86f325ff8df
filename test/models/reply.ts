import { z } from 'zod';

/** What a model answers. `json` is written out as text; both may be missing where there are tool calls. */
export const replySchema = z
  .strictObject({
    text: z.string().optional(),
    json: z.unknown().optional(),
    reasoning: z.string().optional(),
    /** Arguments as an object, or as the very text that the model wrote. */
    toolCalls: z
      .array(z.strictObject({ name: z.string(), arguments: z.union([z.string(), z.record(z.string(), z.unknown())]) }))
      .optional(),
  })
  .refine((reply) => reply.text === undefined || reply.json === undefined, 'a reply has either text or json');

export type Reply = z.infer<typeof replySchema>;

export function replyText(reply: Reply): string {
  return reply.text ?? (reply.json === undefined ? '' : JSON.stringify(reply.json));
}

/** A reply in JSON with white space wherever JSON allows it, as llama.cpp's grammars let models write. */
export function ragged(reply: Reply): Reply {
  const value = reply.json;
  return value === undefined ? reply : { text: JSON.stringify(value, null, '\t').replaceAll('": ', '"\n\n:\n\n') };
}
