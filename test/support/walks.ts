import fc from 'fast-check';
import type { Message } from '../../src/core/ports.ts';

/** How a request ended, and what was said next: all that can happen to a transcript, in any order. */
type Step =
  /** `thinks`: how its reasoning stands in the text. */
  | { kind: 'answered'; thinks: number }
  | { kind: 'empty' }
  /** Stopped, denied or lost: the answer never came, and the user speaks again. */
  | { kind: 'stopped' }
  | {
      kind: 'called';
      calls: { args: number; id: number; denied: boolean }[];
      order: number;
      text: boolean;
      after: number;
    }
  /** The run began again with a new transcript. */
  | { kind: 'restarted' };

const ARGUMENTS = [
  '{"path": "src/a.ts"}',
  '{}',
  '',
  '{"path": "src/',
  '["src/a.ts"]',
  'null',
  '{"path": "b", "lines": [1, 2]}',
];
const IDS = ['call_0', 'abcdefgh1', '', 'chatcmpl-tool-6f7f1f0f3a', 'functions.read_file:0'];
const THOUGHTS = [
  '',
  '<think>\nHm.\n</think>\n\n',
  'Hm.\n</think>\n\n',
  '[THINK]Hm.[/THINK]',
  '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>',
];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('answered' as const), thinks: fc.nat(THOUGHTS.length - 1) }) },
  fc.constant({ kind: 'empty' as const }),
  { weight: 2, arbitrary: fc.constant({ kind: 'stopped' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('called' as const),
      calls: fc.array(
        fc.record({ args: fc.nat(ARGUMENTS.length - 1), id: fc.nat(IDS.length - 1), denied: fc.boolean() }),
        { minLength: 1, maxLength: 3 },
      ),
      order: fc.nat(2),
      text: fc.boolean(),
      after: fc.nat(4),
    }),
  },
  fc.constant({ kind: 'restarted' as const }),
);

export interface WalkedRequest {
  messages: Message[];
  /** Whether it begins a transcript. */
  begins: boolean;
}

/** A run's requests: the messages of each, as the agents hand them to a model. */
export const walk: fc.Arbitrary<WalkedRequest[]> = fc.array(step, { minLength: 1, maxLength: 8 }).map(requestsOf);

/** Every text that the user or a tool says is another, so that it can be found in a prompt. */
function requestsOf(steps: readonly Step[]): WalkedRequest[] {
  let said = 0;
  const mark = (what: string): string => {
    said += 1;
    return `${what}-${said}.`;
  };
  const opening = (): Message[] => [
    { role: 'system', content: mark('INSTRUCTIONS') },
    { role: 'user', content: mark('OPENING') },
  ];
  let messages = opening();
  const requests = [{ messages, begins: true }];
  const send = (...more: Message[]): void => {
    messages = [...messages, ...more];
    requests.push({ messages, begins: false });
  };
  const user = (): Message => ({ role: 'user', content: mark('USER') });
  for (const each of steps) {
    if (each.kind === 'restarted') {
      messages = opening();
      requests.push({ messages, begins: true });
    } else if (each.kind === 'stopped') send(user());
    else if (each.kind === 'empty') send({ role: 'assistant', content: '' }, user());
    else if (each.kind === 'answered')
      send({ role: 'assistant', content: `${THOUGHTS[each.thinks]}${mark('ANSWER')}` }, user());
    else called(each);
  }
  return requests;

  function called({ calls, order, text, after }: Extract<Step, { kind: 'called' }>): void {
    const toolCalls = calls.map(({ id, args }, index) => ({
      // Some servers give every call the same id, or count from nought in every turn; some leave it out.
      id: IDS[id] === '' ? '' : `${IDS[id]}${order === 2 ? '' : index}`,
      name: index === 2 ? 'functions.read file' : 'read_file',
      arguments: ARGUMENTS[args] ?? '{}',
    }));
    const results: Message[] = toolCalls
      .filter((_, index) => !calls[index]?.denied)
      .map(({ id }) => ({ role: 'tool', callId: id, content: mark('RESULT') }));
    if (order === 1) results.reverse();
    const assistant: Message = { role: 'assistant', content: text ? mark('CALLING') : '', toolCalls };
    // A denied call ends with what the user says instead, or with a word of his after all results.
    if (results.length < calls.length || after === 0) send(assistant, ...results, user());
    else send(assistant, ...results);
    // Of late: a result that nobody waits for any more.
    if (after === 1)
      send(
        { role: 'assistant', content: mark('ANSWER') },
        { role: 'tool', callId: toolCalls[0]?.id ?? '', content: mark('RESULT') },
      );
  }
}
