import type { Ending } from '../../../src/shared/events.ts';
import type { Cell } from './cells.ts';

/**
 * How the run of a cell must end. A fault that passes costs no run anything: all of those end approved. These are the
 * faults that stay, and the requests where they cannot be got over; everywhere else such a run is approved, too.
 */
export interface Expected {
  code: Ending['code'];
  /** What the reason must say. */
  why: RegExp;
}

interface Rule extends Expected {
  /** What the names of the faults begin with. */
  faults: readonly string[];
  /** What the names of the requests begin with. */
  at: readonly string[];
}

/** The Preprocessor is not needed, so no fault of it stops a run. */
const NEEDED = ['planner', 'coder', 'reviewer'];
/** Looking things up, and the checklist, can be done without. */
const NATIVE_ANSWER = 'coder (native_streamed) done';
const NEVER_ENDS = ['truncated, middle', 'whitespaceLoop', 'repetitionLoop', 'endlessNesting', 'endlessThinking'];

const RULES: readonly Rule[] = [
  // The server is gone or broken: the run waits for it, then pauses.
  {
    faults: ['dropBeforeHeaders'],
    at: NEEDED,
    code: 'server_unavailable',
    why: /does not answer \(UND_ERR_SOCKET\).* waited for/,
  },
  {
    faults: ['busy'],
    at: NEEDED,
    code: 'server_unavailable',
    why: /is busy \(HTTP 503: Service Unavailable\).* waited for/,
  },
  { faults: ['dropMidStream'], at: NEEDED, code: 'server_unavailable', why: /broke off its answer/ },
  {
    faults: ['hangBeforeFirstByte', 'hangMidStream'],
    at: NEEDED,
    code: 'server_unavailable',
    why: /sent nothing for [\d.]+ s/,
  },
  {
    faults: ['malformedChunk'],
    at: NEEDED,
    code: 'server_unavailable',
    why: /sent a piece that is no JSON|answer that is no/,
  },
  {
    faults: ['deadEngine', 'serverError'],
    at: NEEDED,
    code: 'server_unavailable',
    why: /EngineCore encountered an issue/,
  },
  {
    faults: ['endWithoutFinish'],
    at: NEEDED,
    code: 'server_unavailable',
    why: /ended its answer without a finish_reason/,
  },
  {
    faults: ['contextExceeded'],
    at: NEEDED,
    code: 'limit_reached',
    why: /shortest prompt does not fit the window .*\(\d+ tokens\)/,
  },
  // The model answers, and never as it should: what it says instead is told, and what it cost.
  { faults: NEVER_ENDS, at: ['planner answer'], code: 'plan_unusable', why: /no usable plan.*cut off at \d+ tokens/ },
  {
    faults: ['stopsShort', 'prose'],
    at: ['planner answer'],
    code: 'plan_unusable',
    why: /no usable plan.*not one JSON object/,
  },
  { faults: ['other JSON'], at: ['planner answer'], code: 'plan_unusable', why: /no usable plan.*plan: Invalid input/ },
  { faults: ['empty'], at: ['planner answer'], code: 'plan_unusable', why: /no usable plan.*was empty/ },
  {
    faults: NEVER_ENDS,
    at: ['coder (json) answer'],
    code: 'not_approved',
    why: /Coder gave no usable answer.*cut off at the length limit/,
  },
  {
    faults: ['stopsShort'],
    at: ['coder (json) answer', NATIVE_ANSWER],
    code: 'not_approved',
    why: /Coder gave no usable answer.*never closed/s,
  },
  {
    faults: ['prose', 'other JSON'],
    at: ['coder (json) answer'],
    code: 'not_approved',
    why: /Coder gave no usable answer.*no edit block/,
  },
  {
    faults: ['empty', 'reasoningOnly'],
    at: ['coder (json) answer'],
    code: 'not_approved',
    why: /Coder gave no usable answer.*was empty/,
  },
  {
    faults: ['truncated, middle', 'whitespaceLoop, middle', 'repetitionLoop'],
    at: [NATIVE_ANSWER],
    code: 'not_approved',
    why: /Coder gave no usable answer.*cut off at the length limit/,
  },
  {
    faults: ['truncatedCall'],
    at: ['coder (native'],
    code: 'not_approved',
    why: /Coder gave no usable answer.*so the tool call in it was not made/,
  },
  {
    faults: NEVER_ENDS,
    at: ['reviewer answer'],
    code: 'not_approved',
    why: /Reviewer gave no usable review.*cut off at \d+ tokens/,
  },
  {
    faults: ['stopsShort', 'prose'],
    at: ['reviewer answer'],
    code: 'not_approved',
    why: /Reviewer gave no usable review.*not one JSON object/,
  },
  {
    faults: ['other JSON'],
    at: ['reviewer answer'],
    code: 'not_approved',
    why: /Reviewer gave no usable review.*status: Invalid option/,
  },
  {
    faults: ['empty'],
    at: ['reviewer answer'],
    code: 'not_approved',
    why: /Reviewer gave no usable review.*was empty/,
  },
];

export function expectedOf({ name, lasts }: Cell): Expected {
  if (lasts === 'once') return APPROVED;
  const [request = '', fault = ''] = name.split(' · ');
  const rule = RULES.find(
    ({ faults, at }) => faults.some((one) => fault.startsWith(one)) && at.some((one) => request.startsWith(one)),
  );
  return rule ?? APPROVED;
}

const APPROVED: Expected = { code: 'approved', why: /^Approved: a change of 1 file/ };
