/** Numbers in words, the same everywhere. */
import { oneLine } from './plainText.ts';

/** For example "1 file", "3 files". */
export function count(number: number, noun: string): string {
  return `${thousands(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** For example "12,040". */
export function thousands(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

/** For example "8 s", "4 min 12 s", "2 h 5 min". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** For example "+40 −0". */
export function plusMinus({ added, removed }: { added: number; removed: number }): string {
  return `+${added} −${removed}`;
}

/** Lines added and removed by all of them together. */
export function totalLines(files: readonly { added: number; removed: number }[]): { added: number; removed: number } {
  return files.reduce((sum, file) => ({ added: sum.added + file.added, removed: sum.removed + file.removed }), {
    added: 0,
    removed: 0,
  });
}

/** An ISO 8601 time as "2026-01-31 13:05", where the reader is. */
export function localTime(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return oneLine(iso);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
