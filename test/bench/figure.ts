/** One line of a bench's table. */
export interface Figure {
  what: string;
  value: number;
  unit: 'ms' | 'MB' | 'kB' | '%' | 'events/s' | 'results';
  /** What it is to be compared with, measured in the same run, and what that was. */
  baseline?: { value: number; of: string };
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The nearest-rank percentile. @throws where there are no values */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new Error('Nothing was measured.');
  return value;
}

/** The figures in columns: what, figure, baseline, ratio. */
export function table(figures: readonly Figure[]): string {
  const rows = [
    ['what', 'figure', 'baseline', 'ratio'],
    ...figures.map(({ what, value, unit, baseline }) => [
      what,
      `${rounded(value)} ${unit}`,
      baseline ? `${rounded(baseline.value)} ${unit} (${baseline.of})` : '',
      baseline && baseline.value > 0 ? `${rounded(value / baseline.value)}×` : '',
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Two significant digits below 10, whole numbers above. */
function rounded(value: number): string {
  return Math.abs(value) < 10 ? String(Number(value.toPrecision(2))) : Math.round(value).toLocaleString('en');
}
