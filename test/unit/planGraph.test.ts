import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  mendedPlan,
  overlap,
  planComplaint,
  replaceSubtask,
  settleFiles,
  transitiveDependencies,
  withFreshIds,
} from '../../src/core/orchestrator/planGraph.ts';
import type { FileContent, Workspace } from '../../src/core/ports.ts';
import type { DeclaredFile, PlannedSubtask } from '../../src/shared/wire.ts';
import { planOf, subtask } from './runEvents.ts';

/** A workspace with src/old.js, and a path that nothing may change. */
const workspace: Workspace = {
  root: '/project',
  read: async (path): Promise<FileContent> => {
    if (path === 'src/old.js') return { kind: 'text', text: 'old', hash: 'h' };
    return path === 'locked' ? { kind: 'forbidden', reason: 'outside' } : { kind: 'missing' };
  },
  list: async () => [],
  search: async () => [],
};

const file = (path: string, action: DeclaredFile['action'] = 'modify'): DeclaredFile => ({ path, action });
const touching = (id: string, ...files: DeclaredFile[]): PlannedSubtask => ({ ...subtask(id), files });
const shape = (plan: readonly PlannedSubtask[]) => plan.map(({ id, depends_on }) => `${id}<${depends_on.join(',')}`);

describe('a plan', () => {
  it('is possible where every dependency exists, in whatever order', () => {
    assert.equal(planComplaint([subtask('c', ['a', 'b']), subtask('b', ['a']), subtask('a')]), undefined);
    assert.equal(planComplaint([]), undefined);
  });

  for (const [what, plan, words] of [
    ['an id twice', [subtask('a'), subtask('a')], /"a" is used twice/],
    ['a subtask that depends on itself', [subtask('a', ['a'])], /"a" depends on itself/],
    [
      'an unknown dependency',
      [subtask('a', ['z']), subtask('b')],
      /"a" depends on "z", which does not exist\. Known: a, b\./,
    ],
    ['a circle of two', [subtask('a', ['b']), subtask('b', ['a'])], /in a circle: a → b → a\./],
    [
      'a circle behind others',
      [subtask('x'), subtask('a', ['b', 'x']), subtask('b', ['c']), subtask('c', ['b'])],
      /in a circle: b → c → b\./,
    ],
  ] as const) {
    it(`with ${what} is told so`, () => assert.match(planComplaint(plan) ?? '', words));
  }

  for (const path of [
    '../x',
    'a/../../x',
    '/etc/passwd',
    'C:\\x',
    '\\\\server\\x',
    '~/x',
    '.git/config',
    '.GIT/config',
    '.conclave/config.json',
    '',
    'a\0b',
    'a\\..\\..\\x',
  ])
    it(`that names ${JSON.stringify(path)} is told that it is outside`, () =>
      assert.match(planComplaint([touching('a', file(path))]) ?? '', /which is outside the workspace/));

  for (const path of [
    'src/x.js',
    './src/x.js',
    'src\\x.js',
    '.github/workflows/ci.yml',
    '.gitignore',
    'a..b/c',
    'x/.git.md',
  ])
    it(`may name ${JSON.stringify(path)}`, () => assert.equal(planComplaint([touching('a', file(path))]), undefined));

  it('finds a circle exactly where an order does not exist', () => {
    const edges = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 12 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const plan = [0, 1, 2, 3, 4, 5].map((at) =>
          subtask(`t${at}`, [
            ...new Set(pairs.filter(([from, to]) => from === at && to !== at).map(([, to]) => `t${to}`)),
          ]),
        );
        const done = new Set<string>();
        for (const _ of plan)
          for (const { id, depends_on } of plan) if (depends_on.every((one) => done.has(one))) done.add(id);
        assert.equal(planComplaint(plan) === undefined, done.size === plan.length);
      }),
    );
  });

  it('loses dependencies on nothing, with a note', () => {
    const twice = { ...subtask('a'), description: 'Something else.' };
    const { plan, notes } = mendedPlan(
      planOf(subtask('a', ['setup']), subtask('b', ['a', 'b']), subtask('b', ['a']), twice),
    );
    assert.deepEqual(shape(plan.plan), ['a<', 'b<a', 'a<']);
    assert.deepEqual(notes, [
      'b: it stood in the plan more than once.',
      'a: "setup" is no subtask, so it does not wait for it.',
      'b: it does not wait for itself.',
    ]);
    assert.match(
      planComplaint(plan.plan) ?? '',
      /used twice/,
      'which of two different ones is meant is the Planner to say',
    );
  });
});

