import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { BaseText, ChangeSet } from '../../src/core/changes/changeSet.ts';
import { overlay } from '../../src/core/changes/overlay.ts';
import type { Code } from '../../src/core/ports.ts';
import { runTool, TOOLS } from '../../src/core/tools/index.ts';
import type { Progress, ToolContext } from '../../src/core/tools/tool.ts';
import { openCodeFacts } from '../../src/node/codeFacts/codeFacts.ts';
import { openDiskWorkspace } from '../../src/node/diskWorkspace.ts';
import { nodeProcesses } from '../../src/node/processes.ts';

interface Analysis {
  files: number;
  lines: number;
  truncated: boolean;
  map: { path: string; symbols: { name: string; line: number; kind: string; signature: string }[] }[];
}

/** Small projects: `hub` is what the others need, by imports as each language writes them; `lone` is bigger, but alone. */
const PROJECTS: Record<string, { files: Record<string, string>; hub: string; symbol: string; patterns?: false }> = {
  TypeScript: {
    hub: 'src/money/index.ts',
    symbol: 'amountOf',
    files: {
      'package.json': '{"name":"shop","workspaces":["packages/*"]}',
      'src/money/index.ts':
        'export function amountOf(text: string): number {\n  return Number(text);\n}\nexport const unused = 1;\n',
      'src/cart.ts': "import { amountOf } from './money';\nexport class Cart {\n  total = amountOf('1');\n}\n",
      'src/pay.ts': "import { amountOf } from './money/index.js';\nexport const pay = () => amountOf('2');\n",
      'src/refund.tsx': "import { amountOf } from '@/money';\nexport function refund() { return amountOf('3'); }\n",
      'packages/app/package.json': '{"name":"@shop/app"}',
      'packages/app/src/index.ts': 'export function start(): void {}\n',
      'src/main.ts': "import { start } from '@shop/app';\nimport { Cart } from './cart';\nstart();\nnew Cart();\n",
    },
  },
  Python: {
    hub: 'shop/money.py',
    symbol: 'amount_of',
    files: {
      'shop/__init__.py': '',
      'shop/money.py':
        'def amount_of(text):\n    """Reads an amount."""\n    return int(text)\n\ndef unused():\n    pass\n',
      'shop/cart.py': 'from .money import amount_of\n\nclass Cart:\n    total = amount_of("1")\n',
      'shop/pay.py': 'from shop.money import amount_of\n\ndef pay():\n    return amount_of("2")\n',
      'shop/refunds/late.py': 'from ..money import amount_of\n\ndef refund():\n    return amount_of("3")\n',
      'tests/test_money.py': 'from shop.money import amount_of\n\ndef test_amount():\n    assert amount_of("1") == 1\n',
    },
  },
  Go: {
    hub: 'internal/money/money.go',
    symbol: 'AmountOf',
    files: {
      'go.mod': 'module example.org/shop\n\ngo 1.22\n',
      'internal/money/money.go':
        'package money\n\n// AmountOf reads an amount.\nfunc AmountOf(text string) int {\n\treturn len(text)\n}\n',
      'internal/money/money_test.go': 'package money\n\nfunc TestAmount() {\n}\n',
      'cart/cart.go':
        'package cart\n\nimport (\n\t"fmt"\n\t"example.org/shop/internal/money"\n)\n\nfunc Total() int {\n\tfmt.Println()\n\treturn money.AmountOf("1")\n}\n',
      'cmd/shop/main.go':
        'package main\n\nimport "example.org/shop/internal/money"\nimport "example.org/shop/cart"\n\nfunc main() {\n\tmoney.AmountOf("2")\n\tcart.Total()\n}\n',
    },
  },
  Rust: {
    hub: 'src/money.rs',
    symbol: 'amount_of',
    files: {
      'Cargo.toml': '[package]\nname = "shop"\n',
      'src/main.rs': 'mod cart;\nmod money;\nmod pay;\n\nfn main() {\n    cart::total();\n}\n',
      'src/money.rs': 'pub fn amount_of(text: &str) -> usize {\n    text.len()\n}\n',
      'src/cart.rs': 'use crate::money::amount_of;\n\npub fn total() -> usize {\n    amount_of("1")\n}\n',
      'src/pay/mod.rs':
        'use crate::money::{amount_of};\nuse std::fmt;\n\npub fn pay() -> usize {\n    amount_of("2")\n}\n',
    },
  },
  Java: {
    hub: 'src/main/java/org/shop/money/Money.java',
    symbol: 'Money',
    files: {
      'pom.xml': '<project><artifactId>shop</artifactId></project>',
      'src/main/java/org/shop/money/Money.java':
        'package org.shop.money;\n\npublic class Money {\n  public static int amountOf(String text) {\n    return 1;\n  }\n}\n',
      'src/main/java/org/shop/Cart.java':
        'package org.shop;\n\nimport java.util.List;\nimport org.shop.money.Money;\n\npublic class Cart {\n  int total = Money.amountOf("1");\n}\n',
      'src/main/java/org/shop/Pay.java':
        'package org.shop;\n\nimport static org.shop.money.Money.amountOf;\n\npublic class Pay {\n}\n',
      'src/main/java/org/shop/App.java': 'package org.shop;\n\nimport org.shop.money.*;\n\npublic class App {\n}\n',
    },
  },
  'C#': {
    hub: 'Shop/Money/Amount.cs',
    symbol: 'Amount',
    files: {
      'Shop/Shop.csproj': '<Project Sdk="Microsoft.NET.Sdk"></Project>',
      'Shop/Money/Amount.cs': 'namespace Shop.Money;\n\npublic class Amount\n{\n}\n',
      'Shop/Cart.cs': 'using System;\nusing Shop.Money;\n\nnamespace Shop;\n\npublic class Cart\n{\n}\n',
      'Shop/Pay.cs': 'using Shop.Money;\n\nnamespace Shop;\n\npublic class Pay\n{\n}\n',
    },
  },
  'C++': {
    hub: 'include/shop/money.hpp',
    symbol: 'Money',
    files: {
      'CMakeLists.txt': 'project(shop)\nadd_executable(shop src/main.cpp)\n',
      'include/shop/money.hpp': '#pragma once\n\nclass Money {\n public:\n  int amount() const;\n};\n',
      'src/money.cpp': '#include "shop/money.hpp"\n\nint Money::amount() const { return 1; }\n',
      'src/cart.cpp': '#include <vector>\n#include "shop/money.hpp"\n\nclass Cart {\n};\n',
      'src/main.cpp': '#include <shop/money.hpp>\n\nint main() { return 0; }\n',
    },
  },
  PHP: {
    hub: 'src/Money/Amount.php',
    symbol: 'Amount',
    files: {
      'composer.json': '{"name":"a/shop"}',
      'src/Money/Amount.php': '<?php\nnamespace Shop\\Money;\n\nclass Amount {\n}\n',
      'src/Cart.php': '<?php\nnamespace Shop;\n\nuse Shop\\Money\\Amount;\n\nclass Cart {\n}\n',
      'src/Pay.php': '<?php\nnamespace Shop;\n\nuse Shop\\Money\\Amount;\n\nfinal class Pay {\n}\n',
    },
  },
  Ruby: {
    hub: 'lib/shop/money.rb',
    symbol: 'Money',
    files: {
      Gemfile: "gem 'rspec'\n",
      'lib/shop/money.rb': 'module Shop\n  class Money\n  end\nend\n',
      'lib/shop/cart.rb': "require_relative 'money'\n\nclass Cart\nend\n",
      'lib/shop/pay.rb': "require 'shop/money'\n\nclass Pay\nend\n",
    },
  },
  Kotlin: {
    hub: 'app/src/main/kotlin/org/shop/money/Money.kt',
    symbol: 'Money',
    files: {
      'build.gradle.kts': 'dependencies {\n  implementation("a.b:c:1")\n}\n',
      'app/src/main/kotlin/org/shop/money/Money.kt': 'package org.shop.money\n\nclass Money\n',
      'app/src/main/kotlin/org/shop/Cart.kt': 'package org.shop\n\nimport org.shop.money.Money\n\nclass Cart\n',
      'app/src/main/kotlin/org/shop/Pay.kt': 'package org.shop\n\nimport org.shop.money.Money\n\nclass Pay\n',
    },
  },
};

