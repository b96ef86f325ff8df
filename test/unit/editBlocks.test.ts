import assert from 'node:assert/strict';
import fc from 'fast-check';
import { codeWithoutEdit } from '../../src/core/changes/codeWithoutEdit.ts';
import { type Block, createEditBlockParser } from '../../src/core/changes/editBlocks.ts';

function parse(text: string, options = { truncated: false }): Block[] {
  const parser = createEditBlockParser();
  return [...parser.push(text), ...parser.end(options)];
}

function only(text: string, options = { truncated: false }): Block {
  const blocks = parse(text, options);
  assert.equal(blocks.length, 1, JSON.stringify(blocks));
  return blocks[0] ?? { kind: 'delete', path: '' };
}

function reason(text: string, options = { truncated: false }): string {
  const block = only(text, options);
  assert.equal(block.kind, 'malformed', JSON.stringify(block));
  return block.kind === 'malformed' ? block.reason : '';
}

const BODY = '<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n';
const EDIT = { kind: 'edit', search: ['old'], replace: ['new'], explanation: '' };

const chunk = (file: string, text: string, more = {}): string =>
  JSON.stringify({ type: 'code_chunk', file, language: 'python', chunk: text, ...more });

const ANSWER = [
  'I will change two things.',
  'First the greeting:',
  '',
  '**src/a.ts**',
  '```ts',
  '<<<<<<< SEARCH',
  'old',
  '  line',
  '=======',
  '>>>>>>> REPLACE',
  '```',
  'Now the rest.\r',
  '<<<<<<< SEARCH\r',
  'x\r',
  '=======\r',
  'ä€😀\r',
  '>>>>>>> REPLACE\r',
  'DELETE src/old.ts',
  'RENAME src/b.ts TO src/c.ts',
  'README.md',
  '<<<<<<< APPEND',
  '',
  'The end.',
  '>>>>>>> APPEND',
  '```json',
  '{',
  '  "type": "code_chunk",',
  '  "file": "py/x.py",',
  '  "chunk": "a = \\"{\\"\\n"',
  '}',
  '```',
  chunk('py/x.py', 'b = 2\n', { explanation: 'Two.' }),
  'src/d.ts',
  '<<<<<<< SEARCH',
  'no divider',
  '>>>>>>> REPLACE',
  'That is all.',
].join('\n');

