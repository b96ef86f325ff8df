import { type Ending, ROLES, type Role, type RunEvent } from '../../shared/events.ts';
import type { RunState } from '../../shared/runState.ts';
import { type Canvas, drawQuestions } from './checklist.ts';
import { checksInWords } from './checks.ts';
import { namedFile, paintedPlusMinus } from './diff.ts';
import { count, duration, thousands, totalLines } from './measures.ts';
import type { Ink } from './paint.ts';
import { columnsOf, cut, oneLine, pad, wrap } from './plainText.ts';
import { SPEAKER_COLUMNS } from './speaking.ts';

/** Where the diff of the proposal went. */
export type Delivery = { kind: 'applied' } | { kind: 'patch'; file: string } | { kind: 'printed' } | { kind: 'none' };

/** Milliseconds that each role's requests took together; roles work in parallel. */
export type RoleTimes = Partial<Record<Role, number>>;

/** Adds up how long the requests of each role took. */
export function foldRoleTimes(times: RoleTimes, event: RunEvent): RoleTimes {
  return event.type === 'turn.finished' ? { ...times, [event.role]: (times[event.role] ?? 0) + event.ms } : times;
}

/** The last lines of a run: what was decided and why, what changed, what it took, and what to do next. */
export function drawSummary(state: RunState, options: Canvas & { delivery: Delivery; times: RoleTimes }): string[] {
  const { width, paint } = options;
  const row = (title: string, lines: readonly string[]) =>
    lines.map(
      (line, at) => `${at === 0 ? paint('faint', pad(title, SPEAKER_COLUMNS)) : ' '.repeat(SPEAKER_COLUMNS)}${line}`,
    );
  return [
    ...endingLines(state, options),
    ...(state.phase.kind === 'paused' ? drawQuestions(state, { width, paint }) : []),
    '',
    ...row('Change', changeLines(state, options)),
    ...row('Checks', checkLines(state)),
    ...row('Rounds', roundLines(state, options)),
    ...row('Crew', crewLines(state, options)),
    ...row('Time', wallTime(state)),
    ...row('Diff', diffPlace(state, options.delivery)),
    ...row('Next', nextCommands(state, options.delivery)),
  ];
}

function endingLines({ phase }: RunState, { width, paint }: Canvas): string[] {
  if (!('ending' in phase)) return ['The run is not finished.'];
  const { word, ink } = verdictWord(phase);
  const message = oneLine(phase.ending.message);
  // Many messages begin with the word themselves.
  const leads = message.startsWith(word);
  const [first = '', ...rest] = wrap(leads ? message : `${word}: ${message}`, width, 2);
  const remedy = phase.ending.remedy === undefined ? [] : wrap(`→ ${oneLine(phase.ending.remedy)}`, width, 2);
  return [paint(ink, word) + first.slice(word.length), ...rest, ...remedy];
}

function verdictWord(phase: Extract<RunState['phase'], { ending: Ending }>): { word: string; ink: Ink } {
  switch (phase.kind) {
    case 'paused':
      return { word: 'Paused', ink: 'warning' };
    case 'aborted':
      return { word: 'Stopped', ink: 'warning' };
    case 'finished':
      return {
        approved: { word: 'Approved', ink: 'good' },
        not_approved: { word: 'Not approved', ink: 'bad' },
        nothing_to_do: { word: 'Nothing to do', ink: 'good' },
        answered: { word: 'Answered', ink: 'good' },
      }[phase.outcome] as { word: string; ink: Ink };
    default:
      phase satisfies never;
      return { word: '', ink: 'faint' };
  }
}

function changeLines({ proposal }: RunState, { paint, width }: Canvas): string[] {
  if (!proposal || proposal.files.length === 0) return [];
  const room = Math.max(10, width - SPEAKER_COLUMNS - 16);
  const names = proposal.files.map((file) => cut(namedFile(file), room));
  const columns = Math.max(...names.map(columnsOf));
  const files = proposal.files.map((file, at) => `${pad(names[at] ?? '', columns)}  ${paintedPlusMinus(file, paint)}`);
  if (files.length === 1) return files;
  return [`${count(files.length, 'file')} ${paintedPlusMinus(totalLines(proposal.files), paint)}`, ...files];
}

function checkLines({ merged, subtasks, baseChecks }: RunState): string[] {
  // The last word is the merged one; a run with a single subtask, or one that broke off, may not have it.
  const last = merged.checks ?? subtasks.findLast(({ checks }) => checks)?.checks;
  if (last) return [checksInWords(last)];
  return baseChecks ? [`before the change ${checksInWords(baseChecks)}`] : [];
}

function roundLines({ subtasks }: RunState, { width }: Canvas): string[] {
  const worked = subtasks.filter(({ round }) => round > 0);
  if (worked.length === 0) return [];
  const rounds = worked.map(({ plan, round, phase }) => `${oneLine(plan.id)} ${round} (${phase})`).join(', ');
  return wrap(rounds, width - SPEAKER_COLUMNS, 0);
}

function crewLines({ usage }: RunState, { width, times }: Canvas & { times: RoleTimes }): string[] {
  const rows = ROLES.flatMap((role) => {
    const used = usage[role];
    if (!used) return [];
    const cached = used.cachedTokens > 0 ? ` (${thousands(used.cachedTokens)} cached)` : '';
    const took = times[role];
    return [
      [
        role,
        oneLine(used.model),
        count(used.requests, 'request'),
        `${thousands(used.promptTokens)} read${cached}, ${thousands(used.completionTokens)} written`,
        took === undefined ? '' : duration(took),
      ],
    ];
  });
  const table = inColumns(rows);
  const fits = table.every((line) => columnsOf(line) <= width - SPEAKER_COLUMNS);
  // On a narrow terminal the model's name is what can be done without.
  return fits ? table : inColumns(rows.map((cells) => cells.toSpliced(1, 1)));
}

function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((cells) => columnsOf(cells[column] ?? ''))),
  );
  return rows.map((cells) =>
    cells
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Unknown where the run's start was not seen. */
function wallTime({ startedAt, lastAt }: RunState): string[] {
  return startedAt === '' ? [] : [`${duration(Date.parse(lastAt) - Date.parse(startedAt))} from start to end`];
}

function diffPlace({ proposal }: RunState, delivery: Delivery): string[] {
  if (!proposal || proposal.files.length === 0) return [];
  switch (delivery.kind) {
    case 'applied':
      return ['written to the workspace'];
    case 'patch':
      return [`${oneLine(delivery.file)} (git apply ${oneLine(delivery.file)})`];
    case 'printed':
      return ['on standard output'];
    case 'none':
      return ['kept with the run'];
    default:
      delivery satisfies never;
      return [];
  }
}

function nextCommands({ runId, phase, kind, proposal }: RunState, delivery: Delivery): string[] {
  const resume = `conclave run --resume ${oneLine(runId)}`;
  if (phase.kind === 'paused' || phase.kind === 'aborted') {
    return [`${resume}   goes on from here`];
  }
  const waits = phase.kind === 'finished' && phase.outcome === 'approved' && proposal?.state === 'open';
  return waits && kind === 'run' && delivery.kind !== 'applied'
    ? [`${resume} --apply   writes it to the workspace`]
    : [];
}
