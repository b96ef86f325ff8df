import type { EventOf, SyntaxProblem, UncheckedFile } from '../../shared/events.ts';
import { type ChangeSet, ownChanges } from '../changes/changeSet.ts';
import { type ChangedText, syntaxGate } from '../checks/syntaxGate.ts';
import type { RunContext } from '../orchestrator/runContext.ts';
import type { Objection } from './answerFormat.ts';

/** Lines of a file above and below a problem that the Coder is shown. */
const AROUND = 3;
/** Characters of a line that it is shown. */
const LONGEST_LINE = 300;
/** Problems that it is told at once. */
const TOLD = 6;

type Checked = EventOf<'syntax.checked'>;

/**
 * What the Coder's answer broke in the syntax of the files it changed, or nothing. It is told once; what still does not
 * parse then is for the checks to judge, so that a grammar that is wrong never stands in the way.
 * @param between the change sets that the answer began from and came to
 * @param key names the answer within the run
 */
export async function objectToSyntax(
  run: RunContext,
  { lane, subtask, key, ...between }: { lane: string; subtask: string; key: string; start: ChangeSet; end: ChangeSet },
  told: 'not yet' | 'before',
): Promise<Objection | undefined> {
  const texts = changedTexts(between);
  const checked = await recorded(run, `${key}/syntax`, async (): Promise<Checked | undefined> => {
    const { problems, unchecked } = await checkAll(run, texts);
    if (problems.length === 0 && unchecked.length === 0) return undefined;
    const outcome = problems.length === 0 ? 'unchecked' : told === 'before' ? 'let_through' : 'sent_back';
    return { type: 'syntax.checked', lane, subtask, outcome, problems, unchecked };
  });
  return checked?.outcome === 'sent_back' ? objectionTo(checked.problems, texts) : undefined;
}

/**
 * An outcome is recorded only where there is something to tell: what parses will parse again when the run is resumed. But
 * what was not looked at then is not looked at again either, or the Coder would be told what it was not.
 */
async function recorded(
  run: RunContext,
  key: string,
  check: () => Promise<Checked | undefined>,
): Promise<Checked | undefined> {
  const known = run.journal.recordedStep(key);
  if (known?.type === 'syntax.checked') return known;
  const checked = await check();
  return checked && run.journal.step(key, async () => checked);
}

async function checkAll(
  run: RunContext,
  texts: readonly ChangedText[],
): Promise<{ problems: SyntaxProblem[]; unchecked: UncheckedFile[] }> {
  const off = languagesOff(run);
  const problems: SyntaxProblem[] = [];
  const unchecked: UncheckedFile[] = [];
  for (const text of texts) {
    const outcome = await syntaxGate(run.syntax, text);
    // Also where it loads now: the run goes on as it was told.
    if (outcome.language === undefined || off.has(outcome.language)) continue;
    const { path } = text;
    const { language } = outcome;
    switch (outcome.kind) {
      case 'checked':
        problems.push(...outcome.problems);
        break;
      case 'slow':
        unchecked.push({ path, language, for: 'file', reason: 'it takes too long to parse' });
        break;
      case 'large':
        unchecked.push({ path, language, for: 'file', reason: 'it is too large to parse' });
        break;
      case 'unavailable':
        off.add(language);
        unchecked.push({ path, language, for: 'language', reason: `its grammar did not load: ${outcome.reason}` });
        break;
      default:
        outcome satisfies never;
    }
  }
  return { problems, unchecked };
}

/** Languages of which the run was told that they are not checked. */
function languagesOff({ journal }: RunContext): Set<string> {
  const told = journal.outcomes().flatMap((event) => (event.type === 'syntax.checked' ? event.unchecked : []));
  return new Set(told.flatMap((file) => (file.for === 'language' ? [file.language] : [])));
}

/** The files that are there after the change, each with what it was made of. */
function changedTexts({ start, end }: { start: ChangeSet; end: ChangeSet }): ChangedText[] {
  const textBefore = (path: string): string | null => {
    const before = start.files.get(path);
    return before ? before.text : (end.files.get(path)?.base.text ?? null);
  };
  return ownChanges(start, end).flatMap(({ path, text, from }) => {
    if (text === null) return [];
    return [{ path, before: textBefore(path) ?? (from === undefined ? null : textBefore(from)), after: text }];
  });
}

function objectionTo(problems: readonly SyntaxProblem[], texts: readonly ChangedText[]): Objection {
  const told = problems.slice(0, TOLD);
  const more = problems.length > told.length ? `\n\nAnd ${problems.length - told.length} more like these.` : '';
  const places = told.map((problem) => {
    const { path, line, message } = problem;
    return `${path}, line ${line}: ${message}\n${linesAround(problem, texts)}`;
  });
  return {
    problem: told.map(({ path, line, message }) => `${path}, line ${line}: ${message}`).join('; '),
    message:
      `Your edits were applied, but what they leave does not parse:\n\n${places.join('\n\n')}${more}\n\n` +
      'Mend this with further edits, of the files as they are now. ' +
      'If it is right as it is, answer with one line NO CHANGE: reason.',
  };
}

/** Without line numbers in front, so that they can be copied as they are. */
function linesAround({ path, line }: SyntaxProblem, texts: readonly ChangedText[]): string {
  const lines = texts.find((text) => text.path === path)?.after.split(/\r?\n/) ?? [];
  const from = Math.max(1, line - AROUND);
  const to = Math.min(lines.length, line + AROUND);
  const shown = lines
    .slice(from - 1, to)
    .map((text) => (text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)} […]` : text));
  return `Lines ${from} to ${to} are now:\n${shown.join('\n')}`;
}
