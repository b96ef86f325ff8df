import { z } from 'zod';
import { onDiet } from '../models/schemaDiet.ts';
import type { JsonSchema } from '../ports.ts';
import { maskResult } from '../secrets/maskForModels.ts';
import { analyzeCodebase } from './analyzeCodebase.ts';
import { diagnostics } from './diagnostics.ts';
import { findReferences } from './findReferences.ts';
import { gitDiff } from './gitDiff.ts';
import { listFiles } from './listFiles.ts';
import { readFile } from './readFile.ts';
import { recall } from './recall.ts';
import { runTests } from './runTests.ts';
import { searchCode } from './searchCode.ts';
import { searchDocs } from './searchDocs.ts';
import { SearchError } from './searchError.ts';
import { symbols } from './symbols.ts';
import type { Tool, ToolContext, ToolResult } from './tool.ts';

/** A tool whose arguments are not checked yet. */
export interface CallableTool {
  name: string;
  description: string;
  /** JSON schema of the arguments: flat, reduced to what every server's grammar takes. */
  parameters: JsonSchema;
  /** JSON schema of the arguments in full, as it is said to programs. */
  inputSchema: JsonSchema;
  /** JSON schema of a good result's `data`, as it is said to programs; absent where there is none. */
  outputSchema?: JsonSchema;
  /** A failure of the tool is a result; only a failing port (disk, processes) and an abort reject. */
  call(args: unknown, ctx: ToolContext): Promise<ToolResult>;
}

/** Every tool by its name. */
export const TOOLS = {
  read_file: callable(readFile),
  list_files: callable(listFiles),
  search_code: callable(searchCode),
  analyze_codebase: callable(analyzeCodebase),
  search_docs: callable(searchDocs),
  find_references: callable(findReferences),
  symbols: callable(symbols),
  diagnostics: callable(diagnostics),
  git_diff: callable(gitDiff),
  run_tests: callable(runTests),
  recall: callable(recall),
} as const satisfies Record<string, CallableTool>;

export type ToolName = keyof typeof TOOLS;

/** The tools of those names, in that order. @throws Error for a name that none has */
export function toolsNamed(names: readonly string[]): CallableTool[] {
  return names.map((name) => {
    if (!isToolName(name)) throw new Error(`There is no tool "${name}".`);
    return TOOLS[name];
  });
}

/**
 * Checks the arguments and runs the tool. An unknown tool and wrong arguments are results that say what was expected.
 * Secrets in what it found are masked, whoever asks.
 * @param tools those that there are for who asks
 */
export async function runTool(
  name: string,
  args: unknown,
  ctx: ToolContext,
  tools: readonly CallableTool[] = Object.values(TOOLS),
): Promise<ToolResult> {
  ctx.signal.throwIfAborted();
  const tool = tools.find((one) => one.name === name);
  if (tool !== undefined) return maskResult(await tool.call(args, ctx), ctx.maxChars);
  const there = tools.map((one) => one.name).join(', ') || 'none';
  return { text: `There is no tool "${name}" for you; you have: ${there}.`, isError: true };
}

/**
 * What a call really asks for, as text: two calls with the same one have the same result. Small models fill in arguments
 * of other tools too; those say nothing.
 */
export function callSignature(name: string, args: unknown, tools: readonly CallableTool[]): string {
  const given = Object.entries(Object(withoutBlanks(args)) as Record<string, unknown>);
  const tool = tools.find((one) => one.name === name);
  const known = tool && propertiesOf(tool);
  const counting = given.filter(([arg]) => known === undefined || Object.hasOwn(known, arg));
  return JSON.stringify([name, counting.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/**
 * The one flat schema by which a model asks for a tool or says that it is done: `{action, args}`, where `args` takes
 * the arguments of all these tools, none of them required. Flat and without unions, because grammars of servers are.
 */
export function toolSchema(tools: readonly CallableTool[]): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const tool of tools) {
    for (const [arg, schema] of Object.entries(propertiesOf(tool))) {
      if (properties[arg] && JSON.stringify(properties[arg]) !== JSON.stringify(schema)) {
        throw new Error(`${tool.name} has an argument "${arg}" of another type than another tool.`);
      }
      properties[arg] = schema;
    }
  }
  return {
    type: 'object',
    properties: {
      action: { type: 'string', enum: [...tools.map(({ name }) => name), 'done'] },
      args: { type: 'object', properties, additionalProperties: false },
    },
    required: ['action', 'args'],
    additionalProperties: false,
  };
}

/** The tools as a request offers them: always in the same order, because they are a part of its prefix. */
export function offeredTools(
  tools: readonly CallableTool[],
): { name: string; description: string; parameters: JsonSchema }[] {
  return [...tools]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, description, parameters }) => ({ name, description, parameters }));
}

/** A Markdown list of the tools with their arguments, for prompts. */
export function describeTools(tools: readonly CallableTool[]): string {
  return tools.map((tool) => `- \`${signatureOf(tool)}\`: ${tool.description}`).join('\n');
}

function callable<Args, Data>(tool: Tool<Args, Data>): CallableTool {
  const inputSchema = z.toJSONSchema(tool.args, { io: 'input' }) as JsonSchema;
  const made: CallableTool = {
    name: tool.name,
    description: tool.description,
    parameters: onDiet(inputSchema),
    inputSchema,
    outputSchema: z.toJSONSchema(tool.result) as JsonSchema,
    call: async (args, ctx) => {
      // No file and no program can be given one.
      if (JSON.stringify(args ?? {}).includes('\\u0000')) {
        return { text: 'An argument holds a NUL character. Ask again without it.', isError: true };
      }
      const parsed = tool.args.safeParse(withoutBlanks(args));
      if (!parsed.success) {
        const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'args'}: ${message}`);
        return { text: `Wrong arguments: ${problems.join('; ')}. Expected ${signatureOf(made)}.`, isError: true };
      }
      try {
        return await tool.run(parsed.data, ctx);
      } catch (error) {
        if (error instanceof SearchError) return { text: error.message.slice(0, ctx.maxChars), isError: true };
        throw error;
      }
    },
  };
  return made;
}

/** Small models fill in every argument of the flat schema; an empty one, a line 0 or a "no" means that it is not given. */
function withoutBlanks(args: unknown): unknown {
  if (typeof args !== 'object' || args === null || Array.isArray(args)) return args ?? {};
  return Object.fromEntries(Object.entries(args).filter(([, value]) => !isBlank(value)));
}

function isBlank(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isBlank);
  return value === null || value === '' || value === 0 || value === false;
}

function isToolName(name: string): name is ToolName {
  return Object.hasOwn(TOOLS, name);
}

/** `read_file(path: string, start_line?: integer)` */
function signatureOf(tool: CallableTool): string {
  const required = new Set(Array.isArray(tool.parameters.required) ? tool.parameters.required : []);
  const args = Object.entries(propertiesOf(tool)).map(
    ([name, schema]) => `${name}${required.has(name) ? '' : '?'}: ${typeText(schema)}`,
  );
  return `${tool.name}(${args.join(', ')})`;
}

function typeText({ type, items }: JsonSchema): string {
  return type === 'array' ? `${typeText(Object(items))}[]` : String(type);
}

function propertiesOf(tool: CallableTool): Record<string, JsonSchema> {
  return (tool.parameters.properties ?? {}) as Record<string, JsonSchema>;
}
