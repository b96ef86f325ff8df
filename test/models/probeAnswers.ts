/** What a server answers to the requests of a probe: by its traits, never by the script. */
import { PROBE_MARKER, type QuestionName } from '../../src/core/models/probeQuestions.ts';
import { type ChatRequest, messageText, renderToolCall } from './chatRequest.ts';
import type { Fault } from './faults.ts';
import { badRequest, errorBody, type Refusal } from './refusals.ts';
import type { Reply } from './reply.ts';
import type { ServerTraits } from './traits.ts';

export type ProbeAnswer =
  | { kind: 'reply'; reply: Reply; fault?: Fault }
  | { kind: 'refusal'; refusal: Refusal }
  | { kind: 'hang' };

/** The name of a request of the probe, or undefined for any other. */
export function probeName(request: ChatRequest): QuestionName | undefined {
  const last = request.messages.at(-1);
  const text = last ? messageText(last) : '';
  if (!text.startsWith(`${PROBE_MARKER} "`)) return undefined;
  const name = text.slice(PROBE_MARKER.length + 2).split('"')[0] as QuestionName;
  return name === 'long prefix' && text.includes('Count from') ? 'long prefix again' : name;
}

export function probeAnswer(name: QuestionName, traits: ServerTraits): ProbeAnswer {
  if (traits.hangsOn === name) return { kind: 'hang' };
  switch (name) {
    case 'tools streamed':
      return called(traits.tools.streamed, 'auto', RIGHT);
    case 'tools whole':
      return called(traits.tools.whole, 'auto', RIGHT);
    case 'tools required':
      return called(traits.tools.required, 'required', traits.tools.heldToSchema ? RIGHT : WRONG);
    case 'schema':
      return schemaAnswer(traits.schema);
    case 'long prefix':
    case 'window':
      return said('yes');
    case 'long prefix again': {
      const text = Array.from({ length: 40 }, (_, at) => at + 1).join(' ');
      if (traits.reasoning === 'separate') return { kind: 'reply', reply: { reasoning: 'They want numbers.', text } };
      return said(traits.reasoning === 'inline' ? `<think>\nThey want numbers.\n</think>\n${text}` : text);
    }
    case 'cancel':
      return { kind: 'reply', reply: { text: '1\n2\n3\n4\n5\n6' }, fault: { kind: 'hangMidStream', afterTokens: 2 } };
    case 'vision':
      if (traits.vision === 'refused') return { kind: 'refusal', refusal: noMedia('image', traits) };
      return said(traits.vision === 'works' ? 'Purple.' : 'I cannot see any picture.');
    case 'audio':
      return traits.audio === 'refused' ? { kind: 'refusal', refusal: noMedia('audio', traits) } : said('Nothing.');
    default:
      return name satisfies never;
  }
}

/** A call as it was asked for, and one that the prompt talks a model into that nothing holds. */
const RIGHT = { colour: 'violet', size: 7 };
const WRONG = { colour: 'blue', size: 'large' };

function called(
  does: ServerTraits['tools']['whole'],
  choice: 'auto' | 'required',
  args: Record<string, unknown>,
): ProbeAnswer {
  switch (does) {
    case 'works':
      return { kind: 'reply', reply: { toolCalls: [{ name: 'paint', arguments: args }] } };
    case 'broken':
      return said(choice === 'auto' ? renderToolCall('paint', JSON.stringify(args)) : 'Hello.');
    case 'refused':
      return {
        kind: 'refusal',
        refusal: badRequest('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
      };
    default:
      return does satisfies never;
  }
}

function schemaAnswer(schema: ServerTraits['schema']): ProbeAnswer {
  switch (schema) {
    case 'held':
      return said('{"colour":"violet","size":7,"sure":true}');
    case 'ragged':
      return said('{"colour"\n\n:\n\n"violet",\n\n "size":\t7 , "sure"\n:\ntrue\n}');
    case 'ignored':
      return said('yes');
    case 'refused':
      return { kind: 'refusal', refusal: badRequest('response_format is not supported by this model.') };
    case 'runsAway':
      return { kind: 'reply', reply: {}, fault: { kind: 'whitespaceLoop' } };
    default:
      return schema satisfies never;
  }
}

function noMedia(kind: string, { pages }: ServerTraits): Refusal {
  return pages === 'llama.cpp'
    ? errorBody(500, 'server_error', `${kind} input is not supported - hint: if this is unexpected, provide the mmproj`)
    : badRequest('The model is not a multimodal model.');
}

function said(text: string): ProbeAnswer {
  return { kind: 'reply', reply: { text } };
}
