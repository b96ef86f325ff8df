import type { RedFlag } from '../../shared/events.ts';
import type { DeclaredFile } from '../../shared/wire.ts';
import { applyBlock, type ChangeSet } from '../changes/changeSet.ts';
import { codeWithoutEdit, foreignToolCall } from '../changes/codeWithoutEdit.ts';
import { undeclaredEdit } from '../changes/declaredEdits.ts';
import { type Block, createEditBlockParser } from '../changes/editBlocks.ts';
import { settleBlock } from '../changes/guessedPath.ts';
import { insistence, type Miss } from '../changes/misses.ts';
import { isQuotation } from '../changes/quotation.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import { type AnswerFormat, callIn, type Reading, repair } from './answerFormat.ts';
import { jsonIn, withoutThinking } from './jsonText.ts';
import { objectToSyntax } from './syntaxObjection.ts';
import type { Reader } from './turn.ts';

/** The change set a Coder works on; replaced as its edit blocks apply. */
export interface Workpiece {
  lane: string;
  subtask: string;
  changes: ChangeSet;
  /** All that may be changed; whatever the Coder finds right where undefined. */
  bounds?: readonly DeclaredFile[] | undefined;
}

/** What the Coder has to know about the form of its answer; also repeated after the gathering. */
export const EDIT_REQUEST = `Write the change now, as edit blocks, each with the file's path on the line before it:

path/to/file.ts
<<<<<<< SEARCH
the lines as they are now, copied exactly and enough of them to be unique
=======
the lines as they shall be
>>>>>>> REPLACE

A new file: leave SEARCH empty. Whole files: DELETE path, or RENAME path TO path, on a line of its own.
Only if the files already meet the subtask as they are: no block, but one line NO CHANGE: reason.
If something must be looked up first, answer with one tool call instead.`;

const PARTS_HELP = `For a long new file, write it in parts: first a block with an empty SEARCH and the first part, then, in your next answers, blocks of this form:

path/to/file.ts
<<<<<<< APPEND
the next lines
>>>>>>> APPEND

End every answer that is not the last with a line that says only MORE.`;

/** What the Coder did: it edited, or it says openly that nothing has to be changed. */
export type CoderAnswer =
  /** `said`: how it explains its edits; empty where it does not. */
  { kind: 'edited'; said: string } | { kind: 'unchanged'; claim: string };

/**
 * The format of the Coder's answer: free text with edit blocks, applied to the change set as each block closes in the
 * stream. A block that does not apply goes back with the nearest lines; what did apply stays.
 */
export function editFormat(run: RunContext, work: Workpiece): AnswerFormat<CoderAnswer> {
  /** Blocks that are applied: a model that is asked to mend one often sends them all again. */
  const done = new Set<string>();
  const paths = new Set<string>();
  const said = new Set<string>();
  /** What was searched in vain, by file: who misses the same part again has to write all of it anew. */
  const missed = new Map<string, readonly Miss[]>();
  const start = work.changes;
  /** Of the answer that is read. */
  let key = '';
  let told: 'not yet' | 'before' = 'not yet';
  return {
    request: EDIT_REQUEST,
    objectTo: async () => {
      const { lane, subtask, changes: end } = work;
      const objection = await objectToSyntax(run, { lane, subtask, key, start, end }, told);
      if (objection) told = 'before';
      return objection;
    },
    begin: ({ turnKey, emit }): Reader<Reading<CoderAnswer>> => {
      key = turnKey;
      const parser = createEditBlockParser();
      const result: BlockResults = {
        changes: work.changes,
        applied: [],
        paths: new Set(paths),
        done: new Set(done),
        said: new Set(said),
        missedBefore: new Map(missed),
        missed: new Map(missed),
        rejected: [],
        malformed: [],
      };
      let count = 0;
      let applying: Promise<void> = Promise.resolve();
      const queue = (blocks: readonly Block[]): void => {
        for (const block of blocks) {
          count += 1;
          const edit = `${turnKey}#${count}`;
          applying = applying.then(() => applyOne(run, work, result, block, edit, emit));
          // Awaited in end(); this keeps a rejection before then from counting as unhandled.
          applying.catch(() => {});
        }
      };
      return {
        push: (delta) => queue(parser.push(delta)),
        end: async ({ text, reasoning, stopReason, tokens }) => {
          const truncated = stopReason === 'length';
          queue(parser.end({ truncated }));
          await applying;
          work.changes = result.changes;
          for (const block of result.done) done.add(block);
          for (const path of result.paths) paths.add(path);
          for (const words of result.said) said.add(words);
          for (const [path, misses] of result.missed) missed.set(path, misses);
          return readingOf(result, { text: withoutThinking(text), reasoning, truncated, tokens });
        },
      };
    },
  };
}

