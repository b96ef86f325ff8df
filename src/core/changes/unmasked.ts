import { MASK, maskSecretLines } from '../secrets/maskSecrets.ts';
import type { WritingBlock } from './textAfter.ts';
import { linesOf } from './textLines.ts';

type Unmasked = { kind: 'block'; block: WritingBlock } | { kind: 'refused'; reason: string };

/**
 * Models see files with their secrets masked, and write lines as they saw them. This puts the file's own lines in their
 * place, so that a secret stays as it is, and a mask never comes into a file.
 * @param current the file, not masked; null where there is none
 */
export function unmasked(block: WritingBlock, path: string, current: string | null): Unmasked {
  const written =
    block.kind === 'whole'
      ? block.text
      : [...('lines' in block ? block.lines : [...block.search, ...block.replace])].join('\n');
  if (!MASK.test(written) || (current !== null && MASK.test(current))) return { kind: 'block', block };
  const own = current === null ? [] : linesOf(current);
  const shown = current === null ? [] : linesOf(maskSecretLines(current));
  const file = own.map((line, at): Line => ({ own: line, shown: shown[at] ?? line }));

  const restored = restore(block, file);
  return restored === undefined ? { kind: 'refused', reason: refusal(path) } : { kind: 'block', block: restored };
}

const MASKS = new RegExp(MASK, 'g');

/** A line as it is, and as models see it. */
interface Line {
  own: string;
  shown: string;
}

function restore(block: WritingBlock, file: readonly Line[]): WritingBlock | undefined {
  switch (block.kind) {
    case 'append': {
      const lines = withOwn(block.lines, file);
      return lines && { ...block, lines };
    }
    case 'whole': {
      const lines = withOwn(block.text.split('\n'), file);
      return lines && { ...block, text: lines.join('\n') };
    }
    case 'edit': {
      // What was searched tells which of several lines that look the same are meant.
      const place = placeOf(block.search, file);
      const meant = place === undefined ? file : file.slice(place, place + block.search.length);
      const search = withOwn(block.search, meant);
      const replace = withOwn(block.replace, meant) ?? withOwn(block.replace, file);
      return search && replace && { ...block, search, replace };
    }
    default:
      return block satisfies never;
  }
}

/** Where the lines stand, as models see them; undefined where that is not one place. */
function placeOf(search: readonly string[], file: readonly Line[]): number | undefined {
  if (search.length === 0) return undefined;
  const wanted = search.map((line) => line.trim());
  const places = file.flatMap((_, at) => (wanted.every((line, i) => file[at + i]?.shown.trim() === line) ? [at] : []));
  return places.length === 1 ? places[0] : undefined;
}

/** The lines, each masked one as the file has it; undefined where it cannot be told what a mask stands for. */
function withOwn(lines: readonly string[], file: readonly Line[]): string[] | undefined {
  const used = new Map<string, number>();
  const result: string[] = [];
  for (const line of lines) {
    const key = line.trim();
    if (!MASK.test(key)) {
      result.push(line);
      continue;
    }
    const moved = withOwnSecret(line, file);
    if (moved !== undefined) {
      result.push(moved);
      continue;
    }
    const alike = file.filter(({ shown }) => shown.trim() === key).map(({ own }) => own.trim());
    const isOne = new Set(alike).size === 1;
    // Of several that look the same, all must be there, so that their order tells which is which.
    if (!isOne && lines.filter((other) => other.trim() === key).length !== alike.length) return undefined;
    const at = used.get(key) ?? 0;
    used.set(key, at + 1);
    const own = isOne ? alike[0] : alike[at];
    if (own === undefined) return undefined;
    result.push(line.replace(key, () => own));
  }
  return result;
}

/** A line that is new around a secret of the file: undefined where it is none, or it cannot be told which. */
function withOwnSecret(line: string, file: readonly Line[]): string | undefined {
  if (file.some(({ shown }) => shown.trim() === line.trim())) return undefined;
  const [mask = '', ...more] = line.match(MASKS) ?? [];
  const secrets = new Set(file.flatMap(({ own, shown }) => (shown.includes(mask) ? (secretIn(own, shown) ?? []) : [])));
  const [secret] = secrets;
  return more.length > 0 || secret === undefined || secrets.size > 1 ? undefined : line.replace(mask, () => secret);
}

/** What the only mask of a line stands for. */
function secretIn(own: string, shown: string): string | undefined {
  const [before = '', after, ...more] = shown.split(MASK);
  if (after === undefined || more.length > 0 || !own.startsWith(before) || !own.endsWith(after)) return undefined;
  return own.slice(before.length, own.length - after.length);
}

function refusal(path: string): string {
  return (
    `The edit of ${path} holds a mask (‹secret: …›), which stands for a secret that is not shown, in a line that is not the file's. ` +
    'Leave lines with a mask out of SEARCH and REPLACE, or repeat them exactly as they were shown; for a new secret, read it from the environment.'
  );
}
