import assert from 'node:assert/strict';
import { emptyChangeSet, withStates } from '../../src/core/changes/changeSet.ts';
import { undeclaredEdit } from '../../src/core/changes/declaredEdits.ts';
import { outlined } from '../../src/core/memory/outline.ts';
import { foldedTask, planKey } from '../../src/core/memory/planCache.ts';
import {
  jsonOfTemplates,
  MOST_TEMPLATES,
  mayAsk,
  noTemplates,
  outlineOfTask,
  type Templates,
  templateOf,
  templatesFrom,
  withLookup,
  withTemplate,
} from '../../src/core/memory/planTemplates.ts';
import type { DeclaredFile } from '../../src/shared/wire.ts';
import { planOf, subtask } from './runEvents.ts';

const FROM = { run: '20260101-000000-abcd', at: '2026-01-01T00:00:00.000Z' };
const day = (n: number): Date => new Date(Date.parse(FROM.at) + n * 24 * 60 * 60 * 1000);

describe('the key of a plan', () => {
  const basis = {
    workspace: '/project',
    task: 'Greet.',
    prompts: ['a', 'b'],
    models: [['planner', 'x', '']],
    rules: [],
  };

  it('is another one where anything is another', () => {
    const keys = [
      planKey(basis),
      planKey({ ...basis, workspace: '/other' }),
      planKey({ ...basis, task: 'Leave.' }),
      planKey({ ...basis, prompts: ['ab', ''] }),
      planKey({ ...basis, models: [['planner', 'y', '']] }),
      planKey({ ...basis, rules: [{ path: 'AGENTS.md', text: 'Be brief.' }] }),
    ];
    assert.equal(new Set(keys).size, keys.length);
    for (const key of keys) assert.match(key, /^[0-9a-f]{64}$/);
    assert.equal(planKey({ ...basis }), keys[0]);
  });

  it('overlooks spaces and a full stop only where they cannot be meant', () => {
    assert.equal(foldedTask(' Greet\t by  name. \n'), 'Greet by name');
    assert.notEqual(foldedTask('greet by name'), foldedTask('Greet by name'));
    for (const task of ['Print "a  b".', "Print 'a  b'.", 'Print `a  b`.', 'Do this:\n  a  b.', 'End it with .'])
      assert.equal(foldedTask(task), task);
  });
});

describe('an outline', () => {
  it('has placeholders for paths, names, quoted texts and numbers, the same for the same', () => {
    assert.deepEqual(
      outlined(
        [
          'Add total() to src/cart.ts that returns 12.50, and call it `sum` in "My shop", e.g. so. Don\'t break it\'s tests.',
          'Write total in cart.ts and src/cart.ts with use_state, then sum.',
          'modify src/cart.ts, create Makefile',
        ],
        ['src/cart.ts', 'Makefile'],
      ),
      [
        "Add <NAME_1> to <FILE_1> that returns <NUMBER_1>, and call it <NAME_2> in <TEXT_1>, e.g. so. Don't break it's tests.",
        'Write <NAME_1> in <FILE_2> and <FILE_1> with <NAME_3>, then <NAME_2>.',
        'modify <FILE_1>, create <FILE_3>',
      ],
    );
  });

  it('takes a name or a path for what it is, whatever letters it has', () => {
    const odd = ['a+b (c)/[x].ts', 'my-file$.py', '$&.js'];
    assert.deepEqual(outlined([odd.join(' and ')], odd), ['<FILE_1> and <FILE_2> and <FILE_3>']);
  });

  it('makes the same template of tasks that differ only in these', () => {
    assert.equal(outlineOfTask('Add sumUp() to src/a.ts'), outlineOfTask('Add average_of() to lib/deep/b.py'));
    assert.notEqual(outlineOfTask('Add sumUp() to src/a.ts'), outlineOfTask('Remove sumUp() from src/a.ts'));
    const { task, plan } = templateOf(
      'Add sumUp() to src/a.ts',
      planOf({
        ...subtask('task_1'),
        description: 'Write sumUp in src/a.ts.',
        files: [{ path: 'src/a.ts', action: 'modify' }],
      }),
      FROM,
    );
    assert.equal(task, 'Add <NAME_1> to <FILE_1>');
    assert.match(plan, /^- task_1: Write <NAME_1> in <FILE_1>\.\n {2}Files: modify <FILE_1>\n {2}Done when: /);
  });
});

