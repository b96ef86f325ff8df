import assert from 'node:assert/strict';
import { shareRoom } from '../../src/core/agents/shareRoom.ts';
import type { Rule } from '../../src/core/rules/findRules.ts';
import { readFrontMatter } from '../../src/core/rules/frontMatter.ts';
import { ruleParts } from '../../src/core/rules/ruleParts.ts';

const always = (path: string, text: string, folder = ''): Rule => ({ path, text, folder, applies: { kind: 'always' } });
const forFiles = (path: string, globs: string[], folder = ''): Rule => ({
  path,
  text: `Text of ${path}.`,
  folder,
  applies: { kind: 'files', globs },
});

/** The rules that are told in full, by their headings, and those that are only named. */
function told(rules: readonly Rule[], paths: readonly string[]): { told: string[]; named: string[] } {
  const text = shareRoom(ruleParts(rules, paths, 1), 1_000_000);
  const [full = '', names = ''] = text.split('## Further rules');
  return {
    told: [...full.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading),
    named: [...names.matchAll(/^- (.*)$/gm)].map(([, name = '']) => name),
  };
}

describe('the front matter of a rules file', () => {
  const fieldsOf = (text: string) => Object.fromEntries(readFrontMatter(text).fields);

  it('is read in every form that editors write', () => {
    assert.deepEqual(
      fieldsOf('---\ndescription: For tests, mostly\nglobs: *.test.ts, src/**\nalwaysApply: false\n---\nX'),
      {
        description: ['For tests, mostly'],
        globs: ['*.test.ts', 'src/**'],
        alwaysApply: ['false'],
      },
    );
    assert.deepEqual(fieldsOf('---\r\nglobs: ["**/*.{ts,tsx}", \'docs/**\']\r\n---\r\nX'), {
      globs: ['**/*.{ts,tsx}', 'docs/**'],
    });
    assert.deepEqual(fieldsOf('---\ntrigger: glob\nglobs:\n  - src/**\n  - "*.py"\n---\nX'), {
      trigger: ['glob'],
      globs: ['src/**', '*.py'],
    });
    assert.deepEqual(fieldsOf('---\napplyTo: "**/*.ts,**/*.tsx"\n---\n'), { applyTo: ['**/*.ts', '**/*.tsx'] });
    assert.deepEqual(fieldsOf('---\ndescription:\nglobs:\nalwaysApply: true\n---\nX'), {
      description: [],
      globs: [],
      alwaysApply: ['true'],
    });
  });

  it('is taken off, and a line in the midst of a text is none', () => {
    assert.equal(readFrontMatter('\ufeff---\nglobs: a\n---\n\nKeep it simple.\n').text, 'Keep it simple.');
    assert.equal(readFrontMatter('---\n---\nKeep it simple.').text, 'Keep it simple.');
    assert.equal(readFrontMatter('Keep it\n---\nsimple: yes\n---\n').text, 'Keep it\n---\nsimple: yes\n---');
    assert.deepEqual(fieldsOf('Keep it simple.'), {});
  });
});

describe('the rules that an agent is told', () => {
  const rules = [
    always('AGENTS.md', 'Root.'),
    forFiles('.cursor/rules/web.mdc', ['*.{ts,tsx}', '!*.test.ts']),
    forFiles('.github/instructions/docs.instructions.md', ['docs/**']),
    {
      path: '.devin/rules/db.md',
      text: 'SQL.',
      folder: '',
      applies: { kind: 'onDemand', about: 'Migrations' },
    } as Rule,
    always('packages/a/AGENTS.md', 'A.', 'packages/a'),
    always('packages/a/deep/AGENTS.md', 'Deep.', 'packages/a/deep'),
    forFiles('packages/b/.windsurf/rules/x.md', ['src/**'], 'packages/b'),
  ];

  it('are those of its files, from the root down; the others are named', () => {
    assert.deepEqual(told(rules, ['packages/a/deep/x.ts', 'README.md']), {
      told: [
        'AGENTS.md',
        '.cursor/rules/web.mdc',
        'packages/a/AGENTS.md (for packages/a/)',
        'packages/a/deep/AGENTS.md (for packages/a/deep/)',
      ],
      named: [
        '.github/instructions/docs.instructions.md (for docs/**)',
        '.devin/rules/db.md: Migrations',
        'packages/b/.windsurf/rules/x.md (for src/** in packages/b/)',
      ],
    });
    assert.deepEqual(told(rules, ['packages/ab/x.test.ts', 'packages/b/src/y.js', 'docs/z/a.md']).told, [
      'AGENTS.md',
      '.github/instructions/docs.instructions.md',
      'packages/b/.windsurf/rules/x.md (for packages/b/)',
    ]);
    assert.deepEqual(told(rules, []).told, ['AGENTS.md']);
    assert.deepEqual(told(rules, ['../outside.ts', '/etc/x.ts']).told, ['AGENTS.md']);
    assert.deepEqual(ruleParts([], ['a.ts'], 1), []);
  });

  it('are bounded: a long file is told in part and says how to read it, and the nearest have the room', () => {
    const line = 'Keep it simple, and keep it short.\n';
    const long = always('AGENTS.md', `First.\n${line.repeat(3000)}Last.`);
    const [, part] = ruleParts([long], [], 1);
    assert.ok(part && part.text.length <= 12_000);
    assert.match(part.text, /^First\.\n[\s\S]*left out: read_file with path="AGENTS\.md" shows it …\]\n[\s\S]*Last\.$/);

    const many = ['', 'a', 'a/b', 'a/b/c', 'a/b/c/d'].map((folder) =>
      always(folder === '' ? 'AGENTS.md' : `${folder}/AGENTS.md`, line.repeat(400), folder),
    );
    const text = shareRoom(ruleParts(many, ['a/b/c/d/x.ts'], 1), 1_000_000);
    assert.ok(text.length < 34_000);
    assert.deepEqual(told(many, ['a/b/c/d/x.ts']), {
      told: ['a/b/AGENTS.md (for a/b/)', 'a/b/c/AGENTS.md (for a/b/c/)', 'a/b/c/d/AGENTS.md (for a/b/c/d/)'],
      named: ['AGENTS.md', 'a/AGENTS.md (for a/)'],
    });
  });
});
