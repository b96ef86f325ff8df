import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { CallToolResult, Tool } from '@modelcontextprotocol/sdk/types.js';
import { execa } from 'execa';
import { TOOLS } from '../../src/core/tools/index.ts';
import { CLI, type Conclave, openConclave } from '../support/conclave.ts';
import { type ServedMcp, serveMcp } from '../support/mcp.ts';
import { GREETER, makeProject, type Project } from '../support/project.ts';

/** What an argument is called with, whatever the tool. */
const ARGUMENTS: Record<string, string> = {
  path: 'src/greet.js',
  paths: '["src/greet.js"]',
  query: 'greet',
  symbol: 'greet',
  pattern: 'greet',
  file: 'src/greet.js',
};

/** One of several is needed, which a flat schema cannot say. */
const NEEDED: Record<string, string[]> = { read_file: ['path'], symbols: ['path'] };

/** The Inspector's command line: what a user looks at a server with. */
describe('The MCP Inspector', () => {
  let project: Project;
  let conclave: Conclave;
  let served: ServedMcp;

  before(async () => {
    project = makeProject({ ...GREETER, 'README.md': '# Greeter\n\nIt says how to greet.\n' });
    conclave = openConclave({});
    served = await serveMcp(conclave, project.dir);
  });
  after(async () => {
    await served.stop();
    conclave.remove();
    project.remove();
  });

  const ways = {
    'standard input and output': () => [process.execPath, CLI, 'mcp', '--workspace', project.dir],
    HTTP: () => [`${served.url}/mcp`, '--transport', 'http', '--header', `Authorization: Bearer ${served.token}`],
  };
  for (const [way, target] of Object.entries(ways)) {
    it(`lists and calls every tool over ${way}`, async () => {
      const inspect = <T>(...args: string[]): Promise<T> => inspected<T>(conclave, [...target(), ...args]);
      const { tools } = await inspect<{ tools: Tool[] }>('--method', 'tools/list');
      assert.deepEqual(tools.map(({ name }) => name).sort(), Object.keys(TOOLS).sort());
      for (const { name, inputSchema, outputSchema } of tools) {
        const args = (NEEDED[name] ?? inputSchema.required ?? []).flatMap((argument) => {
          const value = ARGUMENTS[argument];
          assert.ok(value !== undefined, `${name} needs "${argument}", for which this test has no value`);
          return ['--tool-arg', `${argument}=${value}`];
        });
        const result = await inspect<CallToolResult>('--method', 'tools/call', '--tool-name', name, ...args);
        const [content] = result.content;
        assert.ok(content?.type === 'text' && content.text !== '', name);
        assert.ok(!result.isError, `${name}: ${content.text}`);
        assert.equal(result.structuredContent !== undefined, outputSchema !== undefined, name);
      }
    }).timeout(300_000);
  }
});

const { resolve } = createRequire(import.meta.url);

async function inspected<T>({ env }: Conclave, args: string[]): Promise<T> {
  // It looks for its package.json from where it is started, as if that was always its own folder.
  const cwd = join(dirname(resolve('@modelcontextprotocol/inspector-cli/package.json')), 'build');
  const { stdout } = await execa(process.execPath, ['cli.js', '--cli', ...args], { cwd, env, stdin: 'ignore' });
  return JSON.parse(stdout) as T;
}