/** Each knows nothing yet of what was found before. */
for (const [by, openCode] of [
  ['grammars', (): Code => ({ facts: (files, signal) => openCodeFacts(resolve('.')).facts(files, signal) })],
  ['patterns', (): Code => ({ facts: async (files) => files.map(() => undefined) })],
] as const) {
  describe(`analyze_codebase, by ${by}`, () => {
    let root: string;
    let code: Code;

    beforeEach(async () => {
      root = await realpath(await mkdtemp(join(tmpdir(), 'conclave-survey-')));
      code = openCode();
    });
    afterEach(() => rm(root, { recursive: true, force: true }));

    for (const [language, { files, hub, symbol }] of Object.entries(PROJECTS)) {
      it(`has the file first that the others of a ${language} project need`, async () => {
        const lone = Array.from({ length: 30 }, (_, at) => `// ${at}`).join('\n');
        await write({ ...files, [`lone${hub.slice(hub.lastIndexOf('.'))}`]: lone });
        const { text, data } = await analyze();
        assert.deepEqual(data.map[0]?.path, hub, text);
        assert.equal(
          data.map[0]?.symbols.some(({ name }) => name === symbol),
          true,
          text,
        );
        const shown = data.map.map(({ path }) => path);
        assert.equal(
          shown.findIndex((path) => /test/.test(path)),
          shown.some((path) => /test/.test(path)) ? shown.length - 1 : -1,
        );
      });
    }

    it('begins at what a query names', async () => {
      await write({ ...PROJECTS.TypeScript?.files, 'src/labels.ts': 'export function labelPrinter() {}\n' });
      assert.equal((await analyze({ query: 'print labels' })).data.map[0]?.path, 'src/labels.ts');
      assert.equal((await analyze({ query: 'what does src/refund.tsx do' })).data.map[0]?.path, 'src/refund.tsx');
      assert.equal((await analyze({ query: 'zebra' })).data.map[0]?.path, 'src/money/index.ts');
      const under = (await analyze({ under: 'packages' })).data;
      assert.deepEqual(
        under.map.map(({ path }) => path),
        ['packages/app/src/index.ts'],
      );
    });

    it('says in words what it says in data, and where each symbol is', async () => {
      await write(PROJECTS.TypeScript?.files ?? {});
      const { text, data } = await analyze();
      for (const { path, symbols } of data.map) {
        assert.ok(text.includes(`\n${path}\n`), text);
        for (const { line, name, signature } of symbols) {
          assert.ok(text.includes(`  ${line}: ${signature}`) && signature.includes(name), text);
          const lines = (PROJECTS.TypeScript?.files[path] ?? '').split('\n');
          assert.ok(lines[line - 1]?.includes(name), `${path}:${line} ${name}`);
        }
      }
      const schema = TOOLS.analyze_codebase.outputSchema as { required: string[] };
      assert.deepEqual(Object.keys(data).sort(), [...schema.required].sort());
    });

    it('keeps to its room, and leaves out the least', async () => {
      await write(manyFiles(120));
      let before = 0;
      for (const maxChars of [500, 1000, 2000, 4000, 8000, 24_000]) {
        const { text, data } = await analyze({}, { maxChars });
        assert.ok(text.length <= maxChars, `${text.length} > ${maxChars}`);
        assert.ok(JSON.stringify(data).length <= maxChars, `data ${JSON.stringify(data).length} > ${maxChars}`);
        assert.match(text, /^The workspace: 121 files/);
        assert.doesNotMatch(text, /\n\n\n/);
        if (maxChars < 8000) assert.match(text, /under="<folder>"/);
        if (maxChars >= 1000) assert.match(text, /\nsrc\/hub\.ts\n {2}\d+: hub\(given: string\): string/, text);
        const symbols = (text.match(/^ {2}\d+: /gm) ?? []).length;
        assert.ok(symbols >= before, `${symbols} in ${maxChars}`);
        before = symbols;
        if (maxChars >= 2000) assert.ok(text.length > maxChars * 0.8 || symbols > 300, `${text.length} of ${maxChars}`);
      }
    });

    it('finds after any changes what one that knows nothing yet finds', async () => {
      await write(manyFiles(25));
      const changes = new Map<string, string | null>();
      let seed = 7;
      const next = (below: number) => {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        return (seed >>> 8) % below;
      };
      for (let step = 0; step < 200; step += 1) {
        const path = next(6) === 0 ? `src/new${next(5)}.ts` : `src/f${next(25)}.ts`;
        const imports = Array.from(
          { length: next(4) },
          () => `import { f${next(25)} } from './${next(8) === 0 ? `new${next(5)}` : `f${next(25)}`}';`,
        );
        const text = `${imports.join('\n')}\nexport function f${next(25)}() {}\n`;
        if (next(5) === 0) changes.set(path, null);
        else if (next(7) === 0) changes.delete(path);
        else changes.set(path, text);
        const workspace = overlay(openDiskWorkspace(root, { ripgrep: undefined }), changed(changes));
        const args = next(3) === 0 ? { query: `f${next(25)}` } : {};
        const incremental = await analyze(args, { workspace });
        if (step % 4 === 0)
          assert.deepEqual(incremental, await analyze(args, { workspace, code: openCode() }), `step ${step}`);
      }
    });

    it('tells how far it is, and stops when it is told to', async () => {
      await write(manyFiles(200));
      const seen: Progress[] = [];
      await analyze({}, { onProgress: (progress) => seen.push(progress) });
      assert.ok(seen.length > 1 && seen.every(({ done, total }) => done <= (total ?? 0)), JSON.stringify(seen));
      const abort = new AbortController();
      const stopped = analyze(
        {},
        { code: openCode(), signal: abort.signal, onProgress: () => abort.abort(new Error('enough')) },
      );
      await assert.rejects(stopped, /enough/);
    });

    async function analyze(
      args: object = {},
      over: Partial<ToolContext> = {},
    ): Promise<{ text: string; data: Analysis }> {
      const { text, isError, data } = await runTool('analyze_codebase', args, {
        workspace: openDiskWorkspace(root, { ripgrep: undefined }),
        processes: nodeProcesses(),
        code,
        runChecks: () => assert.fail('nothing is run'),
        maxChars: 8000,
        signal: new AbortController().signal,
        ...over,
      });
      assert.equal(isError, false, text);
      return { text, data: data as Analysis };
    }

    async function write(files: Record<string, string>): Promise<void> {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), text);
      }
    }
  });
}

/** All need the hub, which comes last by its name's length and in no list. */
function manyFiles(count: number): Record<string, string> {
  const files = Array.from({ length: count }, (_, at) => [
    `src/f${at}.ts`,
    `import { hub } from './hub';\nimport { f${at + 1} } from './f${at + 1}';\n${Array.from({ length: 6 }, (_, i) => `export function f${at}${'_'.repeat(i)}(given: string): string {\n  return hub(given);\n}\n`).join('')}`,
  ]);
  return {
    ...Object.fromEntries(files),
    'src/hub.ts': 'export function hub(given: string): string {\n  return given;\n}\n',
  };
}

function changed(files: ReadonlyMap<string, string | null>): ChangeSet {
  const base: BaseText = { text: null, hash: null };
  return { files: new Map([...files].map(([path, text]) => [path, { path, base, text }])) };
}