describe('edit blocks', () => {
  describe('a whole answer', () => {
    const expected: Block[] = [
      {
        kind: 'edit',
        path: 'src/a.ts',
        search: ['old', '  line'],
        replace: [],
        explanation: 'I will change two things.\nFirst the greeting:',
      },
      { kind: 'edit', path: 'src/a.ts', search: ['x'], replace: ['ä€😀'], explanation: 'Now the rest.' },
      { kind: 'delete', path: 'src/old.ts' },
      { kind: 'rename', from: 'src/b.ts', to: 'src/c.ts' },
      { kind: 'append', path: 'README.md', lines: ['', 'The end.'] },
      {
        kind: 'malformed',
        reason: 'The block has no ======= between SEARCH and REPLACE.',
        excerpt: '<<<<<<< SEARCH\nno divider',
        path: 'src/d.ts',
      },
      { kind: 'whole', path: 'py/x.py', text: 'a = "{"\nb = 2\n', language: 'python', explanation: 'Two.' },
    ];

    it('is read in order', () => {
      assert.deepEqual(parse(ANSWER), expected);
    });

    it('is read the same, wherever the stream is cut', () => {
      for (let at = 0; at <= ANSWER.length; at++) {
        const parser = createEditBlockParser();
        const blocks = [
          ...parser.push(ANSWER.slice(0, at)),
          ...parser.push(ANSWER.slice(at)),
          ...parser.end({ truncated: false }),
        ];
        assert.deepEqual(blocks, expected, `cut at ${at}`);
      }
      const parser = createEditBlockParser();
      const single = [...ANSWER].flatMap((char) => parser.push(char));
      assert.deepEqual([...single, ...parser.end({ truncated: false })], expected);
    });

    it('gives every block as soon as it closes', () => {
      const parser = createEditBlockParser();
      assert.deepEqual(parser.push('a.ts\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE'), []);
      assert.deepEqual(parser.push('\n'), [{ ...EDIT, path: 'a.ts' }]);
    });
  });

  it('reads any text the same, however it is cut, truncated or not', () => {
    const piece = fc.constantFrom(
      ...[
        '\n',
        '\r\n',
        'a.ts\n',
        BODY,
        '<<<<<<< SEARCH\n',
        '=======\n',
        '>>>>>>> REPLACE\n',
        '>>>>>>>\n',
        '```\n',
        '```json\n',
        '<think>\n',
        '</think>\n',
      ],
      ...[
        'text ',
        '{',
        '}',
        '"',
        '[',
        '\\',
        `${chunk('x.py', 'x')}\n`,
        '{"type": "code_chunk",\n',
        'DELETE a.ts\n',
        'DELETE a',
        '  <<<<<<< SEARCH\n',
        '😀',
        '--- a/a.ts\n',
        '+++ b/a.ts\n',
        '@@ -1 +1 @@\n',
        '@@\n',
        '-old\n',
        '+new\n',
        ' same\n',
        '*** Begin Patch\n',
        '*** Update File: a.ts\n',
        '*** Add File: b.ts\n',
        '*** End Patch\n',
        '```ts b.ts\n',
        '```diff\n',
        '  ```\n',
        'a.md\n',
      ],
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 16 }),
        fc.array(fc.nat(200), { maxLength: 8 }),
        fc.boolean(),
        (pieces, cuts, truncated) => {
          const text = pieces.join('');
          const parser = createEditBlockParser();
          const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
          const blocks = at.slice(1).flatMap((end, i) => parser.push(text.slice(at[i], end)));
          assert.deepEqual([...blocks, ...parser.end({ truncated })], parse(text, { truncated }));
        },
      ),
      { numRuns: 4000 },
    );
  });

  describe('the path', () => {
    const dresses: [string, string][] = [
      ['src/a.ts', 'src/a.ts'],
      ['./src/a.ts', 'src/a.ts'],
      ['`src/a.ts`', 'src/a.ts'],
      ['`src/a.ts`:', 'src/a.ts'],
      ['**src/a.ts**', 'src/a.ts'],
      ['**`src/a.ts`**:', 'src/a.ts'],
      ['### src/a.ts', 'src/a.ts'],
      ['# `src/a.ts`', 'src/a.ts'],
      ['File: src/a.ts', 'src/a.ts'],
      ['**File:** `src/a.ts`', 'src/a.ts'],
      ['path: src/a.ts:', 'src/a.ts'],
      ['- src/a.ts', 'src/a.ts'],
      ['2. `src/a.ts` (new file)', 'src/a.ts'],
      ['// src/a.ts', 'src/a.ts'],
      ['<!-- a.html -->', 'a.html'],
      ['`my notes/a b.md`', 'my notes/a b.md'],
      ['"src/my file.ts"', 'src/my file.ts'],
      ['File: src/a b.ts', 'src/a b.ts'],
      ['docs/Überblick.md', 'docs/Überblick.md'],
      ['Überblick.md', 'Überblick.md'],
      ["src/it's @2x (1)&+~.ts".replaceAll(' ', '_'), "src/it's_@2x_(1)&+~.ts"],
      ['Makefile', 'Makefile'],
      ['File: bin', 'bin'],
      ['.gitignore', '.gitignore'],
      ['__init__.py', '__init__.py'],
      ['app/[id]/(group)/page.tsx', 'app/[id]/(group)/page.tsx'],
      ['[id].ts', '[id].ts'],
    ];
    for (const [line, path] of dresses) {
      it(`is read from "${line}"`, () => assert.deepEqual(only(`${line}\n${BODY}`), { ...EDIT, path }));
    }

    it('may hold spaces without quotes, which only the workspace can tell from prose', () => {
      for (const line of ['src/my file.ts', '### src/my file.ts', '- src/my file.ts:']) {
        assert.deepEqual(only(`${line}\n${BODY}`), { ...EDIT, path: 'src/my file.ts', guessed: {} }, line);
      }
    });

    it('may stand before a fence, in it, in its opening line, or on the marker’s line', () => {
      const expected = { ...EDIT, path: 'src/a.ts' };
      assert.deepEqual(only(`src/a.ts\n\n\`\`\`ts\n${BODY}\`\`\`\n`), expected);
      assert.deepEqual(only(`\`\`\`\nsrc/a.ts\n${BODY}\`\`\`\n`), expected);
      assert.deepEqual(only(`\`\`\`ts:src/a.ts\n${BODY}\`\`\`\n`), expected);
      assert.deepEqual(only(BODY.replace('SEARCH', 'SEARCH src/a.ts')), expected);
    });

    it('serves the blocks that follow, until another file is spoken of', () => {
      const paths = (text: string) =>
        parse(text).map((block) => ('path' in block ? [block.kind, block.path] : [block.kind]));
      assert.deepEqual(paths(`a.ts\n${BODY}and then user.name too:\n${BODY}`), [
        ['edit', 'a.ts'],
        ['edit', 'a.ts'],
      ]);
      assert.deepEqual(paths(`a.ts\n${BODY}Next, \`src/b.ts\` needs it:\n${BODY}`), [['edit', 'a.ts'], ['malformed']]);
      assert.deepEqual(paths(`a.ts\n${BODY}DELETE b.ts\n${BODY}`), [
        ['edit', 'a.ts'],
        ['delete', 'b.ts'],
        ['malformed'],
      ]);
    });

    it('is missed where prose stands in its place', () => {
      assert.match(reason(`Here it comes:\n${BODY}`), /names no file/);
      assert.match(reason(BODY), /names no file/);
    });
  });

  describe('markers', () => {
    it('may have 5 to 9 signs, trailing spaces, and the names that other tools use', () => {
      const forms = [
        '<<<<< SEARCH\nold\n=====\nnew\n>>>>> REPLACE',
        '<<<<<<<<< SEARCH  \nold\n=========\t\nnew\n>>>>>>>>> REPLACE ',
        '<<<<<<< ORIGINAL\nold\n=======\nnew\n>>>>>>> UPDATED',
        '<<<<<<< HEAD\nold\n=======\nnew\n>>>>>>> UPDATED',
        '<<<<<<<SEARCH\nold\n=======\nnew\n>>>>>>>REPLACE',
        '<<<<<<< search\nold\n======\nnew\n>>>>>>> replace',
      ];
      for (const form of forms) assert.deepEqual(only(`a.ts\n${form}\n`), { ...EDIT, path: 'a.ts' }, form);
    });

    it('may be indented together with all their lines', () => {
      assert.deepEqual(only(`1. Change it:\n\n   a.ts\n${BODY.replace(/^(?=.)/gm, '   ')}`).kind, 'edit');
      assert.match(reason(`a.ts\n  <<<<<<< SEARCH\nold\n  =======\n  new\n  >>>>>>> REPLACE\n`), /indented/);
    });

    it('need no newline after the last one', () => {
      assert.deepEqual(only(`a.ts\n${BODY.trimEnd()}`), { ...EDIT, path: 'a.ts' });
      assert.deepEqual(only(`a.ts\n${BODY.trimEnd()}`, { truncated: true }), { ...EDIT, path: 'a.ts' });
    });

    it('may enclose nothing: a new file, a deletion of lines', () => {
      assert.deepEqual(only('a.ts\n<<<<<<< SEARCH\n=======\nx\n\n>>>>>>> REPLACE\n'), {
        ...EDIT,
        path: 'a.ts',
        search: [],
        replace: ['x', ''],
      });
    });
  });

  describe('what is unclear is malformed', () => {
    it('no divider, no opening, no end', () => {
      assert.match(reason('a.ts\n<<<<<<< SEARCH\nold\n>>>>>>> REPLACE\n'), /no ======= between/);
      assert.match(reason('a.ts\nold\n=======\nnew\n>>>>>>> REPLACE\n'), /without the <<<<<<< SEARCH/);
      assert.match(reason('a.ts\n<<<<<<< SEARCH\nold\n=======\nnew\n'), /never closed/);
    });

    it('a second SEARCH before the first is closed', () => {
      const text =
        'a.ts\n<<<<<<< SEARCH\none\n=======\nuno\n\nb.ts\n<<<<<<< SEARCH\ntwo\n=======\ndos\n>>>>>>> REPLACE\nc.ts\n';
      const [first, second, ...rest] = parse(text + BODY);
      assert.ok(first?.kind === 'malformed' && /second <<<<<<< begins/.test(first.reason) && first.path === 'a.ts');
      assert.deepEqual([second, rest], [{ ...EDIT, path: 'c.ts' }, []]);
    });

    it('a merge conflict inside SEARCH', () => {
      const text =
        'a.ts\n<<<<<<< SEARCH\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> branch\n=======\nboth\n>>>>>>> REPLACE\n';
      assert.match(reason(text), /conflict markers/);
    });

    it('a heading’s underline beside the divider', () => {
      const text = 'a.md\n<<<<<<< SEARCH\nInstall\n=======\n=======\nSet up\n=======\n>>>>>>> REPLACE\n';
      assert.match(reason(text), /unclear which line of = signs/);
      assert.match(reason('a.md\n<<<<<<< SEARCH\nTitle\n=====\ntext\n>>>>>>> REPLACE\n'), /unclear which line/);
      assert.deepEqual(only('a.md\n<<<<<<< SEARCH\nTitle\n=====\n=======\nOther\n=====\n>>>>>>> REPLACE\n'), {
        ...EDIT,
        path: 'a.md',
        search: ['Title', '====='],
        replace: ['Other', '====='],
      });
    });

    it('markers that are not known', () => {
      assert.match(reason('a.ts\n<<<<<<< NEW\nx\n>>>>>>> REPLACE\n'), /marker is not known/);
      assert.match(reason('a.ts\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>>\n'), /must read >>>>>>> REPLACE/);
      assert.match(reason('a.ts\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> END\n'), /must read >>>>>>> REPLACE/);
      assert.match(reason('a.ts\n<<<<<<< APPEND\nx\n=======\ny\n>>>>>>> APPEND\n'), /APPEND block has no =======/);
    });
  });

  describe('an answer that was cut off', () => {
    it('gives nothing that was still open', () => {
      for (let at = 'a.ts\n<<<<<<< SEARCH\n'.length; at < `a.ts\n${BODY}`.length - 'PLACE\n'.length; at++) {
        const blocks = parse(`a.ts\n${BODY}`.slice(0, at), { truncated: true });
        assert.ok(
          blocks.every((block) => block.kind === 'malformed' && /^cut off/.test(block.reason)),
          JSON.stringify(blocks),
        );
        assert.equal(blocks.length, 1);
      }
    });

    it('deletes no file whose name may go on', () => {
      assert.match(reason('DELETE src/a.ts', { truncated: true }), /cut off/);
      assert.deepEqual(only('DELETE src/a.ts\n', { truncated: true }), { kind: 'delete', path: 'src/a.ts' });
    });

    it('writes no whole file of chunks', () => {
      const text = `${chunk('a.py', 'a = 1\n')}\n${chunk('a.py', 'b').slice(0, -9)}`;
      assert.deepEqual(
        parse(text, { truncated: true }).map(({ kind }) => kind),
        ['malformed', 'malformed'],
      );
    });
  });

  describe('whole-file commands', () => {
    it('are whole lines with one path', () => {
      assert.deepEqual(only('DELETE `my notes/a.md`\n'), { kind: 'delete', path: 'my notes/a.md' });
      assert.deepEqual(only('`DELETE src/a.ts`\n'), { kind: 'delete', path: 'src/a.ts' });
      assert.deepEqual(only('RENAME "a b.ts" TO c.ts'), { kind: 'rename', from: 'a b.ts', to: 'c.ts' });
    });

    it('are not prose, SQL, HTTP, or content of a block', () => {
      for (const text of [
        'DELETE the old file src/a.ts now',
        'DELETE FROM users;',
        'DELETE /api/users',
        'DELETE users',
        'Delete src/a.ts',
      ]) {
        assert.deepEqual(parse(`${text}\n`), [], text);
      }
      assert.deepEqual(parse('```http\nDELETE items/1.json\n```\n'), []);
      assert.equal(only(`a.ts\n${BODY.replace('new', 'DELETE src/a.ts')}`).kind, 'edit');
    });
  });

  describe('code chunks', () => {
    it('are joined file by file, line by line, whatever stands between them', () => {
      const text = `Here.\n${chunk('a.py', 'def a():\n    pass')}\n${chunk('./b.py', 'x')}\n\`\`\`json\n[${chunk('a.py', 'def b():\n    pass\n')}]\n\`\`\`\n`;
      assert.deepEqual(parse(text), [
        { kind: 'whole', path: 'a.py', text: 'def a():\n    pass\ndef b():\n    pass\n', language: 'python' },
        { kind: 'whole', path: 'b.py', text: 'x', language: 'python' },
      ]);
    });

    it('may share a line; test results are ignored', () => {
      const results = JSON.stringify({ type: 'test_results', test_file: 't.py', exit_code: 0, output: 'ok' });
      assert.deepEqual(
        parse(`${chunk('a.py', 'a')} ${results}\n${results}\n`).map(({ kind }) => kind),
        ['whole'],
      );
    });

    it('are told off where they are no JSON or incomplete', () => {
      assert.match(reason('{"type": "code_chunk", "file": "a.py", "chunk": "a" "b"}\n'), /no valid JSON/);
      assert.match(reason('{"type": "code_chunk", "file": "a.py", "chunk": "raw\nbreak"}\n'), /no valid JSON/);
      assert.match(reason('```json\n{"type": "code_chunk", "file": "a.py",\n```\n'), /no valid JSON/);
      assert.match(reason('{"type": "code_chunk", "chunk": "a"}\n'), /needs "file" and "chunk"/);
    });

    it('do not overwrite edits of the same answer', () => {
      const [edit, whole] = parse(`a.py\n${BODY}${chunk('a.py', 'x')}\n`);
      assert.equal(edit?.kind, 'edit');
      assert.ok(whole?.kind === 'malformed' && /written whole and edited/.test(whole.reason));
    });

    it('are not seen in other JSON, in code, or in a block', () => {
      assert.deepEqual(parse('{"name": "x"}\n{\n  "a": [1]\n}\n[see below\n{\n  if (x) {\n'), []);
      assert.deepEqual(only(`{\n  unfinished\na.ts\n${BODY}`), { ...EDIT, path: 'a.ts', explanation: '{\nunfinished' });
      assert.equal(only(`a.jsonl\n${BODY.replace('new', chunk('x.py', 'y'))}`).kind, 'edit');
    });
  });

  it('leaves a model’s own thinking out', () => {
    assert.deepEqual(only(`<think>\nMaybe b.ts\n${BODY}DELETE a.ts\n</think>\na.ts\n${BODY}`), {
      ...EDIT,
      path: 'a.ts',
    });
    assert.deepEqual(parse(`<think>\na.ts\n${BODY}DELETE b`, { truncated: true }), []);
  });
});

