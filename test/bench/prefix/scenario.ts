import type { ScriptEntryInput } from '../../models/script.ts';
import { approved, crewScripts, edit, failed, plan } from '../../support/scripts.ts';

/**
 * Three subtasks, each red twice and then approved, on files of a size that is met in real projects; every role looks up
 * what it needs with its tools.
 */

interface Module {
  name: string;
  functions: number;
  /** What it is about, for texts that differ. */
  about: string;
}

const MODULES: readonly Module[] = [
  { name: 'orders', functions: 9, about: 'an order of the shop' },
  { name: 'stock', functions: 15, about: 'an item of the stock' },
  { name: 'invoices', functions: 22, about: 'an invoice to a customer' },
];

/** About a hundred to three hundred lines. */
function source({ name, functions, about }: Module): string {
  const parts = Array.from({ length: functions }, (_, index) => {
    const fn = `${name}${index + 1}`;
    return `/**
 * Works out part ${index + 1} of ${about}. Amounts are whole cents.
 * @param {number[]} amounts what it is made of, in the order of entry
 * @param {{ discount?: number }} options a discount of ${index + 2} percent and more is capped
 */
export function ${fn}(amounts, options = {}) {
  const total = amounts.reduce((sum, each) => sum + each, ${index});
  const discount = Math.min(options.discount ?? 0, ${index + 2});
  return Math.round(total - (total * discount) / 100);
}
`;
  });
  return `// ${about[0]?.toUpperCase()}${about.slice(1)}: pure functions, used by src/app.js.\n\n${parts.join('\n')}\n${amount(name, 'n * 2')}`;
}

function amount(name: string, value: string): string {
  return `/** How much of ${name} there is for n entries. */\nexport function amount(n) {\n  return ${value};\n}\n`;
}

function testOf(name: string): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amount, ${name}1, ${name}2 } from '../src/${name}.js';

test('${name}: parts are added up', () => {
  assert.equal(${name}1([1, 2, 3]), 6);
  assert.equal(${name}2([1, 2, 3]), 7);
});

