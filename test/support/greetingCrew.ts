import type { Role } from '../../src/shared/events.ts';
import type { Probe } from '../../src/shared/probe.ts';
import { type ChatRequest, renderPrompt, schemaName } from '../models/chatRequest.ts';
import type { Reply } from '../models/reply.ts';
import type { Script } from '../models/script.ts';
import { approved, edit, plan } from './scripts.ts';

/** A crew whose models do the same small task, on whatever rung they are asked. */

export const FILES: Record<string, string> = {
  'src/greet.js': "export function greet() {\n  return 'Hello!';\n}\n",
  'src/leave.js': "export function leave() {\n  return 'Goodbye!';\n}\n",
};

/** What every approved run comes to. */
export const GREETED = "export function greet(name) {\n  return 'Hello, ' + name + '!';\n}\n";

export const TASK = 'Greet by name.';

/** Long enough for the Preprocessor to be asked. */
export const LONG_TASK = `Greet by name.\n${'The greeting of today is much too cold for our guests. '.repeat(120)}`;

/** The only call that any model makes. */
export const LOOK = { tool: 'read_file', args: { path: 'src/leave.js' } };

/** What is asked for: a look at a file, or an answer. */
export type Purpose = 'look' | 'done' | 'answer' | 'checklist' | 'escalation';

export function purposeOf(request: ChatRequest): Purpose {
  const prompt = renderPrompt(request);
  const schema = schemaName(request);
  if (schema === 'escalation' || prompt.includes('"decision"')) return 'escalation';
  if (schema === 'checklist' || prompt.includes('Write the final checklist')) return 'checklist';
  if ((schema !== undefined && schema !== 'action') || ASKED_TO_ANSWER.some((text) => prompt.includes(text)))
    return 'answer';
  if (!prompt.includes('src/leave.js (lines')) return 'look';
  // Where neither a call nor "done" is asked for, the answer is as good as "done".
  return schema === 'action' || request.tools?.length ? 'done' : 'answer';
}

const ASKED_TO_ANSWER = [
  'Answer now with the plan',
  'Answer now with the review',
  'Write the change now',
  'Answer with one JSON object: {"preprocessed_text"',
];

const ANSWERS: Record<Role, Reply> = {
  preprocessor: { json: { preprocessed_text: 'Greet by name, because the greeting is too cold.', confidence: 0.9 } },
  planner: { json: plan([{ id: 'task_1', files: [{ path: 'src/greet.js', action: 'modify' }] }]) },
  coder: {
    text: `It greets by name.\n${edit(
      'src/greet.js',
      "export function greet() {\n  return 'Hello!';",
      "export function greet(name) {\n  return 'Hello, ' + name + '!';",
    )}`,
  },
  reviewer: { json: approved },
};

const CHECKLIST: Reply = {
  json: { items: [{ subtask: 'task_1', met: true, evidence: 'src/greet.js takes a name' }], notes: '' },
};

function replyTo(role: Role, request: ChatRequest): Reply {
  const isAction = schemaName(request) === 'action';
  const purpose = purposeOf(request);
  if (purpose === 'done' && isAction) return { json: { action: 'done', args: {} } };
  return usualReply({ role, purpose, coder: request.tools?.length ? 'native' : 'json' });
}

/** What a role answers. @param coder the rung that the role is on */
export function usualReply({ role, purpose, coder }: { role: Role; purpose: Purpose; coder: Coder }): Reply {
  switch (purpose) {
    case 'look':
      return coder === 'native' || coder === 'native_streamed'
        ? { toolCalls: [{ name: LOOK.tool, arguments: LOOK.args }] }
        : { json: { action: LOOK.tool, args: LOOK.args } };
    case 'checklist':
      return CHECKLIST;
    case 'escalation':
      return { json: { decision: 'ask', reason: 'It is not clear.', question: 'What now?', plan: [] } };
    case 'done':
    case 'answer':
      return ANSWERS[role];
    default:
      return purpose satisfies never;
  }
}

export const SCRIPT: Record<Role, Script> = {
  preprocessor: (request) => replyTo('preprocessor', request),
  planner: (request) => replyTo('planner', request),
  coder: (request) => replyTo('coder', request),
  reviewer: (request) => replyTo('reviewer', request),
};

/** On which rung the Coder begins. */
export type Coder = 'native_streamed' | 'native' | 'json' | 'text';

/** What the servers were seen to do, so that they need not be measured anew in every cell. */
export function probeOf(role: Role, url: string, coder: Coder): Probe {
  const works = (does: boolean): 'works' | 'broken' => (does ? 'works' : 'broken');
  const isText = role === 'coder' && coder === 'text';
  return {
    url,
    model: '',
    at: '2026-01-01T00:00:00.000Z',
    window: 32_768,
    windowFrom: 'told',
    tools: {
      streamed: works(role === 'coder' && coder === 'native_streamed'),
      whole: works(role === 'coder' && (coder === 'native_streamed' || coder === 'native')),
      required: 'broken',
      heldToSchema: 'broken',
    },
    schema: isText ? 'ignored' : 'held',
    reasoning: 'none',
    cachedTokens: 'reported',
    cancel: 'stops',
    // Tokens a second.
    prefill: 100_000,
    decode: 10_000,
    vision: 'refused',
    audio: 'refused',
    requests: 0,
    complete: true,
    notes: [],
  };
}
