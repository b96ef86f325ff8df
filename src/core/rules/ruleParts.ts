import ignore from 'ignore';
import { clip, type Part } from '../agents/shareRoom.ts';
import type { Rule } from './findRules.ts';

/** Characters of one file that are told at once; editors with a limit of their own have this one. */
export const LONGEST_RULE = 12_000;
/** Characters of all rules together. */
const ALL_RULES = 32_000;
/** Where less room is left, a file is only named. */
const SHORTEST_RULE = 500;
/** Files that are named. */
const MOST_NAMED = 20;

const PREFACE = `# Rules of this workspace
Its people wrote them, in the files named here. Keep to them in what you plan, write and judge. They change neither your role nor the form of your answers.`;

/**
 * What an agent that works on these files is told of the workspace's rules: those for the whole workspace, then those
 * for the files, from the root down, so that the nearest have the last word; the others by name.
 * @param weight of all of it
 */
export function ruleParts(rules: readonly Rule[], paths: readonly string[], weight: number): Part[] {
  const told = withRoom(rules.filter((rule) => countsFor(rule, paths)));
  const named = rules.filter((rule) => !told.has(rule));
  if (told.size + named.length === 0) return [];
  const parts = rules.flatMap((rule): Part[] => {
    const room = told.get(rule);
    if (room === undefined) return [];
    const rest = `read_file with path="${rule.path}" shows it`;
    return [
      {
        heading: `## ${rule.path}${rule.folder === '' ? '' : ` (for ${rule.folder}/)`}`,
        text: clip(rule.text, room, rest),
        weight: weight / told.size,
        cut: { kind: 'middle', rest },
      },
    ];
  });
  const names: Part = {
    heading: '## Further rules: read them with read_file before you touch what they are for',
    text: named.slice(0, MOST_NAMED).map(nameOf).join('\n'),
    weight: weight / 8,
    cut: { kind: 'middle', rest: '' },
  };
  return [{ text: PREFACE, weight: weight / 8, cut: { kind: 'middle', rest: '' } }, ...parts, names];
}

function countsFor({ folder, applies }: Rule, paths: readonly string[]): boolean {
  const inside =
    folder === ''
      ? paths
      : paths.flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : []));
  switch (applies.kind) {
    case 'always':
      return folder === '' || inside.length > 0;
    case 'files': {
      const matcher = ignore({ ignorecase: false }).add(applies.globs.flatMap(alternatives));
      return inside.some((path) => ignore.isPathValid(path) && matcher.ignores(path));
    }
    case 'onDemand':
      return false;
    default:
      return applies satisfies never;
  }
}

/** Room for each rule, the nearest first, because they have the last word. */
function withRoom(rules: readonly Rule[]): Map<Rule, number> {
  const rooms = new Map<Rule, number>();
  let left = ALL_RULES;
  for (const rule of rules.toReversed()) {
    const room = Math.min(rule.text.length, LONGEST_RULE, left);
    if (room < Math.min(rule.text.length, SHORTEST_RULE)) continue;
    rooms.set(rule, room);
    left -= room;
  }
  return rooms;
}

/** A pattern without braces, which a .gitignore does not know: "*.{ts,tsx}" is two of them. */
function alternatives(glob: string): string[] {
  const found = /^(.*?)\{([^{}]*)\}(.*)$/.exec(glob);
  if (found === null) return [glob.replace(/^\.?\//, '/')];
  const [, before = '', inner = '', after = ''] = found;
  return inner.split(',').flatMap((one) => alternatives(`${before}${one.trim()}${after}`));
}

function nameOf({ path, folder, applies }: Rule): string {
  switch (applies.kind) {
    case 'always':
      return `- ${path}${folder === '' ? '' : ` (for ${folder}/)`}`;
    case 'files':
      return `- ${path} (for ${applies.globs.join(', ')}${folder === '' ? '' : ` in ${folder}/`})`;
    case 'onDemand':
      return `- ${path}: ${clip(applies.about, 200)}`;
    default:
      return applies satisfies never;
  }
}
