import { z } from 'zod';
import { bounded, cutAtLines, cutLine } from './bounded.ts';
import { counted } from './counted.ts';
import type { Change } from './gitChanges.ts';
import { BLAMED, type Blamed, COMMIT, type Commit } from './gitHistory.ts';
import type { ToolContext, ToolResult } from './tool.ts';

const FILE = z.object({
  path: z.string(),
  status: z.enum(['added', 'modified', 'deleted', 'renamed', 'not_compared']),
  from: z.string().optional(),
  note: z.string().optional(),
  added: z.number().int().optional(),
  removed: z.number().int().optional(),
});

export const RESULT = z.object({
  against: z.string().optional(),
  files: z.array(FILE).optional(),
  /** Unified. */
  diff: z.string().optional(),
  commit: COMMIT.extend({ message: z.string() }).optional(),
  commits: z.array(COMMIT).optional(),
  blame: z.array(BLAMED).optional(),
  /** What else is to be known, and how to read on. */
  notes: z.array(z.string()).optional(),
  truncated: z.boolean(),
});
type Data = z.infer<typeof RESULT>;

const STATUS = { A: 'added', M: 'modified', D: 'deleted', R: 'renamed' } as const;
/** Of a message, an author's name or a subject, in a list of them. */
const LONGEST_LINE = 200;

/** What differs, as a diff or as counts; of a commit with what was said of it. */
export function diffResult(
  {
    changes,
    rest,
    against,
    isStat,
    commit,
  }: {
    changes: readonly Change[];
    rest: readonly string[];
    against: string;
    isStat: boolean;
    commit?: Commit & { message: string };
  },
  ctx: ToolContext,
): ToolResult<Data> {
  const about =
    commit === undefined ? '' : `${commitLine(commit)}\n${cutAtLines(bodyOf(commit), ctx.maxChars / 4).text}\n\n`;
  const text = about + diffText({ changes, rest, against, isStat });
  const readOn =
    changes.length > 1
      ? 'git_diff with file="<file or folder>" shows one; read_file shows a file as it is now.'
      : 'read_file shows the file as it is now.';
  const whole = bounded(text, ctx.maxChars, () => readOn);

  const files: z.infer<typeof FILE>[] = [
    ...changes.map(({ letter, path, from, note, added, removed }) => ({
      path,
      status: STATUS[letter],
      ...(from === undefined ? {} : { from }),
      ...(note === undefined ? {} : { note }),
      added,
      removed,
    })),
    ...rest.map((path) => ({ path, status: 'not_compared' as const })),
  ];
  const some = fitting(files, ctx.maxChars / 2);
  const said = commit && { ...commit, message: cutAtLines(commit.message, ctx.maxChars / 4).text };
  const room = ctx.maxChars - JSON.stringify([some, said]).length;
  const diff = isStat ? undefined : cutAtLines(diffsOf(changes), Math.max(0, room));
  const truncated = some.length < files.length || rest.length > 0 || diff?.cut !== undefined;
  return {
    text: whole,
    isError: false,
    data: {
      against,
      files: some,
      ...(diff && { diff: diff.text }),
      ...(said && { commit: said }),
      ...(truncated && { notes: [readOn] }),
      truncated,
    },
  };
}

function diffText({
  changes,
  rest,
  against,
  isStat,
}: {
  changes: readonly Change[];
  rest: readonly string[];
  against: string;
  isStat: boolean;
}): string {
  const count = changes.length + rest.length;
  if (count === 0) return `Nothing differs from ${against}.`;
  const title = `${counted(count, 'file')} ${count === 1 ? 'differs' : 'differ'} from ${against}${isStat ? `, ${sums(changes)}` : ''}:`;
  const names = changes.map((change) => {
    const counts = isStat && change.note === undefined ? ` +${change.added} -${change.removed}` : '';
    const from = change.from === undefined ? '' : `${change.from} -> `;
    return `${change.letter} ${from}${change.path}${change.note === undefined ? '' : ` (${change.note})`}${counts}`;
  });
  const head = [title, ...names, ...rest.map((path) => `? ${path} (not compared)`)].join('\n');
  const diffs = isStat ? '' : diffsOf(changes);
  return diffs === '' ? head : `${head}\n\n${diffs}`;
}

