import type { MemoryEntry } from '../../core/ports.ts';
import type { Paint } from './paint.ts';
import { clean, cut, oneLine, wrap } from './plainText.ts';

/** What `conclave memory` prints: each note below its id, kind, day and files. */
export function drawMemory(entries: readonly MemoryEntry[], options: { width: number; paint: Paint }): string[] {
  if (entries.length === 0)
    return ['Nothing is remembered of this workspace yet: runs learn from what fails and what you reject.'];
  const { width, paint } = options;
  return entries.flatMap(({ id, kind, text, paths, at }, index) => {
    const about = paths.length === 0 ? '' : `  ${paths.map(oneLine).join(', ')}`;
    const head = `${oneLine(id)}  ${kind}  ${oneLine(at.slice(0, 10))}`;
    return [
      ...(index === 0 ? [] : ['']),
      paint('strong', head) + paint('place', cut(about, Math.max(20, width - head.length))),
      ...clean(text)
        .split('\n')
        .flatMap((line) => wrap(`  ${line}`, width, 4)),
    ];
  });
}
