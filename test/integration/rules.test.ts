import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { findRules } from '../../src/core/rules/findRules.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { greetByName, onGreet, remark } from '../support/greeter.ts';
import { GREETER, makeProject, type Project } from '../support/project.ts';
import { chats, idOf, ofType, scenarios } from '../support/scenario.ts';
import { approved, crewScripts, failed, plan } from '../support/scripts.ts';

const never = new AbortController().signal;

describe('the rules files of a workspace', () => {
  let project: Project | undefined;
  afterEach(() => {
    project?.remove();
    project = undefined;
  });

  const found = async (files: Record<string, string>, change: (project: Project) => void = () => {}) => {
    project = makeProject(files);
    change(project);
    return findRules(openDiskWorkspace(project.dir, { ripgrep: undefined }), never);
  };

  it('are found in one order: the root first, then folder by folder', async () => {
    const rules = await found({
      'AGENTS.md': 'agents',
      '.windsurfrules': 'windsurf, old',
      '.windsurf/rules/a.md': '---\ntrigger: always_on\n---\nwindsurf',
      '.windsurf/rules/manual.md': '---\ntrigger: manual\n---\nby hand',
      '.devin/rules/b.md': '---\ntrigger: model_decision\ndescription: Databases\n---\ndevin',
      '.devin/rules/c.md': '---\ntrigger: glob\nglobs: ["*.py"]\n---\npython',
      '.cursorrules': 'cursor, old',
      '.cursor/rules/z.mdc': '---\nalwaysApply: true\n---\ncursor always',
      '.cursor/rules/y.mdc': '---\nglobs: src/**\nalwaysApply: false\n---\ncursor files',
      '.cursor/rules/x.mdc': '---\nalwaysApply: false\n---\nby hand',
      '.cursor/rules/notes.md': 'no rule',
      'CLAUDE.md': 'claude',
      '.github/copilot-instructions.md': 'copilot',
      '.github/instructions/ts.instructions.md': '---\napplyTo: "**/*.ts"\n---\ncopilot files',
      '.clinerules/one.md': 'cline',
      'packages/b/AGENTS.md': 'b',
      'packages/a/CLAUDE.md': 'a, claude',
      'packages/a/AGENTS.md': 'a',
      'packages/a/deep/AGENTS.md': 'deep',
      'packages/a/.cursorrules': 'no rule here',
      'docs/MY-AGENTS.md': 'no rule',
    });
    assert.deepEqual(
      rules.map(({ path, folder, applies, text }) => [path, folder, applies.kind, text]),
      [
        ['AGENTS.md', '', 'always', 'agents'],
        ['.windsurfrules', '', 'always', 'windsurf, old'],
        ['.windsurf/rules/a.md', '', 'always', 'windsurf'],
        ['.devin/rules/b.md', '', 'onDemand', 'devin'],
        ['.devin/rules/c.md', '', 'files', 'python'],
        ['.cursorrules', '', 'always', 'cursor, old'],
        ['.cursor/rules/y.mdc', '', 'files', 'cursor files'],
        ['.cursor/rules/z.mdc', '', 'always', 'cursor always'],
        ['CLAUDE.md', '', 'always', 'claude'],
        ['.github/copilot-instructions.md', '', 'always', 'copilot'],
        ['.github/instructions/ts.instructions.md', '', 'files', 'copilot files'],
        ['.clinerules/one.md', '', 'always', 'cline'],
        ['packages/a/AGENTS.md', 'packages/a', 'always', 'a'],
        ['packages/a/CLAUDE.md', 'packages/a', 'always', 'a, claude'],
        ['packages/b/AGENTS.md', 'packages/b', 'always', 'b'],
        ['packages/a/deep/AGENTS.md', 'packages/a/deep', 'always', 'deep'],
      ],
    );
  });

  it('count once where they say the same, and not where they are empty, ignored, no text, or lead outside', async () => {
    const rules = await found(
      {
        'AGENTS.md': 'Be brief.\n',
        'CLAUDE.md': '\nBe brief.',
        '.github/copilot-instructions.md': '@AGENTS.md\n',
        '.cursorrules': ' \n',
        '.gitignore': 'private/\n',
        'private/AGENTS.md': 'hidden',
        'a/AGENTS.md': 'Be brief.',
        'b/AGENTS.md': 'bin\u0000ary',
        'secret.txt': 'not for you',
      },
      ({ dir }) => {
        symlinkSync('/etc/hostname', join(dir, '.windsurfrules'));
        symlinkSync('AGENTS.md', join(dir, '.clinerules'));
      },
    );
    assert.deepEqual(
      rules.map(({ path }) => path),
      ['AGENTS.md', 'a/AGENTS.md'],
    );
  });
});