function diffsOf(changes: readonly Change[]): string {
  return changes
    .map(({ lines }) => lines)
    .filter((lines) => lines !== undefined)
    .join('\n\n');
}

function sums(changes: readonly Change[]): string {
  const of = (key: 'added' | 'removed') => changes.reduce((sum, change) => sum + change[key], 0);
  return `${counted(of('added'), 'line')} added, ${of('removed')} removed`;
}

/** Commits, the latest first. */
export function logResult(
  { commits, notes, path }: { commits: readonly Commit[]; notes: readonly string[]; path: string },
  ctx: ToolContext,
): ToolResult<Data> {
  const of = path === '.' ? '' : ` of ${path}`;
  const title =
    commits.length === 0
      ? `There are no commits${of}.`
      : `${counted(commits.length, 'commit')}${of}, the latest first:`;
  const text = [title, ...commits.map(commitLine), ...notes.map((note) => `[${note}]`)].join('\n');
  const some = fitting(commits.map(shortened), ctx.maxChars);
  const last = some.at(-1);
  const isCut = some.length < commits.length && last !== undefined;
  const readOn = isCut ? [`Ask with ref="${last.hash.slice(0, 10)}^" for those before.`] : [];
  return {
    text: bounded(
      text,
      ctx.maxChars,
      () => 'Ask with a lower "limit", and with ref="<the last hash>^" for those before.',
    ),
    isError: false,
    data: {
      commits: some,
      ...(notes.length + readOn.length > 0 && { notes: [...notes, ...readOn] }),
      truncated: isCut || notes.some((note) => note.startsWith('There are more')),
    },
  };
}

/** Lines with who wrote them. */
export function blameResult(
  { runs, path, end }: { runs: readonly Blamed[]; path: string; end: number },
  ctx: ToolContext,
): ToolResult<Data> {
  const head = `Who wrote ${path}:`;
  let room = ctx.maxChars - head.length - FRAME;
  const shown: Blamed[] = [];
  const texts: string[] = [];
  for (const run of runs) {
    const who = run.commit === undefined ? 'not committed' : commitLine(run.commit);
    const lines = run.text.split('\n').map((line, at) => `  ${run.start_line + at}: ${line}`);
    const { text, cut } = cutAtLines(lines.join('\n'), Math.max(0, room - who.length - 2));
    const kept = cut ? cut.kept : lines.length;
    if (room <= who.length + 2 || kept === 0) break;
    texts.push(who, text);
    shown.push({
      ...run,
      ...(run.commit && { commit: shortened(run.commit) }),
      end_line: run.start_line + kept - 1,
      text: run.text.split('\n').slice(0, kept).join('\n'),
    });
    room -= who.length + text.length + 2;
    if (cut) break;
  }
  const last = shown.at(-1)?.end_line ?? 0;
  const notes = last < end ? [`Read on with start_line=${last + 1}.`] : [];
  return {
    text: cutLine([head, ...texts, ...notes.map((note) => `[${note}]`)].join('\n'), ctx.maxChars),
    isError: false,
    data: { blame: shown, ...(notes.length > 0 && { notes }), truncated: notes.length > 0 },
  };
}

/** Room for how to read on. */
const FRAME = 50;

function commitLine(commit: Commit): string {
  const { hash, date, author, subject } = shortened(commit);
  return `${hash.slice(0, 10)} ${date} ${author}: ${subject}`;
}

function bodyOf({ message }: { message: string }): string {
  return message.split('\n').slice(1).join('\n').trim();
}

function shortened(commit: Commit): Commit {
  return {
    hash: commit.hash,
    date: commit.date,
    author: cutLine(commit.author, LONGEST_LINE),
    subject: cutLine(commit.subject, LONGEST_LINE),
  };
}

/** As many from the start as have room as JSON. */
function fitting<Item>(items: readonly Item[], maxChars: number): Item[] {
  let room = maxChars;
  const end = items.findIndex((item) => {
    room -= JSON.stringify(item).length + 1;
    return room < 0;
  });
  return end < 0 ? [...items] : items.slice(0, end);
}
