import type { Role } from '../../../src/shared/events.ts';
import type { FaultInput } from '../../models/faults.ts';
import { replyText } from '../../models/reply.ts';
import { tokensOf } from '../../models/tokens.ts';
import { type Coder, type Purpose, usualReply } from '../../support/greetingCrew.ts';

/** The cells of the fault matrix, and what each must come to. */

/** A request of a run. */
export interface Moment {
  role: Role;
  purpose: Purpose;
  /** The rung that the Coder begins on. */
  coder: Coder;
}

export const MOMENTS: readonly Moment[] = [
  { role: 'preprocessor', purpose: 'answer', coder: 'json' },
  { role: 'planner', purpose: 'look', coder: 'json' },
  { role: 'planner', purpose: 'answer', coder: 'json' },
  { role: 'planner', purpose: 'checklist', coder: 'json' },
  { role: 'coder', purpose: 'look', coder: 'native_streamed' },
  { role: 'coder', purpose: 'look', coder: 'native' },
  { role: 'coder', purpose: 'look', coder: 'json' },
  { role: 'coder', purpose: 'look', coder: 'text' },
  { role: 'coder', purpose: 'answer', coder: 'json' },
  { role: 'coder', purpose: 'done', coder: 'native_streamed' },
  { role: 'reviewer', purpose: 'look', coder: 'json' },
  { role: 'reviewer', purpose: 'answer', coder: 'json' },
];

type Position = 'start' | 'middle' | 'end';

/** Where the answer goes wrong, by how many tokens it has. */
const POSITIONS: Record<Position, (tokens: number) => number> = {
  start: () => 0,
  middle: (tokens) => Math.floor(tokens / 2),
  end: (tokens) => tokens - 1,
};

/** A fault at one place of an answer that has so many tokens. */
type Placed = (afterTokens: number) => FaultInput;

const PLACED: Record<string, Placed> = {
  dropMidStream: (afterTokens) => ({ kind: 'dropMidStream', afterTokens }),
  hangMidStream: (afterTokens) => ({ kind: 'hangMidStream', afterTokens }),
  malformedChunk: (afterTokens) => ({ kind: 'malformedChunk', afterTokens }),
  deadEngine: (afterTokens) => ({ kind: 'deadEngine', afterTokens }),
  endWithoutFinish: (afterTokens) => ({ kind: 'endWithoutFinish', afterTokens }),
  truncated: (afterTokens) => ({ kind: 'truncated', afterTokens }),
  whitespaceLoop: (afterTokens) => ({ kind: 'whitespaceLoop', afterTokens }),
  repetitionLoop: (afterTokens) => ({ kind: 'repetitionLoop', afterTokens }),
  stopsShort: (afterTokens) => ({ kind: 'stopsShort', afterTokens }),
};

/** Faults of a whole answer. */
const WHOLE: Record<string, FaultInput> = {
  dropBeforeHeaders: 'dropBeforeHeaders',
  hangBeforeFirstByte: 'hangBeforeFirstByte',
  busy: 'busy',
  'busy, retry after': { kind: 'busy', retryAfter: 0.02 },
  serverError: 'serverError',
  contextExceeded: 'contextExceeded',
  'contextExceeded, smaller window': { kind: 'contextExceeded', window: 8_192 },
  'whitespaceLoop, tabs': { kind: 'whitespaceLoop', pad: '\t' },
  empty: 'empty',
  prose: { kind: 'schemaIgnored', says: 'Sure! I would be glad to help you with that. What shall I do?' },
  'other JSON': { kind: 'schemaIgnored', says: '{"result": "ok"}' },
  rawControls: 'rawControls',
  reasoningOnly: 'reasoningOnly',
  endlessThinking: 'endlessThinking',
  noCall: 'noCall',
};

/** Faults of an answer in JSON that is held to a schema. */
const OF_SCHEMAS: Record<string, FaultInput> = { schemaRefused: 'schemaRefused', endlessNesting: 'endlessNesting' };

/** Faults of native tool calls. */
const OF_CALLS: Record<string, FaultInput> = {
  'toolCallAsText, hermes': { kind: 'toolCallAsText', form: 'hermes' },
  'toolCallAsText, mistral': { kind: 'toolCallAsText', form: 'mistral' },
  'toolCallAsText, qwenCoder': { kind: 'toolCallAsText', form: 'qwenCoder' },
  'toolCallAsText, llama': { kind: 'toolCallAsText', form: 'llama' },
  callInReasoning: 'callInReasoning',
  toolsRefused: 'toolsRefused',
  truncatedCall: 'truncatedCall',
  manyCalls: 'manyCalls',
  'wrongArguments, a string': { kind: 'wrongArguments', arguments: '"src/leave.js"' },
  'wrongArguments, a list': { kind: 'wrongArguments', arguments: '["src/leave.js"]' },
  'wrongArguments, prose': { kind: 'wrongArguments', arguments: 'the file src/leave.js, please' },
  'wrongArguments, cut': { kind: 'wrongArguments', arguments: '{"path": "src/le' },
};

/** And of those that come in a stream. */
const OF_STREAMED_CALLS: Record<string, FaultInput> = { brokenCallStream: 'brokenCallStream' };

export interface Cell {
  name: string;
  moment: Moment;
  fault: FaultInput;
  /** Whether it passes after one request, or stays until the run stops. */
  lasts: 'once' | 'always';
  /** Whether it is there at a request that has that form. */
  needs?: 'tools' | 'schema';
}

export function allCells(): Cell[] {
  return MOMENTS.flatMap((moment) => {
    const { role, purpose, coder } = moment;
    const reply = usualReply(moment);
    const [call] = reply.toolCalls ?? [];
    const tokens = call ? 1 + tokensOf(JSON.stringify(call.arguments)).length : tokensOf(replyText(reply)).length;
    const isFree = role === 'coder' && (purpose !== 'look' || coder !== 'json');
    const cell = (name: string, fault: FaultInput, lasts: Cell['lasts'], needs?: Cell['needs']): Cell => ({
      name: `${nameOf(moment)} · ${name} · ${lasts}`,
      moment,
      fault,
      lasts,
      ...(needs === undefined ? {} : { needs }),
    });
    const both = (faults: Record<string, FaultInput>, needs?: Cell['needs']): Cell[] =>
      Object.entries(faults).flatMap(([name, fault]) => [
        cell(name, fault, 'once', needs),
        cell(name, fault, 'always', needs),
      ]);
    return [
      ...Object.entries(PLACED).flatMap(([name, placed]) => [
        ...Object.entries(POSITIONS).map(([position, after]) =>
          cell(`${name}, ${position}`, placed(after(tokens)), 'once'),
        ),
        // One that stays does so wherever it shows.
        cell(`${name}, middle`, placed(POSITIONS.middle(tokens)), 'always'),
      ]),
      ...both(WHOLE),
      ...(isFree ? [] : both(OF_SCHEMAS, 'schema')),
      ...(call ? both(OF_CALLS, 'tools') : []),
      ...(call && coder === 'native_streamed' ? both(OF_STREAMED_CALLS, 'tools') : []),
    ];
  });
}

function nameOf({ role, purpose, coder }: Moment): string {
  return `${role}${role === 'coder' ? ` (${coder})` : ''} ${purpose}`;
}
