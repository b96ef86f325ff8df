import { crewScripts, edit, failed, plan } from '../support/scripts.ts';

/** A shop's prices: the project that the scenario works in, and what the scripted crew says about it. */

export const PRICES = 'src/prices.js';
export const CENTS = 'src/cents.js';
export const OLD = 'src/oldPrices.js';

/** Two changes lie more than six lines apart where they are to be hunks of their own. */
export const PROJECT: Record<string, string> = {
  'package.json': `${JSON.stringify({ name: 'shop', version: '1.0.0', type: 'module', scripts: { test: 'node --test' } }, null, 2)}\n`,
  [PRICES]: `/** What one line of an order costs, in euros. */
export function linePrice({ price, quantity }) {
  return price * quantity;
}

/** What is taken off a line of ten pieces or more. */
export function discount(line) {
  if (line.quantity < 10) return 0;
  return linePrice(line) / 10;
}

/** The sum of an order, without postage. */
export function subtotal(lines) {
  let sum = 0;
  for (const line of lines) sum += linePrice(line) - discount(line);
  return sum;
}

/** Orders of this sum or more are sent for free. */
export const FREE_POSTAGE = 50;

export function postage(lines) {
  return subtotal(lines) > FREE_POSTAGE ? 0 : 4.9;
}

/** What the customer pays. */
export function total(lines) {
  return subtotal(lines) + postage(lines);
}
`,
  [OLD]: `/** Before 2020. */
export function priceWithTax(price) {
  return price * 1.19;
}
`,
  'test/prices.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from '../src/prices.js';

test('an order costs its lines and the postage', () => {
  assert.equal(total([{ price: 19.99, quantity: 2 }]).toFixed(2), '44.88');
});

test('ten pieces cost a tenth less', () => {
  assert.equal(total([{ price: 8, quantity: 10 }]).toFixed(2), '72.00');
});
`,
};

export const QUESTION = 'How shall half a cent be rounded?';
export const CHOICE = 'Up';
export const TASK = 'Round all prices to whole cents';
/** A task whose Coder writes for a while. */
export const LONG_TASK = 'Describe what the shop sells';
export const CATALOGUE = 'docs/catalogue.md';
export const LAST_ARTICLE = 'Article 60';
/** What stands in src/prices.js already and is not right: the Reviewer's remark, with the edit that mends it. */
export const REMARK = 'The comment says "or more", so an order of exactly 50 euros has to be free of postage too.';
export const REMARKED = 'subtotal(lines) > FREE_POSTAGE';
export const MENDED = 'subtotal(lines) >= FREE_POSTAGE';

const cents = (round: string): string =>
  `/** Rounds euros to whole cents, half a cent up. */\nexport function toCents(euros) {\n  return Math.${round}(euros * 100) / 100;\n}`;
const firstHunk = edit(
  PRICES,
  '/** What one line of an order costs, in euros. */\nexport function linePrice({ price, quantity }) {\n  return price * quantity;',
  "import { toCents } from './cents.js';\n\n/** What one line of an order costs, in euros. */\nexport function linePrice({ price, quantity }) {\n  return toCents(price * quantity);",
);
const secondHunk = edit(PRICES, '  return sum;', '  return toCents(sum);');
const thirdHunk = edit(
  PRICES,
  '  return subtotal(lines) + postage(lines);',
  '  return toCents(subtotal(lines) + postage(lines));',
);

/** src/prices.js with the remark mended and the first and the third of the proposal's three hunks. */
export const PRICES_AFTER = (PROJECT[PRICES] ?? '')
  .replace(/^/, "import { toCents } from './cents.js';\n\n")
  .replace('return price * quantity;', 'return toCents(price * quantity);')
  .replace(REMARKED, MENDED)
  .replace('return subtotal(lines) + postage(lines);', 'return toCents(subtotal(lines) + postage(lines));');
export const CENTS_AFTER = `${cents('round')}\n`;

const catalogue = Array.from(
  { length: 60 },
  (_, i) => `- Article ${i + 1}: sold by the piece, sent within ${(i % 5) + 1} days.`,
).join('\n');
const CATALOGUE_EDIT = `The catalogue, article by article.\n${edit(CATALOGUE, '', catalogue)}`;

/** The Coder of the long task falls silent in the midst of its answer, twice. */
export const SCRIPT = crewScripts({
  plan: plan(
    [
      {
        id: 'task_1',
        description: 'Round line prices, sums and totals to whole cents, half a cent up, in one place: src/cents.js.',
        success_criteria: 'Every amount that src/prices.js gives is one of whole cents, and all tests pass.',
        files: [
          { path: PRICES, action: 'modify' },
          { path: CENTS, action: 'create' },
        ],
      },
      {
        id: 'task_2',
        description: 'Delete src/oldPrices.js, which nothing uses and which does not round.',
        success_criteria: 'No module computes prices without rounding them.',
        files: [{ path: OLD, action: 'delete' }],
      },
    ],
    { task_understood: 'All amounts become whole cents; half a cent is rounded up.' },
  ),
  planner: [
    {
      name: 'the long plan',
      when: { schema: 'plan', all: LONG_TASK },
      reply: {
        json: plan([
          { id: 'docs_1', files: [{ path: CATALOGUE, action: 'create' }], description: 'Write the catalogue.' },
        ]),
      },
    },
    {
      name: 'the question',
      when: { schema: 'plan', none: 'The user answered' },
      reply: {
        json: plan([], { clarifications_needed: [{ question: QUESTION, choices: [CHOICE, 'To the even cent'] }] }),
      },
    },
  ],
  coder: [
    {
      name: 'falls silent',
      when: { schema: false, all: '# Your subtask: docs_1\n' },
      reply: { text: CATALOGUE_EDIT },
      fault: { kind: 'hangMidStream', afterTokens: 300 },
      times: 2,
    },
  ],
  edits: {
    task_1: [
      `All amounts go through one function.\n${edit(CENTS, '', cents('floor'))}${firstHunk}${secondHunk}${thirdHunk}`,
      `39.98 times 100 is a little less than 3998 for a computer: rounding down loses a cent.\n${edit(
        CENTS,
        '  return Math.floor(euros * 100) / 100;',
        '  return Math.round(euros * 100) / 100;',
      )}`,
    ],
    task_2: [`Nothing imports it.\nDELETE ${OLD}\n`],
    docs_1: [CATALOGUE_EDIT],
  },
  checklist: [
    {
      subtask: 'task_1',
      met: true,
      evidence: 'Both tests pass; src/prices.js rounds in linePrice, subtotal and total, all with toCents.',
    },
    { subtask: 'task_2', met: true, evidence: 'src/oldPrices.js is deleted, and nothing imports it.' },
  ],
  reviews: {
    task_1: [
      failed(
        [
          {
            severity: 'high',
            type: 'bug',
            location: `${CENTS}:3`,
            quote: '  return Math.floor(euros * 100) / 100;',
            message: 'This rounds down, and loses a cent where a product is a little too small: 39.98 becomes 39.97.',
            evidence: 'an order costs its lines and the postage',
          },
        ],
        'Round to the nearest cent.',
      ),
      {
        status: 'approved',
        issues: [
          {
            severity: 'medium',
            type: 'logic',
            location: `${PRICES}:24`,
            quote: `  return ${REMARKED} ? 0 : 4.9;`,
            message: REMARK,
            suggested_fix: { search: `  return ${REMARKED} ? 0 : 4.9;`, replace: `  return ${MENDED} ? 0 : 4.9;` },
          },
        ],
        feedback: 'The failing test passes; amounts are rounded in one place.',
      },
    ],
  },
});
