import { z } from 'zod';
import { newErrors } from '../checks/newErrors.ts';
import type { Diagnostic } from '../ports.ts';
import { cutLine, fitting } from './bounded.ts';
import { counted } from './counted.ts';
import { changedPaths, findBase } from './gitBase.ts';
import { givenPath } from './givenPath.ts';
import { unreadable } from './readFile.ts';
import type { Tool, ToolContext, ToolResult } from './tool.ts';

const ARGS = z.object({ path: z.string().optional(), paths: z.array(z.string()).optional() });

const RESULT = z.object({
  problems: z.array(
    z.object({
      path: z.string(),
      line: z.int(),
      column: z.int(),
      severity: z.enum(['error', 'warning', 'information', 'hint']),
      message: z.string(),
      source: z.string().optional(),
    }),
  ),
  found: z.int(),
  /** Who was asked, in words. */
  asked: z.array(z.string()),
  /** Files that nobody has looked at, and why. */
  not_checked: z.array(z.object({ path: z.string(), why: z.string() })),
  truncated: z.boolean(),
});
type Data = z.infer<typeof RESULT>;

/** Files that are looked at in one call. */
const MOST_FILES = 100;
/** Files that are named as not looked at. */
const NAMED = 5;
const LONGEST_MESSAGE = 300;
const ORDER = ['error', 'warning', 'information', 'hint'] as const;

export const diagnostics: Tool<z.infer<typeof ARGS>, Data> = {
  name: 'diagnostics',
  description:
    'Shows errors and warnings of files or folders, or of what is changed: syntax errors, and in the editor what its language servers report.',
  args: ARGS,
  result: RESULT,
  run: async (args, ctx) => {
    const given = [...(args.path === undefined ? [] : [args.path]), ...(args.paths ?? [])];
    const named = [...new Set(given.map((path) => givenPath(path, ctx.workspace)))];
    const checked = await filesOf(named, ctx);
    if ('problem' in checked) return { text: checked.problem, isError: true };
    return answer(await check(checked, ctx), ctx);
  },
};

interface Checked {
  paths: readonly string[];
  notChecked: Data['not_checked'];
}

/** The files that are meant: those named, all of the folders named, or what is changed. */
async function filesOf(named: readonly string[], ctx: ToolContext): Promise<Checked | { problem: string }> {
  if (named.length === 0) {
    const changed = ctx.changed ?? (await uncommitted(ctx));
    if (changed === undefined) return { problem: 'The workspace is no git repository: give a path.' };
    return bounds(changed);
  }
  const paths: string[] = [];
  const notChecked: Data['not_checked'] = [];
  for (const path of named) {
    const content = await ctx.workspace.read(path);
    if (content.kind === 'directory' || path === '.') {
      const listed = (await ctx.workspace.list(ctx.signal)).map((entry) => entry.path);
      paths.push(...listed.filter((other) => path === '.' || other.startsWith(`${path}/`)));
    } else if (content.kind === 'text') paths.push(path);
    else notChecked.push({ path, why: await unreadable(path, content, ctx) });
  }
  const [first] = notChecked;
  if (paths.length === 0 && first) return { problem: first.why };
  const { paths: bounded, notChecked: left } = bounds(paths);
  return { paths: bounded, notChecked: [...notChecked, ...left] };
}

function bounds(all: readonly string[]): Checked {
  const paths = [...new Set(all)];
  const notChecked = paths.slice(MOST_FILES).map((path) => ({ path, why: `at most ${MOST_FILES} files are at once` }));
  return { paths: paths.slice(0, MOST_FILES), notChecked };
}

async function uncommitted(ctx: ToolContext): Promise<readonly string[] | undefined> {
  const base = await findBase(undefined, ctx);
  return base.kind === 'commit' ? changedPaths(base.commit, '.', ctx) : undefined;
}

interface Found extends Checked {
  problems: Diagnostic[];
  asked: string[];
}