interface BlockResults {
  changes: ChangeSet;
  applied: string[];
  /** The files that it and the answers before it changed. */
  paths: Set<string>;
  done: Set<string>;
  /** Its explanations, in their order. */
  said: Set<string>;
  /** In the answers before. */
  missedBefore: ReadonlyMap<string, readonly Miss[]>;
  missed: Map<string, readonly Miss[]>;
  rejected: string[];
  malformed: string[];
}

type Emit = Parameters<AnswerFormat<CoderAnswer>['begin']>[0]['emit'];

async function applyOne(
  run: RunContext,
  work: Workpiece,
  result: BlockResults,
  given: Block,
  edit: string,
  emit: Emit,
): Promise<void> {
  const { lane, subtask } = work;
  const { workspace } = run.base;
  const block = await settleBlock(result.changes, given, workspace);
  const isTitle = block.kind === 'malformed' && given.kind === 'whole' && given.guessed !== undefined;
  if (isTitle || (await isQuotation(result.changes, given, workspace, (path) => result.paths.has(path)))) {
    if ('path' in given && given.path !== undefined) await pinBase(run, given.path);
    return;
  }
  if (block.kind === 'malformed') {
    result.malformed.push(`${block.reason}\n${block.excerpt}`);
    emit({ type: 'edit.rejected', lane, subtask, edit, path: block.path ?? '', reason: block.reason });
    return;
  }
  const signature = JSON.stringify(block, (key, value) => (key === 'explanation' ? undefined : value));
  if (result.done.has(signature)) return;
  const outcome = await applyBlock(result.changes, block, workspace);
  if (outcome.kind === 'rejected') {
    const { path, miss } = outcome;
    await pinBase(run, path);
    const reason = (miss && insistence(path, result.missedBefore.get(path) ?? [], miss)) ?? outcome.reason;
    if (miss) result.missed.set(path, [...(result.missed.get(path) ?? []), miss]);
    result.rejected.push(`${path}: ${reason}`);
    emit({ type: 'edit.rejected', lane, subtask, edit, path, reason });
    return;
  }
  const undeclared = work.bounds && undeclaredEdit(outcome, result.changes, outcome.based, work.bounds);
  if (undeclared !== undefined) {
    await pinBase(run, outcome.from ?? outcome.path);
    result.rejected.push(`${outcome.path}: ${undeclared}`);
    emit({ type: 'edit.rejected', lane, subtask, edit, path: outcome.path, reason: undeclared });
    return;
  }
  if (outcome.based) run.base.record(outcome.based.path, outcome.based.text, outcome.based.hash);
  result.changes = outcome.changes;
  result.done.add(signature);
  result.paths.add(outcome.path);
  result.applied.push(`${outcome.action} ${outcome.path}`);
  const chunk = chunkOf(block);
  if (chunk && chunk.explanation !== '') result.said.add(chunk.explanation);
  if (chunk)
    emit({ type: 'code.chunk', lane, subtask, file: outcome.path, language: languageOf(outcome.path), ...chunk });
  const from = outcome.from === undefined ? {} : { from: outcome.from };
  emit({
    type: 'edit.applied',
    lane,
    subtask,
    edit,
    path: outcome.path,
    action: outcome.action,
    ...from,
    added: outcome.added,
    removed: outcome.removed,
  });
}

/** Records the file that an edit which was not applied was about, so that a resumed run judges the same edit on the same text. */
async function pinBase(run: RunContext, path: string): Promise<void> {
  const content = await run.base.workspace.read(path);
  if (content.kind === 'text') run.base.record(path, content.text, content.hash);
  if (content.kind === 'missing') run.base.record(path, null, null);
}