describe('templates', () => {
  const template = (n: number) => ({ task: `Task of kind ${n}`, plan: `Plan ${n}`, ...FROM });

  it('are kept up to a bound, one for a task, and read back as they were', () => {
    let kept: Templates = noTemplates;
    for (let n = 0; n < MOST_TEMPLATES + 5; n += 1) kept = withTemplate(kept, template(n));
    kept = withTemplate(kept, { ...template(10), plan: 'Another plan' });
    assert.equal(kept.templates.length, MOST_TEMPLATES);
    assert.equal(kept.templates.at(-1)?.plan, 'Another plan');
    assert.equal(kept.templates.filter(({ task }) => task === 'Task of kind 10').length, 1);
    assert.deepEqual(templatesFrom(jsonOfTemplates(kept)).templates, JSON.parse(JSON.stringify(kept.templates)));
  });

  it('are none where what is kept is anything else', () => {
    const good = jsonOfTemplates(withTemplate(noTemplates, template(1)));
    assert.equal(templatesFrom(good).templates.length, 1);
    const others = [
      good.slice(1),
      '[]',
      '7',
      good.replace('"format":1', '"format":2'),
      `${good}${' '.repeat(600_000)}`,
    ];
    for (const text of [undefined, ...others]) assert.deepEqual(templatesFrom(text).templates, []);
  });

  it('are not asked for any more where they are seldom found, and after 30 days again', () => {
    let kept = withTemplate(noTemplates, template(1));
    const told: string[] = [];
    const look = (found: boolean, when: Date): void => {
      const after = withLookup(kept, found, when);
      kept = templatesFrom(jsonOfTemplates(after.kept));
      if (after.told !== undefined) told.push(after.told);
    };
    // Two of twenty are just enough.
    for (let n = 0; n < 20; n += 1) look(n === 0 || n === 15, day(0));
    assert.equal(mayAsk(kept, day(0)), true);
    look(false, day(0));
    assert.equal(mayAsk(kept, day(0)), false);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /Of the last 20 tasks here, 1 had/);
    assert.equal(mayAsk(kept, day(29)), false);
    assert.equal(mayAsk(kept, day(31)), true);
    // From there on counted anew.
    look(false, day(31));
    assert.equal(mayAsk(kept, day(31)), true);
    assert.equal(kept.templates.length, 1);
  });
});

describe('an edit under a plan that was taken again', () => {
  const declared: DeclaredFile[] = [
    { path: 'src/a.js', action: 'modify' },
    { path: 'src/new.js', action: 'create' },
    { path: 'src/old.js', action: 'delete' },
  ];
  const there = { hash: 'x' };
  const none = { hash: null };
  const may = (
    action: 'create' | 'modify' | 'delete' | 'rename',
    path: string,
    based: { hash: string | null },
    from?: string,
  ): boolean =>
    undeclaredEdit({ path, action, ...(from === undefined ? {} : { from }) }, emptyChangeSet, based, declared) ===
    undefined;

  it('may do what is declared for the file, and nothing else', () => {
    assert.ok(may('modify', 'src/a.js', there));
    assert.ok(!may('delete', 'src/a.js', there));
    assert.ok(!may('create', 'src/a.js', none));
    assert.ok(may('create', 'src/new.js', none));
    assert.ok(may('delete', 'src/old.js', there));
    assert.ok(!may('modify', 'src/old.js', there));
    for (const action of ['create', 'modify', 'delete'] as const) assert.ok(!may(action, 'src/other.js', there));
    for (const path of ['SRC/a.js', 'src/A.js', 'src/a.js ']) assert.ok(!may('modify', path, there));
  });

  it('may not change a file that is there by now, where only creating one is declared', () => {
    assert.ok(!may('modify', 'src/new.js', there));
    assert.ok(!may('delete', 'src/new.js', there));
  });

  it('may go on with a file that the run has created', () => {
    const changes = withStates(emptyChangeSet, [{ path: 'src/new.js', text: 'new' }], () => ({
      text: null,
      hash: null,
    }));
    for (const action of ['modify', 'delete'] as const)
      assert.equal(undeclaredEdit({ path: 'src/new.js', action }, changes, undefined, declared), undefined);
  });

  it('may rename only what may be deleted to what may be created', () => {
    assert.ok(may('rename', 'src/new.js', there, 'src/old.js'));
    assert.ok(!may('rename', 'src/new.js', there, 'src/a.js'));
    assert.ok(!may('rename', 'src/b.js', there, 'src/old.js'));
  });
});
