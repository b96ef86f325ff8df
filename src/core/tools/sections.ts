/** A titled list of which only the first lines are shown. */
export interface Section<T> {
  title: string;
  items: readonly T[];
  /** Of all that there is room for, what is this one's at least. */
  share: number;
  most: number;
  line(item: T): string;
}

export interface Fitted<T> {
  text: string;
  items: T[];
  /** How many there are besides. */
  left: number;
}

export function section<T>(
  title: string,
  items: readonly T[],
  most: number,
  share: number,
  line: (item: T) => string,
): Section<T> {
  return { title, items, most, share, line };
}

/**
 * As much of each section as there is room for. What one does not need of its share, the others have, in their order.
 * A section without any line has the text "".
 */
export function fitting(all: readonly Section<unknown>[], room: number): Fitted<unknown>[] {
  const lines = all.map(({ items, line, most }) => items.slice(0, most).map((item) => `- ${line(item)}`));
  const counts = all.map(() => 0);
  const costOf = (at: number, count: number) => textOf(all[at] as Section<unknown>, lines[at] ?? [], count).length + 2;
  let rest = Math.floor(room);
  for (const shares of [all.map(({ share }) => share * room), all.map(() => Number.POSITIVE_INFINITY)]) {
    for (const at of all.keys()) {
      const before = (counts[at] ?? 0) === 0 ? 0 : costOf(at, counts[at] ?? 0);
      const allowed = Math.min(shares[at] ?? 0, rest + before);
      let count = counts[at] ?? 0;
      while (count < (lines[at]?.length ?? 0) && costOf(at, count + 1) <= allowed) count += 1;
      if (count === counts[at]) continue;
      rest -= costOf(at, count) - before;
      counts[at] = count;
    }
  }
  return all.map((one, at) => {
    const count = counts[at] ?? 0;
    return {
      text: textOf(one, lines[at] ?? [], count),
      items: one.items.slice(0, count),
      left: one.items.length - count,
    };
  });
}

function textOf({ title, items }: Section<unknown>, lines: readonly string[], count: number): string {
  if (count === 0) return '';
  const more = items.length > count ? [`- … and ${items.length - count} more`] : [];
  return [`${title}:`, ...lines.slice(0, count), ...more].join('\n');
}
