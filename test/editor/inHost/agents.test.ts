import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { conclave } from './support/editor.ts';

describe("the editor's own chat", () => {
  interface Manifest {
    languageModelTools: { name: string; inputSchema: unknown }[];
  }
  let contributes: Manifest;

  before(async () => {
    ({ contributes } = (await conclave()).packageJSON as { contributes: Manifest });
  });

  it('has every tool of the manifest, where the editor has tools', () => {
    const known = new Set(vscode.lm.tools.map(({ name }) => name));
    assert.deepEqual(
      contributes.languageModelTools.map(({ name }) => name).filter((name) => !known.has(name)),
      [],
    );
  });

  it('gets answers from them', async () => {
    const ask = async (name: string, input: object): Promise<string> => {
      const { content } = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
      return content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
    };
    assert.match(await ask('conclave_find_references', { symbol: 'greet' }), /src\/greet\.js\n {2}1 \(definition\)/);
    assert.match(await ask('conclave_analyze_codebase', {}), /greeter/);
    assert.match(await ask('conclave_search_docs', { query: 'nothing of the kind' }), /nothing|no /i);
    assert.match(await ask('conclave_run_tests', {}), /greets|passed/);
  });
});
