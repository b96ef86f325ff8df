import { crewScripts, edit, plan } from './scripts.ts';

/** A project whose checks are one quick process, with a command of its own that needs to be approved. */
export const PROJECT: Record<string, string> = {
  'src/greet.js': "export function greet() {\n  return 'Hello!';\n}\n",
  'src/leave.js': "export function leave() {\n  return 'Goodbye!';\n}\n",
  'src/old.js': 'export const old = true;\n',
  'test/greet.test.js':
    "import assert from 'node:assert/strict';\nimport { greet } from '../src/greet.js';\n\nassert.equal(greet(), 'Hello!');\n",
  'package.json': '{ "type": "module" }\n',
  '.conclave/config.json': '{ "checks": { "command": ["node", "test/greet.test.js"] } }\n',
};

export const QUESTION = 'Shall names be greeted in capitals?';

/** A question, two subtasks at once, a red round that is mended, and a change of five files: modified, created and deleted. */
export const SCRIPTS = crewScripts({
  planner: [
    {
      name: 'question',
      when: { schema: 'plan', none: ['The user answered:'] },
      reply: { json: plan([], { clarifications_needed: [{ question: QUESTION, choices: ['yes', 'no'] }] }) },
    },
  ],
  plan: plan([
    {
      id: 'task_1',
      files: [
        { path: 'src/greet.js', action: 'modify' },
        { path: 'src/capitals.js', action: 'create' },
      ],
    },
    {
      id: 'task_2',
      files: [
        { path: 'src/leave.js', action: 'modify' },
        { path: 'docs/leave.md', action: 'create' },
        { path: 'src/old.js', action: 'delete' },
      ],
    },
  ]),
  edits: {
    task_1: [
      edit(
        'src/greet.js',
        "export function greet() {\n  return 'Hello!';",
        "import { capitals } from './capitals.js';\n\nexport function greet(name) {\n  return 'Hello, ' + capitals(name) + '!';",
      ) + edit('src/capitals.js', '', 'export function capitals(text) {\n  return text.toUpperCase();\n}'),
      edit(
        'src/greet.js',
        "  return 'Hello, ' + capitals(name) + '!';",
        "  return name ? 'Hello, ' + capitals(name) + '!' : 'Hello!';",
      ),
    ],
    task_2: [
      `${edit('src/leave.js', "  return 'Goodbye!';", "  return 'See you!';")}${edit('docs/leave.md', '', '# Leaving\n\nSee you!')}\nDELETE src/old.js\n`,
    ],
  },
});

/** As PROJECT, but the check allows only one of the two to take a name, and there is one round. */
export const CLASHING: Record<string, string> = {
  ...PROJECT,
  'test/greet.test.js':
    "import assert from 'node:assert/strict';\nimport { greet } from '../src/greet.js';\nimport { leave } from '../src/leave.js';\n\nassert.ok(greet.length + leave.length < 2);\n",
  '.conclave/config.json': '{ "checks": { "command": ["node", "test/greet.test.js"] }, "limits": { "rounds": 1 } }\n',
};

/** Two green subtasks that are red together: the whole fails its rounds and is planned anew. */
export const CLASHING_SCRIPTS = crewScripts({
  plan: plan([
    { id: 'task_1', files: [{ path: 'src/greet.js', action: 'modify' }] },
    { id: 'task_2', files: [{ path: 'src/leave.js', action: 'modify' }] },
  ]),
  planner: [
    {
      name: 'anew',
      when: { schema: 'escalation' },
      reply: {
        json: {
          decision: 'replan',
          reason: 'They clash.',
          question: '',
          plan: plan([{ id: 'task_3', files: [{ path: 'src/leave.js', action: 'modify' }] }]).plan,
        },
      },
    },
  ],
  edits: {
    task_1: [edit('src/greet.js', 'export function greet() {', 'export function greet(name) {')],
    task_2: [edit('src/leave.js', 'export function leave() {', 'export function leave(name) {')],
    merged: [edit('src/leave.js', "  return 'Goodbye!';", "  return 'See you!';")],
    task_3: [edit('src/leave.js', 'export function leave(name) {', 'export function leave() {')],
  },
});

/** Many small files, so that there is time to die among them. */
export const MANY = Array.from({ length: 200 }, (_, index) => `many/${String(index).padStart(3, '0')}.txt`);

export const MANY_SCRIPTS = crewScripts({
  plan: plan([{ id: 'task_1' }]),
  edits: { task_1: [MANY.map((path) => edit(path, '', path)).join('\n')] },
});