test('${name}: the amount is as it was, or one more', () => {
  // Before the change 2, after it 3.
  assert.ok([2, 3].includes(amount(1)), \`amount(1) of ${name} is \${amount(1)}\`);
});
`;
}

const app = `${MODULES.map(({ name }) => `import * as ${name} from './${name}.js';`).join('\n')}

/** The totals that the front page shows. */
export function totals(n) {
  return { ${MODULES.map(({ name }) => `${name}: ${name}.amount(n)`).join(', ')} };
}
`;

/** Rules and a task as people write them. */
const rules = `# Working on the shop

- Plain ES modules, no dependencies, no build. Node 20 and newer.
- Amounts are whole cents, everywhere. A function that takes or gives euros has "euros" in its name.
- Functions are pure: they take what they need and give back a new value. Only src/app.js knows about the page.
- Every exported function has a comment that says what it works out, and of what.
- Tests are beside each other in test/, one file a module, with node:test and node:assert/strict. A test says in its name
  what holds, not which function it calls.
- Do not rename what is exported: the till imports it by name, from another repository.
- A change of a result needs a test that fails without it, and a line in CHANGELOG.md once we have one.
- Discounts are capped in the functions themselves. Never take a cap out to make a test green.
- No default exports, no classes, no abbreviations in names. Two spaces, single quotes, semicolons.
- Comments give reasons. What the code says already is not said again.

## Where things are

- src/app.js: what the page asks for. It imports the modules and adds nothing of its own.
- src/orders.js, src/stock.js, src/invoices.js: one module for each section of the page. The numbered functions are the
  parts of a sheet; their order is that of the sheet, which the books refer to by number.
- test/: one file a module. There is nothing else to run: no build, no linter, no server.

## Before you hand something in

1. \`npm test\` is green, all of it, also the tests of modules that you did not touch.
2. The diff holds what the task asks for and nothing else: no reformatting, no renamed parameters, no moved functions.
3. What is said in a comment is still true after the change; the comment of a function whose result changes says so.
4. A result that is shown at the till was worked out by hand once, and the number stands in the test.

## What went wrong before

- In spring a cap was taken out of stock7 to make a test green, and the till gave away 40 percent for a weekend.
- Totals were rounded twice, once in the module and once on the page. The page no longer rounds; keep it so.
- A helper was shared between orders and invoices. The two change for different reasons, so each has its own again.
`;

export const TASK = `The amounts of orders, stock and invoices on the front page are one too small.

The page shows for every section how many entries there are. Since the till keeps the entry that is being typed open until
it is confirmed, that entry is missing: with nothing confirmed the page says 0 orders while one is on the screen. The
people at the counter then type it a second time, which happened eleven times last week.

What should happen: amount(n) counts the open entry too, in each of the three modules. For n confirmed entries that is
2n + 1, because every confirmed entry is booked twice (once for the till, once for the books) and the open one once.

What should stay as it is:
- the other functions of the modules, their comments and the order in which they stand;
- src/app.js: the page takes whatever amount(n) says;
- the tests that are there. They allow the old amount and the new one, so that the modules can be changed one after the
  other.

How to see it: totals(1) in src/app.js gives 2 for each section today, and has to give 3.`;

export const FILES: Record<string, string> = {
  'package.json': `${JSON.stringify({ name: 'shop', version: '1.0.0', type: 'module', scripts: { test: 'node --test' } }, null, 2)}\n`,
  'README.md': `# Shop\n\n${'Orders, stock and invoices of a small shop. Amounts are whole cents, everywhere. '.repeat(12)}\n`,
  'AGENTS.md': rules,
  'src/app.js': app,
  ...Object.fromEntries(
    MODULES.flatMap((module) => [
      [`src/${module.name}.js`, source(module)],
      [`test/${module.name}.test.js`, testOf(module.name)],
    ]),
  ),
};

const DRAFTS = ['n * 5', 'n * 4', 'n * 2 + 1'] as const;

function change(name: string, round: number): string {
  const line = (value: string): string => `export function amount(n) {\n  return ${value};`;
  return `The open entry is counted.\n${edit(`src/${name}.js`, line(DRAFTS[round - 1] ?? 'n * 2'), line(DRAFTS[round] ?? ''))}`;
}

/** Calls of tools in this order, each made as long as its result is not there. */
function looks(
  role: string,
  where: string[],
  calls: [tool: string, args: Record<string, unknown>, result: string][],
): ScriptEntryInput[] {
  return calls.map(([tool, args, result], index) => ({
    name: `${role} ${where.join(' ')} look ${index + 1}`,
    when: { schema: 'action', all: where, none: [result] },
    reply: { json: { action: tool, args } },
  }));
}

export const SCRIPT = crewScripts({
  plan: plan(
    MODULES.map(({ name, about }, index) => ({
      id: `task_${index + 1}`,
      description: `Count the open entry in amount() of src/${name}.js, which is about ${about}.`,
      success_criteria: `amount(n) of src/${name}.js is 2n + 1, and the tests of ${name} are green.`,
      files: [{ path: `src/${name}.js`, action: 'modify' as const }],
    })),
  ),
  edits: Object.fromEntries(
    MODULES.map(({ name }, index) => [
      `task_${index + 1}`,
      [
        `The open entry is counted.\n${edit(`src/${name}.js`, 'export function amount(n) {\n  return n * 2;', 'export function amount(n) {\n  return n * 5;')}`,
        change(name, 1),
        change(name, 2),
      ],
    ]),
  ),
  reviews: Object.fromEntries(
    MODULES.map(({ name }, index) => [
      `task_${index + 1}`,
      [
        ...[0, 1].map((round) =>
          failed(
            [
              {
                severity: 'high',
                type: 'bug',
                location: `src/${name}.js:1`,
                quote: `  return ${DRAFTS[round]};`,
                message: `amount(1) is not 3: the open entry is counted more than once, so the front page would show too much of ${name}.`,
                evidence: `amount(n) of src/${name}.js is 2n + 1`,
              },
            ],
            'Count the open entry once.',
          ),
        ),
        approved,
      ],
    ]),
  ),
  planner: looks(
    'planner',
    [],
    [
      ['analyze_codebase', {}, 'Result of analyze_codebase'],
      ['read_file', { path: 'src/app.js' }, 'src/app.js (lines'],
      ['read_file', { path: 'src/orders.js' }, 'src/orders.js (lines'],
      ['find_references', { symbol: 'amount' }, 'Result of find_references'],
      ['read_file', { path: 'test/orders.test.js' }, 'test/orders.test.js (lines'],
      ['search_docs', { query: 'amount' }, 'Result of search_docs'],
    ],
  ),
  coder: MODULES.flatMap(({ name }, index) =>
    looks(
      'coder',
      [`# Your subtask: task_${index + 1}\n`],
      [
        ['read_file', { path: `test/${name}.test.js` }, `test/${name}.test.js (lines`],
        ['find_references', { symbol: 'amount' }, 'Result of find_references'],
      ],
    ),
  ),
  reviewer: [
    ...MODULES.flatMap(({ name }, index) =>
      looks(
        'reviewer',
        [`# Your subtask: task_${index + 1}\n`],
        [
          ['read_file', { path: `src/${name}.js` }, `src/${name}.js (lines`],
          ['find_references', { symbol: 'amount' }, 'Result of find_references'],
        ],
      ),
    ),
    ...looks('reviewer', ['# Your subtask: merged\n'], [['read_file', { path: 'src/app.js' }, 'src/app.js (lines']]),
  ],
});
