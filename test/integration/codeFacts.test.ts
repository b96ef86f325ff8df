import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Code, CodeFacts } from '../../src/core/ports.ts';
import { occurrencesIn } from '../../src/core/tools/occurrences.ts';
import { openCodeFacts } from '../../src/node/codeFacts/codeFacts.ts';
import { CODE_SAMPLES } from '../fixtures/codeSamples.ts';

const { signal } = new AbortController();

async function factsOf(code: Code, path: string, text: string): Promise<CodeFacts | undefined> {
  const hash = createHash('sha256').update(text).digest('hex');
  const [facts] = await code.facts([{ path, hash, text: async () => text }], signal);
  return facts;
}

describe('what the code of a text says', () => {
  let code: Code;
  before(() => {
    code = openCodeFacts(resolve('.'));
  });

  for (const sample of CODE_SAMPLES) {
    describe(`in ${sample.grammar}`, () => {
      it('is what it defines and imports', async () => {
        const facts = await factsOf(code, sample.path, sample.text);
        const symbols = facts?.symbols.map(({ line, kind, container, name, exported, doc }) => {
          const full = container === undefined ? name : `${container}.${name}`;
          return `${line} ${kind} ${full}${exported ? '*' : ''}${doc === undefined ? '' : `: ${doc}`}`;
        });
        assert.deepEqual(symbols, sample.symbols);
        assert.deepEqual(
          facts?.imports.map(({ line, from, names }) => `${line} ${from}: ${names.join(', ')}`),
          sample.imports,
        );
        const lines = sample.text.split('\n');
        for (const { name, line, column, endLine, signature } of facts?.symbols ?? []) {
          assert.ok(lines[line - 1]?.startsWith(name, column - 1), `${name} stands at ${line}:${column}`);
          assert.ok(endLine >= line && endLine < lines.length, `${name} ends in line ${endLine}`);
          assert.equal(signature, lines[line - 1]?.trim());
        }
        assert.equal(facts?.lines, lines.length - 1);
      });

      it('tells what a name is doing in every place', async () => {
        const { path, text } = sample;
        const facts = await factsOf(code, path, text);
        const lines = new Map(text.split('\n').map((line, index) => [index + 1, line]));
        const found = occurrencesIn({ path, lines, facts }, 'pay');
        assert.deepEqual(
          found.map(({ line, kind }) => `${line} ${kind}`),
          sample.pay,
        );
      });
    });
  }

  it('is not known of other languages', async () => {
    assert.equal(await factsOf(code, 'a.rb', 'def pay; end\n'), undefined);
    assert.equal(await factsOf(code, 'notes.md', '# pay\n'), undefined);
    assert.equal(await factsOf(code, 'a.json', '{}\n'), undefined);
  });
});