describe('the files of a plan', () => {
  it('are brought in line with what is there', async () => {
    const { plan, notes } = await settleFiles(
      planOf(
        touching('a', file('./src/old.js', 'create'), file('src\\new.js', 'modify'), file('locked')),
        touching('b', file('src/new.js', 'create'), file('src/old.js', 'delete'), file('./src/old.js')),
      ),
      workspace,
    );
    assert.deepEqual(
      plan.plan.map(({ files }) => files),
      [
        [file('src/old.js', 'modify'), file('src/new.js', 'create')],
        [file('src/new.js', 'modify'), file('src/old.js', 'delete')],
      ],
    );
    assert.deepEqual(notes, [
      'a: src/old.js exists, so "create" became "modify".',
      'a: src/new.js does not exist, so "modify" became "create".',
      'a: locked cannot be changed by a run and was taken off its files.',
      'b: src/new.js exists, so "create" became "modify".',
    ]);
  });

  it('do not include a file to delete that is not there', async () => {
    const { plan, notes } = await settleFiles(
      planOf(touching('a', file('gone.js', 'delete'), file('src/old.js'))),
      workspace,
    );
    assert.deepEqual(plan.plan[0]?.files, [file('src/old.js')]);
    assert.deepEqual(notes, ['a: gone.js does not exist, so there is nothing to delete.']);
  });

  it('overlap where one is declared twice, and where nothing is declared', () => {
    assert.equal(overlap(touching('a', file('x'), file('y')), touching('b', file('y', 'delete'))), true);
    assert.equal(overlap(touching('a', file('x')), touching('b', file('y'))), false);
    assert.equal(overlap(touching('a'), touching('b', file('y'))), true);
  });
});

describe('a subtask', () => {
  it('has all that it depends on, directly or not', () => {
    const plan = [subtask('d', ['b', 'c']), subtask('c', ['a']), subtask('b', ['a']), subtask('a'), subtask('e')];
    assert.deepEqual([...transitiveDependencies('d', plan)].sort(), ['a', 'b', 'c']);
    assert.deepEqual([...transitiveDependencies('a', plan)], []);
  });

  it('that is replaced leaves its place and its dependencies to its replacements', () => {
    const plan = [subtask('a'), subtask('b', ['a']), subtask('c', ['b', 'a'])];
    const replaced = replaceSubtask(plan, 'b', [subtask('b1', ['b']), subtask('b2', ['b1'])]);
    assert.deepEqual(shape(replaced), ['a<', 'b1<a', 'b2<a,b1', 'c<b1,b2,a']);
    assert.equal(planComplaint(replaced), undefined);
  });

  it('of what the plan does not hold follow everything, as those of the merged change do', () => {
    const plan = [subtask('a'), subtask('b', ['a'])];
    assert.deepEqual(
      replaceSubtask(plan, 'merged', [subtask('c', ['merged']), subtask('d', ['c'])]).map(({ id, depends_on }) => [
        id,
        depends_on,
      ]),
      [
        ['a', []],
        ['b', ['a']],
        ['c', ['a', 'b']],
        ['d', ['a', 'b', 'c']],
      ],
    );
  });

  it('that is new gets a name that nobody has, and what depends on it follows', () => {
    const fresh = withFreshIds([subtask('a'), subtask('x', ['a']), subtask('a_2', ['x'])], new Set(['a', 'b']));
    const ids = fresh.map(({ id }) => id);
    assert.equal(new Set([...ids, 'a', 'b']).size, 5, ids.join());
    assert.deepEqual(fresh[1]?.depends_on, [ids[0]]);
    assert.equal(planComplaint(fresh), undefined);
  });
});
