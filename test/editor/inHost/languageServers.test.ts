import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { runTool } from '../../../src/core/tools/index.ts';
import type { ToolContext } from '../../../src/core/tools/tool.ts';
import { openEditorWorkspace } from '../../../src/host/editorWorkspace.ts';
import { openLanguageServers } from '../../../src/host/languageServers.ts';
import { openCodeFacts } from '../../../src/node/codeFacts/codeFacts.ts';
import { openDiskWorkspace } from '../../../src/node/diskWorkspace.ts';
import { conclave } from './support/editor.ts';

const folder = vscode.workspace.workspaceFolders?.[0] ?? assert.fail('no folder is open');
const dir = join(folder.uri.fsPath, 'prices');

/** TypeScript's own server is in every editor. */
describe('language servers', () => {
  let ctx: ToolContext;

  before(async () => {
    mkdirSync(dir, { recursive: true });
    const files = {
      'tsconfig.json': '{ "compilerOptions": { "module": "esnext" }, "include": ["*.ts"] }\n',
      'shop.ts':
        'export class Shop {\n  sum(): number {\n    return 1;\n  }\n}\nexport class Till {\n  sum(): number {\n    return 2;\n  }\n}\n',
      'use.ts':
        "import { Shop as Market, Till } from './shop';\nconst shop = new Market();\nshop.sum(); // sum\nnew Till().sum();\n",
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    const { extensionPath } = await conclave();
    ctx = {
      workspace: openEditorWorkspace(openDiskWorkspace(folder.uri.fsPath, { ripgrep: undefined }), folder.uri),
      code: openCodeFacts(extensionPath),
      languages: openLanguageServers(folder.uri),
      maxChars: 8000,
      signal: new AbortController().signal,
    } as Partial<ToolContext> as ToolContext;
    await vscode.window.showTextDocument(vscode.Uri.file(join(dir, 'use.ts')));
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    rmSync(dir, { recursive: true, force: true });
  });

  /** Until the server has loaded its project, the search answers. */
  async function answered(symbol: string): Promise<string> {
    for (let tries = 0; tries < 30; tries += 1) {
      const { text } = await runTool('find_references', { symbol, path: 'prices' }, ctx);
      if (text.includes('language server')) return text;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    return assert.fail('the language server does not answer');
  }

  it('tell symbols of the same name apart, and what goes by another name', async () => {
    const methods = await answered('Shop.sum');
    assert.match(methods, /prices\/shop\.ts\n {2}2 \(definition\): sum\(\): number/);
    assert.match(methods, /3 \(call, comment\): shop\.sum\(\);/);
    assert.match(methods, /4 \(call\?\): new Till\(\)\.sum\(\);/);
    assert.match(methods, /Also defined in Till/);
    // By its name alone, the search would not find that it is made here.
    assert.match(await answered('Shop'), /2 \(use\): const shop = new Market\(\);/);
  }).timeout(60_000);

  it('are not asked about what an agent has changed', async () => {
    const { text } = await runTool(
      'find_references',
      { symbol: 'Shop.sum', path: 'prices' },
      { ...ctx, changed: ['prices/use.ts'] },
    );
    assert.match(text, /4 \(call\): new Till\(\)\.sum\(\);/);
  }).timeout(60_000);
});