describe('a crew in a workspace with rules', () => {
  const given = scenarios();
  const files = {
    ...GREETER,
    'AGENTS.md': 'ROOT-RULE: greet in English.',
    'src/AGENTS.md': 'SRC-RULE: no dependencies.',
    'test/AGENTS.md': 'TEST-RULE: tests are short.',
    '.cursor/rules/js.mdc': '---\nglobs: *.js\n---\nJS-RULE: no semicolons.',
  };
  const script = crewScripts({
    plan: plan([{ id: 'task_1', ...onGreet }]),
    edits: { task_1: [greetByName, remark('As asked.')] },
    reviews: {
      task_1: [
        failed([
          {
            severity: 'high',
            type: 'bug',
            location: 'src/greet.js:1',
            quote: 'export function greet(name) {',
            message: 'Not yet.',
          },
        ]),
        approved,
      ],
    },
  });

  it('tells them to every role as the workspace has them, never as a system message, and says which', async () => {
    const { run, fleet, conclave, project } = await given(script, { files });
    // The Coder's transcript begins anew, with a shorter opening.
    fleet.inject('coder', 'contextExceeded');
    const { events, stderr } = await run(['run', 'Greet by name']);
    assert.deepEqual(
      ofType(events, 'rules.found').map(({ files: rules }) => rules),
      [
        [
          { path: 'AGENTS.md', chars: 28, cut: false },
          { path: '.cursor/rules/js.mdc', chars: 23, cut: false },
          { path: 'src/AGENTS.md', chars: 26, cut: false },
          { path: 'test/AGENTS.md', chars: 27, cut: false },
        ],
      ],
    );
    assert.match(stderr, /rules: AGENTS\.md, \.cursor\/rules\/js\.mdc, src\/AGENTS\.md, test\/AGENTS\.md/);
    const openings = (role: 'planner' | 'coder' | 'reviewer') =>
      chats(fleet, role).map(({ messages }) => {
        for (const { role: speaker, content } of messages) if (content.includes('-RULE')) assert.equal(speaker, 'user');
        return messages.find(({ content }) => content.includes('# Task'))?.content ?? '';
      });
    const [planning = ''] = openings('planner');
    assert.match(planning, /# Rules of this workspace[\s\S]*## AGENTS\.md\nROOT-RULE: greet in English\.[\s\S]*# Task/);
    assert.match(
      planning,
      /## Further rules[^\n]*\n- \.cursor\/rules\/js\.mdc \(for \*\.js\)\n- src\/AGENTS\.md \(for src\/\)\n- test/,
    );
    assert.doesNotMatch(planning, /SRC-RULE/);
    for (const role of ['coder', 'reviewer'] as const) {
      const mine = openings(role).filter((opening) => opening.includes('# Your subtask: task_1'));
      assert.ok(mine.length > 1, role);
      for (const opening of mine) {
        assert.match(opening, /ROOT-RULE[\s\S]*JS-RULE[\s\S]*## src\/AGENTS\.md \(for src\/\)\nSRC-RULE[\s\S]*# Task/);
        assert.doesNotMatch(opening, /TEST-RULE/);
      }
    }
    const doctor = await conclave.start(['doctor', '--workspace', project.dir]).ended;
    assert.match(doctor.stdout, /Rules +AGENTS\.md, \.cursor\/rules\/js\.mdc, src\/AGENTS\.md, test\/AGENTS\.md/);
  });

  it('that is resumed tells the same, whatever became of the files meanwhile', async () => {
    const { run, fleet, project } = await given(script, { files });
    fleet.inject('reviewer', 'serverError', { times: 4 });
    const { events, status } = await run(['run', 'Greet by name']);
    assert.equal(status, 4);
    project.write('AGENTS.md', 'OTHER-RULE');
    project.write('CLAUDE.md', 'NEW-RULE');
    const resumed = await run(['run', '--resume', idOf(events)]);
    assert.equal(resumed.status, 0);
    assert.deepEqual(
      ofType(resumed.events, 'redflag.raised').filter(({ flag }) => flag === 'transcript_differs'),
      [],
    );
    assert.deepEqual(ofType(resumed.events, 'rules.found'), []);
    const reviews = chats(fleet, 'reviewer').map(({ messages }) => JSON.stringify(messages));
    assert.ok(reviews.every((review) => /ROOT-RULE/.test(review) && !/OTHER-RULE|NEW-RULE/.test(review)));
  });

  it('tells a Reviewer of the user’s own changes those of the files in question', async () => {
    const { run, project, prompts } = await given(script, { files });
    project.write('src/greet.js', "export function greet() {\n  return 'Hi!';\n}\n");
    await run(['review']);
    assert.match(prompts('reviewer').join(), /ROOT-RULE[\s\S]*JS-RULE[\s\S]*SRC-RULE/);
    assert.doesNotMatch(prompts('reviewer').join(), /TEST-RULE/);
  });
});
