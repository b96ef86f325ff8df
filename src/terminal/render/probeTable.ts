import type { Aspect } from '../../core/models/assessProbe.ts';
import type { Ink, Paint } from './paint.ts';
import { clean, cut, pad } from './plainText.ts';

/** Something that was probed, as it is named in the first column. */
export interface ProbeRow {
  name: string;
  aspects: readonly Aspect[];
}

/** Columns of the longest names of roles; longer names are cut. */
const NAME_COLUMNS = 12;

const INKS: Record<Aspect['state'], Ink> = { good: 'good', limited: 'warning', missing: 'bad', unknown: 'faint' };

/** What servers were seen to do, a row each, within 100 columns; under it, once each, what can be done about it. */
export function drawProbes(rows: readonly ProbeRow[], paint: Paint): string[] {
  const [first] = rows;
  if (first === undefined) return [];
  const nameColumns = Math.max(NAME_COLUMNS, ...rows.map(({ name }) => Math.min(name.length, LONGEST_NAME)));
  const widths = first.aspects.map(({ title }, column) =>
    Math.max(title.length, ...rows.map(({ aspects }) => aspects[column]?.text.length ?? 0)),
  );
  const head = [pad('', nameColumns), ...first.aspects.map(({ title }, column) => pad(title, widths[column] ?? 0))];
  return [
    paint('faint', head.join(' ').trimEnd()),
    ...rows.map(({ name, aspects }) =>
      [
        pad(cut(clean(name), nameColumns), nameColumns),
        ...aspects.map(({ text, state }, column) => paint(INKS[state], pad(text, widths[column] ?? 0))),
      ]
        .join(' ')
        .trimEnd(),
    ),
    ...remedies(rows).map(({ names, remedy }) => `${paint('warning', '!')} ${names.join(', ')}: ${remedy}`),
  ];
}

const LONGEST_NAME = 32;

/** Each remedy once, with all that it is for. */
function remedies(rows: readonly ProbeRow[]): { names: string[]; remedy: string }[] {
  const byRemedy = new Map<string, string[]>();
  for (const { name, aspects } of rows) {
    for (const { remedy } of aspects) {
      if (remedy === undefined) continue;
      byRemedy.set(remedy, [...(byRemedy.get(remedy) ?? []), clean(name)]);
    }
  }
  return [...byRemedy].map(([remedy, names]) => ({ names, remedy }));
}