describe('codeWithoutEdit', () => {
  const complaints: [string, string, RegExp][] = [
    ['code in a fence', 'Done:\n```ts\nconst a = 1;\n```\n', /code in a fence \(ts\)/],
    ['code in a fence that is not closed', 'Done:\n```python\na = 1\n', /code in a fence \(python\)/],
    [
      'a tool call of one family',
      '<tool_call>\n{"name": "read_file"}\n</tool_call>',
      /tool call as text \(<tool_call>\)/,
    ],
    ['of another', 'Let me look.[TOOL_CALLS]read_file{"path": "a"}', /\[TOOL_CALLS\]/],
    ['of a third', '<function=read_file><parameter=path>a</parameter></function>', /<function=/],
    ['a tool call in a fence', '```json\n{"name": "read_file", "arguments": {"path": "a"}}\n```', /tool call as JSON/],
    ['a bare tool call', '{"name": "read_file", "arguments": {"path": "a"}}', /tool call as JSON/],
    ['a diff that names no file', 'Done:\n```diff\n-a\n+b\n```\n', /code in a fence \(diff\)/],
    ['a file in a fence, which was taken for a quotation', 'a.ts\n```ts\nx\n```\n', /code in a fence \(ts\)/],
  ];
  for (const [what, text, pattern] of complaints) {
    it(`complains about ${what}`, () => assert.match(codeWithoutEdit(text) ?? '', pattern));
  }

  it('has nothing to say about prose, commands, or answers with blocks', () => {
    assert.equal(codeWithoutEdit('All done; `npm test` is green.'), undefined);
    assert.equal(codeWithoutEdit('Run this:\n```sh\nnpm test\n```\n'), undefined);
    assert.equal(codeWithoutEdit(`a.ts\n\`\`\`ts\n${BODY}\`\`\`\n`), undefined);
    assert.equal(codeWithoutEdit('DELETE a.ts\n```ts\nx\n```\n'), undefined);
  });
});