function readingOf(
  result: BlockResults,
  answer: { text: string; reasoning: string; truncated: boolean; tokens: number },
): Reading<CoderAnswer> {
  const applied = result.applied.length === 0 ? '' : `Applied: ${result.applied.join(', ')}. `;
  const hasBegun = result.malformed.length > 0 || /^<{5,9}|"code_chunk"/m.test(answer.text);
  if (answer.truncated && result.applied.length === 0 && !hasBegun) {
    const problem = `Your answer was cut off at the length limit (${answer.tokens} tokens) before it came to an edit block.`;
    return repair(
      'truncated',
      `${problem} Write in parts, and edit what is there instead of writing it again.`,
      EDIT_REQUEST,
    );
  }
  if (answer.truncated) {
    const problem = `Your answer was cut off at the length limit (${answer.tokens} tokens). ${applied}The block that was cut off was not applied.`;
    return {
      kind: 'again',
      // Parts are for what grows: an answer of which nothing was of use is one that has to be mended.
      counts: result.applied.length > 0 ? 'part' : 'repair',
      flag: 'truncated',
      problem,
      message: `${problem} Go on with what is missing, in shorter answers.\n${PARTS_HELP}`,
    };
  }
  if (result.rejected.length > 0 || result.malformed.length > 0) {
    const problems = [...result.rejected, ...result.malformed].join('\n\n');
    return {
      kind: 'again',
      counts: 'edit',
      flag: 'edit_rejected',
      message: `${applied}These edits were not applied; send them again, mended (and only them):\n\n${problems}`,
    };
  }
  if (result.applied.length > 0) {
    return /(^|\n)\s*MORE\s*$/.test(answer.text)
      ? { kind: 'again', counts: 'part', message: `${applied}Go on with the next part.` }
      : { kind: 'answer', value: { kind: 'edited', said: [...result.said].join('\n') } };
  }
  return readingWithoutEdits(answer);
}

function readingWithoutEdits({ text, reasoning }: { text: string; reasoning: string }): Reading<CoderAnswer> {
  const call = callIn(jsonIn(text) ?? jsonIn(reasoning));
  if (call) return call;
  const again = (flag: RedFlag, problem: string): Reading<CoderAnswer> => repair(flag, problem, EDIT_REQUEST);
  if (text.trim() === '') return again('empty', 'Your answer was empty.');
  const foreign = foreignToolCall(text);
  if (foreign !== undefined) return again('foreign_tool_call', foreign);
  const complaint = codeWithoutEdit(text);
  if (complaint !== undefined) return again('code_without_edit', complaint);
  const claim = noChangeClaim(text);
  if (claim !== undefined) return { kind: 'answer', value: { kind: 'unchanged', claim } };
  return again(
    'no_change',
    'Your answer holds no edit block, so nothing was changed. The subtask is not done before its change is written.',
  );
}

/** The reason on a line "NO CHANGE: reason", plain or in bold. */
function noChangeClaim(text: string): string | undefined {
  const line = /^[ \t]*NO CHANGE[ \t]*:[ \t]*(\S.*)$/m.exec(text.replaceAll('**', ''));
  return line?.[1]?.trim();
}

function chunkOf(block: Block): { chunk: string; explanation: string } | undefined {
  switch (block.kind) {
    case 'edit':
      return { chunk: block.replace.join('\n'), explanation: block.explanation };
    case 'append':
      return { chunk: block.lines.join('\n'), explanation: '' };
    case 'whole':
      return { chunk: block.text, explanation: block.explanation ?? '' };
    default:
      return undefined;
  }
}

const LANGUAGES: Record<string, string> = {
  cjs: 'javascript',
  cs: 'csharp',
  go: 'go',
  java: 'java',
  js: 'javascript',
  json: 'json',
  jsx: 'javascriptreact',
  kt: 'kotlin',
  md: 'markdown',
  mjs: 'javascript',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  ts: 'typescript',
  tsx: 'typescriptreact',
  yaml: 'yaml',
  yml: 'yaml',
};

/** VS Code's language id for a path, or the bare extension. */
function languageOf(path: string): string {
  const extension = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  return LANGUAGES[extension] ?? (extension || 'plaintext');
}
