import type { RunSummary } from '../../core/ports.ts';
import { localTime } from './measures.ts';
import type { Paint } from './paint.ts';
import { columnsOf, cut, oneLine, pad } from './plainText.ts';

/** The table of `conclave runs`, newest first. The task takes what is left of the width; times are local. */
export function drawRuns(runs: readonly RunSummary[], options: { width: number; paint: Paint }): string[] {
  if (runs.length === 0) return ['No runs yet. Start one with: conclave run "TASK"'];
  const { width, paint } = options;
  const rows = runs
    .toSorted((one, other) => other.startedAt.localeCompare(one.startedAt))
    .map(({ runId, startedAt, state, task }) => [oneLine(runId), localTime(startedAt), oneLine(state), oneLine(task)]);
  const widths = ['RUN', 'STARTED', 'STATE'].map((title, column) =>
    Math.max(title.length, ...rows.map((row) => columnsOf(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]) => {
    const fixed = widths.map((columns, at) => pad(cells[at] ?? '', columns)).join('  ');
    return `${fixed}  ${cut(cells[3] ?? '', Math.max(10, width - columnsOf(fixed) - 2))}`;
  };
  return [paint('faint', line(['RUN', 'STARTED', 'STATE', 'TASK'])), ...rows.map(line)];
}
