import assert from 'node:assert/strict';
import { assertNeverCompletes, filesAfter, parse, parseEverywhere, reasonIn } from '../support/readAnswer.ts';

const CODE = "import a from 'a';\n\nexport const b = '😀';\n";
const FILE = { kind: 'whole', path: 'src/a.ts', text: CODE, language: 'ts', fence: {} };

describe('a whole file in a fence', () => {
  const named: [string, string, object][] = [
    ['on the line before', `src/a.ts\n\`\`\`ts\n${CODE}\`\`\`\n`, FILE],
    [
      'in bold, after a sentence',
      `So:\n\n**\`src/a.ts\`**:\n\n\`\`\`ts\n${CODE}\`\`\`\n`,
      { ...FILE, explanation: 'So:' },
    ],
    ['as an item of a list', `1. src/a.ts\n   \`\`\`ts\n${CODE.replace(/^(?=.)/gm, '   ')}   \`\`\`\n`, FILE],
    ['in its info string', `\`\`\`ts src/a.ts\n${CODE}\`\`\`\n`, FILE],
    ['in its info string, with a colon', `\`\`\`ts:src/a.ts\n${CODE}\`\`\`\n`, FILE],
    ['in its info string, as a title', `\`\`\`ts title="src/a.ts"\n${CODE}\`\`\`\n`, FILE],
    ['in its info string, as an attribute', `\`\`\`ts {filename=src/a.ts}\n${CODE}\`\`\`\n`, FILE],
    [
      'in a comment',
      `\`\`\`ts\n// src/a.ts\n${CODE}\`\`\`\n`,
      { ...FILE, guessed: {}, fence: { pathLine: '// src/a.ts' } },
    ],
    [
      'before it and in a comment',
      `a.ts\n\`\`\`ts\n// src/a.ts\n${CODE}\`\`\`\n`,
      { ...FILE, fence: { pathLine: '// src/a.ts' } },
    ],
    ['for a fence of tildes', `src/a.ts\n~~~ts\n${CODE}~~~\n`, FILE],
    ['for a fence with CRLF', `src/a.ts\n\`\`\`ts\n${CODE}\`\`\`\n`.replaceAll('\n', '\r\n'), FILE],
    ['for a fence at the very end', `src/a.ts\n\`\`\`ts\n${CODE}\`\`\``, FILE],
    [
      'for a shell script',
      '`bin/run.sh`\n```sh\nnpm test\n```\n',
      { ...FILE, path: 'bin/run.sh', text: 'npm test\n', language: 'sh' },
    ],
    [
      'for a file without an extension',
      'Dockerfile\n```dockerfile\nFROM x\n```\n',
      { ...FILE, path: 'Dockerfile', text: 'FROM x\n', language: 'dockerfile' },
    ],
  ];
  for (const [where, text, expected] of named) {
    it(`is read where its path stands ${where}`, () => assert.deepEqual(parseEverywhere(text), [expected]));
  }

  it('is read among other files and blocks, wherever the answer is cut, and never half', () => {
    const text = `src/a.ts\n\`\`\`ts\n${CODE}\`\`\`\nAnd:\n\nsrc/b.ts\n\`\`\`ts\nb\n\`\`\`\nsrc/c.ts\n<<<<<<< SEARCH\n\`\`\`\n=======\nx\n>>>>>>> REPLACE\n`;
    assert.deepEqual(
      parseEverywhere(text).map((block) => 'path' in block && [block.kind, block.path]),
      [
        ['whole', 'src/a.ts'],
        ['whole', 'src/b.ts'],
        ['edit', 'src/c.ts'],
      ],
    );
    assertNeverCompletes(text);
  });

  const examples: [string, string][] = [
    ['a fence that names no file', 'Like this:\n```ts\nconst a = 1;\n```\n'],
    ['a command', 'Then, in package.json\n```sh\nnpm test\n```\n'],
    ['a command after the files', 'Changed:\n- src/a.ts\n- src/b.ts\n\n```sh\nnpm test\n```\n'],
    ['code after a list of files', 'Changed:\n- src/a.ts\n- src/b.ts\n\n```ts\na();\n```\n'],
    ['output', 'src/a.ts\n```console\nsrc/a.ts:3: error\n```\n'],
    ['output as text', 'src/a.ts\n```text\nsrc/a.ts:3: error\n```\n'],
    ['JSON of a program', 'src/a.ts\n```json\n{"a": 1}\n```\n'],
    ['code for a product', 'Node.js:\n```js\na();\n```\n'],
    ['a quotation with its lines', '```12:15:src/a.ts\nconst a = 1;\n```\n'],
    ['a quotation with its lines before it', 'src/a.ts:12-15\n```ts\nconst a = 1;\n```\n'],
    ['a fence in a sentence about a file', 'The file src/a.ts holds:\n```ts\nconst a = 1;\n```\n'],
    ['a fence after the fence of another', 'src/a.ts\n```sh\nnpm test\n```\n```ts\na();\n```\n'],
    ['an empty fence', 'src/a.ts\n```ts\n```\n'],
  ];
  for (const [what, text] of examples) {
    it(`is not ${what}`, () => assert.deepEqual(parseEverywhere(text), []));
  }

  it('may hold fences of its own, where it is clear which one ends it', () => {
    const inner = '# Use\n\n```sh\nnpm test\n```\n\nThe end.\n';
    const texts = (text: string) =>
      parseEverywhere(text).map((block) => (block.kind === 'whole' ? block.text : block.kind));
    assert.deepEqual(texts(`README.md\n\`\`\`md\n${inner}\`\`\`\nThat is all.\n`), [inner]);
    assert.deepEqual(texts(`README.md\n\`\`\`\`md\n${inner.replace('sh', '')}\`\`\`\`\n`), [inner.replace('sh', '')]);
    assert.match(reasonIn(`README.md\n\`\`\`md\n${inner.replace('sh', '')}\`\`\`\n`), /unclear where this file ends/);
    assert.deepEqual(texts(`a.md\n\`\`\`md\nA.\n\`\`\`\nb.md\n\`\`\`md\nB.\n\`\`\`\nDELETE c.md\n`), [
      'A.\n',
      'B.\n',
      'delete',
    ]);
  });

  it('is told off where its fence is never closed', () => {
    assert.match(reasonIn(`src/a.ts\n\`\`\`ts\n${CODE}`), /never closed/);
  });

  it('is looked for in fences that are opened over and over, without end', () => {
    const text = `${'b.ts\n```ts\nx\n'.repeat(5000)}a.ts\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n`;
    assert.deepEqual(
      parse(text).map(({ kind }) => kind),
      ['edit'],
    );
  });

  it('gives way to what else a fence with a path may hold', () => {
    const chunk = JSON.stringify({ type: 'code_chunk', file: 'a.json', chunk: '{}\n' });
    const inFence = (text: string) => parse(`a.json\n\`\`\`json\n${text}\n\`\`\`\n`).map(({ kind }) => kind);
    assert.deepEqual(inFence(chunk), ['whole']);
    assert.deepEqual(parse(`a.json\n\`\`\`json\n${chunk}\n\`\`\`\n`), [
      { kind: 'whole', path: 'a.json', text: '{}\n' },
    ]);
    assert.deepEqual(inFence('<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE'), ['edit']);
    assert.deepEqual(inFence('first\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE'), ['malformed']);
    assert.deepEqual(inFence('@@ -1 +1 @@\n-a\n+b'), ['edit']);
    assert.deepEqual(inFence('*** Update File: a.json\n-a\n+b'), ['edit']);
  });

  describe('that exists', () => {
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i};`);
    const file = `${lines.join('\n')}\n`;
    const written = (text: string, head = 'src/a.ts\n```ts\n') =>
      filesAfter({ 'src/a.ts': file }, `${head}${text}\`\`\`\n`);

    it('is written anew', async () => {
      const now = file.replace('line 9;', 'line nine;').replace('line 0;', 'first;');
      assert.deepEqual(await written(now), { files: { 'src/a.ts': now }, problems: [] });
    });

    it('keeps the comment that names it only where it had it', async () => {
      const now = file.replace('line 9;', 'line nine;');
      const head = '```ts\n// src/a.ts\n';
      assert.equal((await written(now, head)).files['src/a.ts'], now);
      const commented = await filesAfter({ 'src/a.ts': `// src/a.ts\n${file}` }, `${head}${now}\`\`\`\n`);
      assert.equal(commented.files['src/a.ts'], `// src/a.ts\n${now}`);
    });

    it('is not replaced by a part of it', async () => {
      const parts: [string, RegExp][] = [
        [
          lines
            .slice(3, 9)
            .map((line) => `${line}!`)
            .join('\n'),
          /would drop 20 of the 20 lines/,
        ],
        [lines.slice(0, 16).join('\n').replace('line 3', 'x'), /leaves out the last 4 lines/],
        [lines.slice(5).join('\n').replace('line 9', 'x'), /leaves out the first 5 lines/],
        [['first;', ...lines.slice(8)].join('\n'), /leaves out the first 7 lines/],
        [
          file.replace(/line 5;[\s\S]*line 12;/, '// ... existing code ...'),
          /"\/\/ \.\.\. existing code \.\.\." stands for lines/,
        ],
        [file.replace(/line 5;/, '  // rest of the file remains unchanged'), /stands for lines/],
        [file.replace(/line 5;/, '...'), /stands for lines/],
      ];
      for (const [text, reason] of parts) {
        const { files, problems } = await written(`${text}\n`);
        assert.match(problems.join(), reason);
        assert.equal(files['src/a.ts'], file);
      }
    });
  });

  it('of JSON keeps all that is at its top', async () => {
    const file = '{\n  "name": "a",\n  "scripts": {\n    "test": "x"\n  }\n}\n';
    const part = 'a.json\n```json\n{\n  "scripts": {\n    "test": "y"\n  }\n}\n```\n';
    const { files, problems } = await filesAfter({ 'a.json': file }, part);
    assert.match(problems.join(), /leaves out name of a\.json/);
    assert.equal(files['a.json'], file);
  });

  it('is new only where it leaves nothing out, and a mere comment’s only where its folder is there', async () => {
    const create = (path: string, text: string) =>
      filesAfter({ 'src/a.ts': '' }, `\`\`\`ts\n// ${path}\n${text}\n\`\`\`\n`);
    assert.equal((await create('src/b.ts', 'b();')).files['src/b.ts'], 'b();\n');
    assert.match((await create('lib/b.ts', 'b();')).problems.join(), /names no file/);
    assert.match((await create('usage.ts', 'b();')).problems.join(), /names no file/);
    assert.match((await create('src/b.ts', 'b();\n// ... rest of the code')).problems.join(), /stands for lines/);
  });
});