async function check({ paths, notChecked }: Checked, ctx: ToolContext): Promise<Found> {
  const changed = new Set(ctx.changed ?? []);
  // Language servers know what is in the editor, which an agent's change is not yet.
  const inEditor = paths.filter((path) => !changed.has(path));
  const { languages } = ctx;
  const reported = languages && inEditor.length > 0 ? await languages.diagnostics(inEditor, ctx.signal) : [];
  const grammars = new Set<string>();
  const problems = [...reported];
  const unchecked = [...notChecked];
  for (const [at, path] of paths.entries()) {
    ctx.signal.throwIfAborted();
    ctx.onProgress?.({ message: `Checking ${path}`, done: at, total: paths.length });
    const parsed = await parse(path, ctx);
    if (parsed.kind === 'parsed') {
      grammars.add(parsed.language);
      const known = new Set(
        reported.filter((one) => one.path === path && one.severity === 'error').map(({ line }) => line),
      );
      problems.push(...parsed.problems.filter(({ line }) => !known.has(line)));
    } else if (!languages || changed.has(path)) unchecked.push({ path, why: parsed.why });
  }
  return {
    paths,
    problems: problems.sort(inOrder),
    asked: [
      ...(languages && inEditor.length > 0 ? ["the editor's language servers"] : []),
      ...(grammars.size > 0 ? [`the grammars of ${[...grammars].sort().join(', ')}, which see wrong syntax only`] : []),
    ],
    notChecked: unchecked,
  };
}

async function parse(
  path: string,
  ctx: ToolContext,
): Promise<{ kind: 'parsed'; language: string; problems: Diagnostic[] } | { kind: 'not'; why: string }> {
  const content = await ctx.workspace.read(path);
  if (content.kind !== 'text')
    return { kind: 'not', why: content.kind === 'missing' ? 'it is not there' : 'it is no text' };
  const parsed = await ctx.syntax?.errorsIn(path, content.text);
  switch (parsed?.kind) {
    case undefined:
    case 'unknown':
      return { kind: 'not', why: 'there is no grammar for it' };
    case 'slow':
      return { kind: 'not', why: 'it takes too long to parse' };
    case 'large':
      return { kind: 'not', why: 'it is too large to parse' };
    case 'unavailable':
      return { kind: 'not', why: parsed.reason };
    case 'parsed': {
      const errors = newErrors(path, null, { text: content.text, parsed });
      const problems = errors.map(({ line, column, message }) => {
        return { path, line, column, severity: 'error' as const, message, source: 'syntax' };
      });
      return { kind: 'parsed', language: parsed.language, problems };
    }
    default:
      return parsed satisfies never;
  }
}

function inOrder(a: Diagnostic, b: Diagnostic): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.line - b.line || a.column - b.column || ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity);
}

function answer({ paths, problems, asked, notChecked }: Found, ctx: ToolContext): ToolResult<Data> {
  if (paths.length === 0) {
    const text = 'Nothing is changed. Give a path to look at a file or a folder.';
    return { text, isError: false, data: { problems, found: 0, asked, not_checked: notChecked, truncated: false } };
  }
  const counts = ORDER.map((severity) => problems.filter((one) => one.severity === severity).length);
  const sums = counts.flatMap((count, at) => (count === 0 ? [] : [counted(count, ORDER[at] ?? '')]));
  const looked = paths.filter((path) => !notChecked.some((one) => one.path === path));
  const where = looked.length === 1 ? looked[0] : counted(looked.length, 'file');
  const head = `${problems.length === 0 ? 'No problems' : sums.join(', ')} in ${where}.`;
  const who = asked.length === 0 ? 'Nobody could be asked.' : `Asked: ${asked.join('; ')}.`;
  const left = notChecked.slice(0, NAMED).map(({ path, why }) => `${path} (${cutLine(why, 100)})`);
  const more = notChecked.length > NAMED ? ` and ${notChecked.length - NAMED} more` : '';
  const foot = [who, ...(left.length === 0 ? [] : [`Not checked: ${left.join(', ')}${more}.`])].join('\n');

  const texts = rowsOf(problems);
  const notice = '[More are not shown: give one file.]';
  const room = ctx.maxChars - head.length - foot.length - notice.length - 4;
  const kept = texts.slice(
    0,
    fitting(
      texts.map(({ text }) => text),
      room,
    ),
  );
  const shown = problems.filter((problem) => kept.some((row) => row.problem === problem));
  const isCut = shown.length < problems.length;
  return {
    text: [head, ...kept.map(({ text }) => text), ...(isCut ? [notice] : []), foot].join('\n').slice(0, ctx.maxChars),
    isError: false,
    data: { problems: shown, found: problems.length, asked, not_checked: notChecked, truncated: isCut },
  };
}

function rowsOf(problems: readonly Diagnostic[]): { text: string; problem?: Diagnostic }[] {
  return problems.flatMap((problem, at) => {
    const { path, line, column, severity, message, source } = problem;
    const words = cutLine(message.replace(/\s+/g, ' ').trim(), LONGEST_MESSAGE);
    const text = `  ${line}:${column} ${severity}: ${words}${source === undefined ? '' : ` (${source})`}`;
    return [...(problems[at - 1]?.path === path ? [] : [{ text: path }]), { text, problem }];
  });
}
